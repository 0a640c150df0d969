"""One connection: its requests answered in their order, its deadlines kept."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from http import HTTPStatus
from typing import Final, cast

from noughts.kit import ids
from noughts.kit.address import UNKNOWN
from noughts.kit.edge.answers import BODILESS, Entrance, Reply, Stream, told
from noughts.kit.edge.reading import Reader
from noughts.kit.edge.requests import Request
from noughts.kit.edge.speakers import Speaker, Switch, Switchboard, tell_end
from noughts.kit.errors import Problem, RequestTimeout
from noughts.kit.logging import log

REQUEST_DEADLINE_S: Final = 15.0
KEEP_ALIVE_S: Final = 30.0
_NEVER: Final = math.inf
_STATUS: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_CLOSE: Final = b"connection: close\r\n"


class Connection(Speaker):
    """A request must arrive whole within 15 s, the next begin within 30 s, and what was answered be read within 30 s."""

    def __init__(self, board: Switchboard, entrance: Entrance) -> None:
        self._board, self._entrance = board, entrance
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Request] = deque()  # their turn has not come
        self._answering: Request | None = None
        self._task: asyncio.Task[None] | None = None
        self._refusal: Problem | None = None  # read nothing more, and say this in the end
        self._leave: Callable[[], None] | None = None  # tells whoever makes an answer without end to end it
        self._is_idle = self._is_streaming = self._is_ending = self._is_held = self._is_handed_over = False
        self._due = self._loop.time() + REQUEST_DEADLINE_S
        self._read_by = _NEVER
        self._writable: asyncio.Future[None] | None = None  # whoever should read does not

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._reader = Reader(str(peer[0]) if peer else UNKNOWN, self._waiting.append, self._invite)
        self._board.speakers.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._due = self._read_by = _NEVER
        self._reader.end()
        self.resume_writing()
        if self._is_streaming and self._task is not None:
            self._task.cancel()
        if self._answering is None:  # else it is counted until what it asked for is done
            self._board.leave(self)

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None:
            return
        if self._is_idle:  # empty lines between requests, too, end the time a connection may be idle
            self._is_idle = False
            self._due = self._loop.time() + REQUEST_DEADLINE_S
        try:
            self._reader.feed(data)
        except Problem as problem:
            self._refuse(problem)
        self._go_on()
        if self._waiting and not self._is_held:
            self._is_held = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Stay for the answer to what was asked whole before the other side stopped speaking."""
        self._is_ending = True
        self._reader.end()
        return self._answering is not None and not self._is_streaming

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()
        self._read_by = self._loop.time() + KEEP_ALIVE_S

    def resume_writing(self) -> None:
        if self._writable is None:
            return
        if not self._writable.done():
            self._writable.set_result(None)
        self._writable = None
        if not self._transport.is_closing():
            self._read_by = _NEVER
            self._go_on()

    def keep_time(self, now: float) -> None:
        """Hang up on who takes too long: for good where they do not read, after a word where they do not write."""
        if now > self._read_by:
            self._transport.abort()
        elif now > self._due and self._answering in (None, self._reader.arriving) and not self._transport.is_closing():
            if self._is_idle:
                self._close()
            else:
                self._refuse(RequestTimeout())
                self._go_on()

    def finish(self) -> None:
        """Hang up, after the answers to the requests under way."""
        self._is_ending = True
        if self._leave is not None:
            self._leave()
        elif self._answering is None:
            self._close()

    @property
    def is_live(self) -> bool:
        """Whether an answer without end is given."""
        return self._leave is not None

    def abort(self) -> None:
        """Hang up now."""
        self._transport.abort()

    def _go_on(self) -> None:
        """Answer whose turn it is; nobody while one is being answered, or what was answered is not read."""
        if self._answering is not None or self._writable is not None or self._transport.is_closing():
            return
        if self._waiting:
            self._answering = self._waiting.popleft()
            self._task = self._loop.create_task(self._answer(self._answering))
            if self._is_held and not self._waiting:
                self._is_held = False
                self._transport.resume_reading()
        elif self._refusal is not None:
            self._board.requests.refuse(self._refusal.slug())
            self._write(*_refused(self._refusal, self._reader.peer), is_last=True)
            self._close()

    def _refuse(self, problem: Problem) -> None:
        """Read nothing more: whoever was sending is told why, in their turn, and hung up on."""
        self._refusal, self._due = problem, _NEVER
        arriving = self._reader.arriving
        if arriving is None:
            return
        if self._waiting and self._waiting[-1] is arriving:
            self._waiting.pop()
        elif arriving is self._answering:
            arriving.is_last = True
            arriving.end(problem)
        else:  # it has its answer: a second one would be taken for that of the next request
            self._close()

    async def _answer(self, request: Request) -> None:
        try:
            reply = await self._entrance(request)
            if reply.switch is not None:
                self._hand_over(request, reply, reply.switch)
            elif isinstance(reply.body, bytes):
                self._write(reply, reply.body, is_last=self._is_last(request), silent=request.method == "HEAD")
            else:
                await self._stream(request, reply, reply.body)
        except Exception:  # noqa: BLE001 - half an answer cannot be taken back
            log.exception("answer_broke", request=request.id, path=request.path)
            self._transport.abort()
        finally:
            if not self._is_handed_over:
                self._answered(request)

    def _hand_over(self, request: Request, reply: Reply, switch: Switch) -> None:
        """Say what comes next, and leave the connection to it; what came early is its first."""
        self._put(b"%b%b%b\r\n" % (_STATUS[reply.status], self._board.date, reply.lines))
        self._is_handed_over = True
        speaker, early = switch(request, self._transport, self._board.leave), self._reader.early
        self._board.speakers.add(speaker)
        self._board.speakers.discard(self)
        self._reader.end()
        if self._transport.is_closing():
            speaker.connection_lost(None)
            return
        self._transport.set_protocol(speaker)
        if self._refusal is not None:
            speaker.abort()
        elif self._is_ending:
            speaker.finish()
        elif early:
            speaker.data_received(early)

    def _answered(self, request: Request) -> None:
        self._answering = self._task = None
        if self._transport.is_closing():
            self._board.leave(self)
        elif self._is_last(request):
            self._close()
        else:
            self._is_idle = self._reader.is_between and not self._waiting
            self._due = self._loop.time() + (KEEP_ALIVE_S if self._is_idle else REQUEST_DEADLINE_S)
            self._go_on()

    def _is_last(self, request: Request) -> bool:
        return request.is_last or ((self._is_ending or self._board.is_draining) and not self._waiting)

    def _write(self, reply: Reply, body: bytes, *, is_last: bool, silent: bool = False) -> None:
        """Write a whole answer at once: the largest single cost of a small one is the system call."""
        more = _CLOSE if is_last else b""
        if reply.status not in BODILESS:
            more += b"content-length: %d\r\n" % (len(body) if reply.length is None else reply.length)
        head = b"%b%b%b%b\r\n" % (_STATUS[reply.status], self._board.date, reply.lines, more)
        self._put(head if silent else head + body)

    async def _stream(self, request: Request, reply: Reply, pieces: Stream) -> None:
        """Write an answer as it comes; its maker is closed when nobody listens any more."""
        request.is_last = self._is_streaming = True
        chunked = request.version == "1.1"
        lines = reply.lines + (b"transfer-encoding: chunked\r\n" if chunked else b"") + _CLOSE
        async with aclosing(pieces):
            self._put(b"%b%b%b\r\n" % (_STATUS[reply.status], self._board.date, lines))
            if request.method == "HEAD":
                return
            self._leave, started = reply.leave, self._loop.time()
            try:
                await self._pass_on(pieces, chunked=chunked)
            finally:
                if self._leave is not None:
                    tell_end(request.path, self._loop.time() - started)
                    self._leave = None

    async def _pass_on(self, pieces: Stream, *, chunked: bool) -> None:
        """Write the pieces no faster than they are read."""
        if self._leave is not None and self._is_ending:
            self._leave()
        async for piece in pieces:
            if self._transport.is_closing():
                return
            if piece:
                self._put(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            if self._writable is not None:
                await self._writable
        if chunked:
            self._put(b"0\r\n\r\n")

    def _invite(self) -> None:
        self._put(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _put(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def _close(self) -> None:
        self._transport.close()
        self._read_by = self._loop.time() + KEEP_ALIVE_S


def _refused(problem: Problem, peer: str) -> tuple[Reply, bytes]:
    """Return the answer to what never became a request."""
    answer = told(problem, request_id := ids.request_id())
    log.info("request_unreadable", status=problem.status, problem=problem.slug(), request=request_id, address=peer)
    return answer.reply(b"x-request-id: %b\r\n" % request_id.encode()), answer.body

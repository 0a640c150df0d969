"""A connection on which both sides speak, as a handler sees it: whole texts in, whole texts out, and how it ended."""

import asyncio
import contextvars
import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from noughts.kit.edge.frames import framed, least_size, short_text
from noughts.kit.edge.requests import Request
from noughts.kit.edge.speakers import Leave, Speaker, tell_end
from noughts.kit.logging import log

TEXT_LIMIT: Final = 4 * 1024
UNSENT_LIMIT: Final = 256 * 1024
REASON_LIMIT: Final = 123
_WAITING_LIMIT: Final = 16

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
NOT_TEXT: Final = 1003
WITHOUT_A_WORD: Final = 1006
NOT_UTF_8: Final = 1007
BROKE: Final = 1011
RESTARTING: Final = 1012
TOO_SLOW: Final = 1013

_QUIET: Final = logging.getLogger("noughts.websockets")
_QUIET.setLevel(logging.ERROR)


class Pace(msgspec.Struct, frozen=True):
    """How long silence may last, in seconds: before we ask whether anybody is there, before we hang up, and in parting."""

    ping_s: float = 20.0
    silence_s: float = 40.0
    close_s: float = 5.0


class Socket(Speaker):
    """One WebSocket. Nothing here blocks or raises because the other side is gone: it is told by `closed` and `on_end`.

    Texts come by `async for`, which waits, and lets the other side send no faster than that; what `on_text` takes never gets
    there. All other callbacks are plain functions, run in the context of the request: what they log and start carries its id.
    The peer is the address of whoever speaks.
    """

    def __init__(
        self,
        request: Request,
        transport: asyncio.Transport,
        leave: Leave,
        *,
        live: "Callable[[Socket], Awaitable[None]]",
        pace: Pace,
    ) -> None:
        self.peer, self.request_id, self._path = request.address, request.id, request.path
        self.code: int | None = None
        """How it ended (RFC 6455, 7.4.1): 1006 without a word, 1005 with a word but no code; nothing while it is open."""
        self.on_text: Callable[[bytes], bool] | None = None
        """Asked first of a text that comes while the handler waits for one, in nobody's context: whether it took it.

        To wake a handler costs more than most texts do.
        """
        self.on_drain: Callable[[], None] | None = None
        """Called once when the process is about to end: what is sent in it still leaves, then the connection closes (1012)."""
        self.on_end: Callable[[], None] | None = None
        """Called once, when nothing can be sent any more, whichever side ended it."""
        self._transport, self._leave, self._live, self._pace = transport, leave, live, pace
        self._loop, self._context = asyncio.get_running_loop(), contextvars.copy_context()
        self._protocol = ServerProtocol(state=State.OPEN, max_size=TEXT_LIMIT, logger=_QUIET)
        self._unread = 0  # bytes of a frame that has not come whole, or more
        self._parts: bytes | None = None  # of a text that has not come whole
        self._texts: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._over = asyncio.Event()
        self._started = self._heard_at = self._loop.time()
        self._hang_up_at = math.inf
        self._was_heard = self._is_pinged = self._is_held = self._has_left = False
        transport.set_write_buffer_limits(high=UNSENT_LIMIT)
        self._task = self._loop.create_task(self._speak())
        self._task.add_done_callback(self._leave_if_over)

    # What a handler may do.

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.code is not None

    def send(self, text: bytes | str) -> None:
        """Send a text (bytes are UTF-8 already), never waiting; to one that is closed, nothing.

        Whoever leaves more than 256 KiB unread is hung up on (1013).
        """
        if self.code is None and not self._transport.is_closing():
            self._transport.write(framed(text.encode() if isinstance(text, str) else text))

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say goodbye (of a reason 123 bytes); whoever does not answer in 5 s is hung up on. May be repeated."""
        if self.code is None:
            self._protocol.send_close(code, reason.encode()[:REASON_LIMIT].decode(errors="ignore"))
            self._texts.clear()
            self._let_go()
            self._end(code)
            self._flush()

    async def ended(self) -> int:
        """Return the close code, once it is closed."""
        await self._over.wait()
        return self.code or WITHOUT_A_WORD

    def __aiter__(self) -> "Socket":
        """Give each text as it comes, UTF-8 of at most 4 KiB, until the connection is closed; not to two at once."""
        return self

    async def __anext__(self) -> bytes:
        if not self._texts and self.code is None:
            self._waiter = self._loop.create_future()
            await self._waiter
        if not self._texts:
            raise StopAsyncIteration
        text = self._texts.popleft()
        self._let_go()
        return text

    # What the connection tells.

    def data_received(self, data: bytes) -> None:
        self._was_heard = True
        is_between = not self._unread and self._parts is None and self.code is None
        if is_between and (text := short_text(data)) is not None:
            self._hear(text)
        else:
            self._read(data)

    def eof_received(self) -> None:
        self._protocol.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.receive_eof()
        self._has_left = True
        if self.code is None:
            self._end(WITHOUT_A_WORD)
        self._hang_up_at = math.inf
        self._context.run(tell_end, self._path, self._loop.time() - self._started, code=self.code)
        self._leave_if_over()

    def pause_writing(self) -> None:
        self.close(TOO_SLOW, "you read too slowly")

    @property
    def is_live(self) -> bool:
        return True

    def keep_time(self, now: float) -> None:
        if self._was_heard:
            self._heard_at, self._was_heard, self._is_pinged = now, False, False
        quiet_s = now - self._heard_at
        if now > self._hang_up_at:
            self._transport.abort()
        elif self.code is not None or self._is_held:
            return
        elif quiet_s > self._pace.silence_s:
            self.close(GOING_AWAY, "nothing was heard of you")
        elif quiet_s > self._pace.ping_s and not self._is_pinged:
            self._is_pinged = True
            self._protocol.send_ping(b"")
            self._flush()

    def finish(self) -> None:
        if self.code is None:
            self._call(self.on_drain)
            self.close(RESTARTING, "the server restarts")

    def abort(self) -> None:
        self._transport.abort()
        self._task.cancel()

    # What follows from it.

    async def _speak(self) -> None:
        code = NORMAL
        try:
            await self._live(self)
        except Exception:  # noqa: BLE001 - whatever happened, the other side is told
            log.exception("live_broke", path=self._path)
            code = BROKE
        self.close(code)

    def _leave_if_over(self, *_: object) -> None:
        if self._has_left and self._task.done():
            self._leave(self)

    def _read(self, data: bytes) -> None:
        protocol = self._protocol
        protocol.receive_data(data)
        self._unread += len(data)
        for frame in protocol.events_received():
            self._unread -= least_size(frame)  # type: ignore[arg-type]  # after the handshake frames alone come
            if self.code is None:
                self._take(frame)  # type: ignore[arg-type]
        if self.code is None and protocol.close_sent is not None:
            self._end(protocol.close_sent.code)
        self._flush()

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT or frame.opcode is Opcode.CONT:
            text = (self._parts or b"") + bytes(frame.data)
            self._parts = None if frame.fin else text
            if frame.fin:
                self._hear(text)
        elif frame.opcode is Opcode.BINARY:
            self._fail(NOT_TEXT, "send text")

    def _hear(self, text: bytes) -> None:
        try:
            text.decode()
        except UnicodeDecodeError:
            self._fail(NOT_UTF_8, "a text is UTF-8")
            return
        waiter = self._waiter
        if waiter is not None and not waiter.done() and self._is_taken(text):
            return
        self._texts.append(text)
        self._wake()
        if len(self._texts) >= _WAITING_LIMIT and not self._is_held:
            self._is_held = True
            self._transport.pause_reading()

    def _is_taken(self, text: bytes) -> bool:
        try:
            return self.on_text is not None and self.on_text(text)
        except Exception:  # noqa: BLE001 - whatever happened, the other side is told
            self._break()
            return True

    def _call(self, callback: Callable[[], None] | None) -> None:
        """Call back in the context of the request; what that raises closes the connection."""
        if callback is None:
            return
        try:
            self._context.run(callback)
        except Exception:  # noqa: BLE001 - whatever happened, the other side is told
            self._break()

    def _break(self) -> None:
        self._context.run(log.exception, "live_broke", path=self._path)
        self.close(BROKE)

    def _let_go(self) -> None:
        if self._is_held and not self._texts and not self._transport.is_closing():
            self._is_held = False
            self._transport.resume_reading()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, code: int, reason: str) -> None:
        self._protocol.fail(code, reason)
        self._end(code)
        self._flush()

    def _end(self, code: int) -> None:
        self.code = code
        self._hang_up_at = self._loop.time() + self._pace.close_s
        self._over.set()
        self._wake()
        self._call(self.on_end)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if self._transport.is_closing():
                return
            if data:
                self._transport.write(data)
            else:
                self._transport.write_eof()

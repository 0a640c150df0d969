"""A WebSocket that leads to a service in other processes: bytes both ways, no faster than they are read."""

import asyncio
import contextvars
import math
from collections.abc import Sequence
from typing import Final, cast

import httptools
from websockets.frames import Close, CloseCode, Frame, Opcode

from noughts.gateway.boundaries import Boundary
from noughts.kit.edge import Answer, Leave, Reply, Request, Speaker, tell_end
from noughts.kit.errors import BadRequest, Unavailable
from noughts.kit.neighbours import Neighbour

_LIMIT: Final = 64 * 1024
_HEAD_S: Final = 2.0
_SILENCE_S: Final = 60.0
"""Longer than a service lets a silent client be."""
_PARTING_S: Final = 5.0
_RESTARTING: Final = Frame(Opcode.CLOSE, Close(CloseCode.SERVICE_RESTART, "the server restarts").serialize()).serialize(
    mask=False
)

Headers = Sequence[tuple[bytes, bytes]]


class FarEnd(asyncio.Protocol):
    """The connection to the service: first its answer to the handshake, whole where it is no; then what it sends."""

    def __init__(self) -> None:
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._size = 0
        self.status, self.headers, self.body = 0, list[tuple[bytes, bytes]](), b""
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.early = b""
        self.near: Tunnel | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.near is not None:
            self.near.hear(data)
        elif self._parser is not None:
            self._read(self._parser, data)

    def eof_received(self) -> bool:
        if self.near is None:
            return False
        self.near.part()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._answer(Unavailable("A neighbouring service broke off.", retry_after=1))
        if self.near is not None:
            self.near.close()

    def pause_writing(self) -> None:
        if self.near is not None:
            self.near.hold()

    def resume_writing(self) -> None:
        if self.near is not None:
            self.near.go_on()

    def _read(self, parser: httptools.HttpResponseParser, data: bytes) -> None:
        self._size += len(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.early = data[upgrade.args[0] :]
            self.transport.pause_reading()
            self._answer()
        except httptools.HttpParserError:
            self._answer(Unavailable("A neighbouring service speaks no HTTP.", retry_after=1))
        if self._size > _LIMIT:
            self._answer(Unavailable("A neighbouring service says too much.", retry_after=1))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._parser is not None:
            self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if self.status != 101:
            self._answer()

    def _answer(self, failure: Exception | None = None) -> None:
        self._parser = None  # it holds on to us
        if self.answered.done():
            return
        if failure is None:
            self.answered.set_result(None)
        else:
            self.answered.set_exception(failure)


class Tunnel(Speaker):
    """The connection to the client, once the service has agreed."""

    def __init__(self, far: FarEnd, request: Request, transport: asyncio.Transport, leave: Leave) -> None:
        self._far, self._transport, self._leave, self._path = far, transport, leave, request.path
        self._loop, self._context = asyncio.get_running_loop(), contextvars.copy_context()
        self._started = self._heard_at = self._loop.time()
        self._was_heard, self._hang_up_at = False, math.inf
        self._has_ended = self._is_ended = False  # what the client says; what is said to it
        self._frames = Boundary()
        far.near = self
        self.hear(far.early)
        if far.transport.is_closing():
            self.close()
        else:
            far.transport.resume_reading()

    @property
    def is_live(self) -> bool:
        return True

    # What the client does.

    def data_received(self, data: bytes) -> None:
        self._was_heard = True
        if not self._far.transport.is_closing():
            self._far.transport.write(data)

    def eof_received(self) -> bool:
        """Stay for what the service has still to say."""
        self._has_ended = True
        self._hang_up_soon()
        if self._is_ended or self._far.transport.is_closing() or not self._far.transport.can_write_eof():
            return False
        self._far.transport.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._far.near = None
        self._far.transport.close()
        self._context.run(tell_end, self._path, self._loop.time() - self._started)
        self._leave(self)

    def pause_writing(self) -> None:
        if not self._far.transport.is_closing():
            self._far.transport.pause_reading()

    def resume_writing(self) -> None:
        if not self._far.transport.is_closing():
            self._far.transport.resume_reading()

    # What the service does.

    def hear(self, data: bytes) -> None:
        """Pass on what the service sent."""
        self._was_heard = True
        if data and not (self._is_ended or self._transport.is_closing()):
            self._frames.pass_by(data)
            self._transport.write(data)

    def part(self) -> None:
        """Say nothing more: the service does not, either."""
        if self._has_ended:
            self.close()
        elif not (self._is_ended or self._transport.is_closing()):
            self._is_ended = True
            self._hang_up_soon()
            self._transport.write_eof()

    def close(self) -> None:
        """Hang up, after what was sent."""
        self._hang_up_soon()
        self._transport.close()

    def hold(self) -> None:
        """Read no more of the client: the service does not."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read on."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    # What the process does.

    def keep_time(self, now: float) -> None:
        if self._was_heard:
            self._heard_at, self._was_heard = now, False
        if now > self._hang_up_at or now - self._heard_at > _SILENCE_S:
            self._transport.abort()

    def finish(self) -> None:
        """Say why, where that does not fall into the middle of something the service says."""
        self._far.near = None
        self._far.transport.close()
        if self._is_ended or self._transport.is_closing():
            return
        if self._frames.is_between:
            self._transport.write(_RESTARTING)
            self.part()
        else:
            self.close()

    def abort(self) -> None:
        self._transport.abort()

    def _hang_up_soon(self) -> None:
        self._hang_up_at = min(self._hang_up_at, self._loop.time() + _PARTING_S)


async def dug(neighbour: Neighbour, target: str, headers: Headers) -> FarEnd:
    """Return the connection on which the service has answered this handshake; raises BadRequest, Unavailable."""
    if any(b"\r" in value or b"\n" in value for _, value in headers):
        raise BadRequest("This cannot be passed on as it is.")
    far, asked_for = await neighbour.dial(FarEnd, target)
    upgrade = ((b"connection", b"Upgrade"), (b"upgrade", b"websocket"))
    lines = b"".join(b"%b: %b\r\n" % pair for pair in (*headers, *upgrade))
    far.transport.write(b"GET %b HTTP/1.1\r\n%b\r\n" % (asked_for, lines))
    try:
        async with asyncio.timeout(_HEAD_S):
            await far.answered
    except TimeoutError:
        raise Unavailable("A neighbouring service takes too long.", retry_after=1) from None
    finally:
        if far.status != 101:
            far.transport.abort()
    return far


class Tunnelled(Answer, kw_only=True):
    """The answer of a service that agreed, its header lines untouched."""

    far: FarEnd
    lines: bytes

    def reply(self, marks: bytes = b"") -> Reply:
        def switch(request: Request, transport: asyncio.Transport, leave: Leave) -> Speaker:
            return Tunnel(self.far, request, transport, leave)

        upgrade = b"connection: Upgrade\r\nupgrade: websocket\r\n"
        return Reply(101, upgrade + self.lines + marks, b"", switch=switch)

"""The door of a service in other processes: shows it the request, and brings back what it says."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Final

import httpx

from noughts.gateway.tunnel import Tunnelled, dug
from noughts.kit import tracing
from noughts.kit.edge import BODILESS, Answer, Reply, Request, Route, accepted, templates
from noughts.kit.errors import Unavailable
from noughts.kit.neighbours import Neighbour

_READS: Final = ("GET", "HEAD")
_REPEATABLE: Final = (*_READS, "OPTIONS")
_OURS: Final = frozenset(
    b"connection keep-alive te trailer transfer-encoding upgrade expect content-length proxy-connection"
    b" x-forwarded-for x-forwarded-host x-forwarded-proto forwarded x-real-ip x-request-id".split()
)
"""Headers that are about one connection (RFC 9110, 7.6.1), and those that say what only we may say."""
_MARKED_ANEW: Final = _OURS | {b"date", b"strict-transport-security"}
_WHOLE: Final = 64 * 1024


class _Brought(Answer):
    """An answer as the other process gave it, its header lines untouched."""

    lines: bytes = b""
    length: int | None = None

    def reply(self, marks: bytes = b"") -> Reply:
        return Reply(self.status, self.lines + marks, self.stream or self.body or b"", self.length, self.leave)


class RemoteDoor:
    """Asks a neighbour; raises Unavailable when it does not answer, BadRequest for what cannot be passed on."""

    def __init__(self, neighbour: Neighbour, routes: Iterable[Route]) -> None:
        self._neighbour = neighbour
        known = list(routes)
        self._template_of = templates(known)
        self._live = {route.path: route.live for route in known if route.live}

    async def __call__(self, request: Request) -> Answer:
        """Return the neighbour's answer: whole where it is short, else as it comes; or the way to it, where it is live."""
        if template := self._template_of(request.path):
            request.route = template
            request.require_single()  # the neighbour sees one line of each header
        live = self._live.get(request.route, "")
        if live == "socket" and request.method in _READS:
            accepted(request)
            return await self._upgraded(request)
        told = await self._neighbour.send(
            request.method,
            _target(request),
            headers=[*_asked(request), *_from_us(request)],
            content=await request.read() or None,
            repeatable=request.method in _REPEATABLE and not live,  # a ticket is good once
            stream=True,
            lasting=bool(live),
        )
        lines = b"".join(b"%b: %b\r\n" % pair for pair in _passed(_lowered(told), _MARKED_ANEW))
        given = told.headers.get("content-length")
        length = None if given is None else int(given)
        if request.method == "HEAD":
            await told.aclose()
            return _Brought(
                status=told.status_code, lines=lines, length=length, stream=_nothing() if length is None else None
            )
        if told.status_code in BODILESS or (length is not None and length <= _WHOLE):
            return _Brought(await _whole(told), told.status_code, lines=lines)
        if live:
            pieces = _Endless(told)
            return _Brought(status=told.status_code, lines=lines, stream=pieces.stream(), leave=pieces.leave)
        return _Brought(status=told.status_code, lines=lines, stream=_pieces(told))

    async def _upgraded(self, request: Request) -> Answer:
        carried = {name.encode(): value.encode() for name, value in tracing.carried().items()}
        headers = dict(_asked(request)) | carried | dict(_from_us(request))
        far = await dug(self._neighbour, _target(request), list(headers.items()))
        lines = b"".join(b"%b: %b\r\n" % pair for pair in _passed(far.headers, _MARKED_ANEW))
        if far.status == 101:
            return Tunnelled(far=far, lines=lines)
        return _Brought(far.body, far.status, lines=lines)


class _Endless:
    """An answer that has no end of its own: it ends with the neighbour, with the reader, or with this process."""

    def __init__(self, told: httpx.Response) -> None:
        self._told = told
        self._reading: asyncio.Task[None] | None = None
        self._is_leaving = False

    def leave(self) -> None:
        """End it."""
        self._is_leaving = True
        if self._reading is not None:
            self._reading.cancel()

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield what comes; whoever reads it sees a broken connection as the end, and comes again."""
        self._reading = asyncio.current_task()
        try:
            async for piece in _pieces(self._told):
                yield piece
        except httpx.TransportError:
            return
        except asyncio.CancelledError:
            if self._reading is None or not self._is_leaving:
                raise
            self._reading.uncancel()


def _target(request: Request) -> str:
    query = b"?" + request.query if request.query else b""
    return (request.raw_path + query).decode("latin-1")


def _asked(request: Request) -> list[tuple[bytes, bytes]]:
    """Return the headers that are passed on; space around a value, which is none of it, is not (RFC 9110, 5.5)."""
    return [(name, value.strip(b" \t")) for name, value in _passed(request.headers.items(), _OURS)]


def _from_us(request: Request) -> list[tuple[bytes, bytes]]:
    return [(b"x-forwarded-for", request.address.encode()), (b"x-request-id", request.id.encode())]


def _passed(pairs: Iterable[tuple[bytes, bytes]], kept_back: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in pairs if name not in kept_back]


def _lowered(told: httpx.Response) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in told.headers.raw]


async def _pieces(told: httpx.Response) -> AsyncGenerator[bytes, None]:
    try:
        async for piece in told.aiter_raw():
            yield piece
    finally:
        await told.aclose()


async def _whole(told: httpx.Response) -> bytes:
    """Return the body; raises Unavailable when it breaks off."""
    try:
        return b"".join([piece async for piece in _pieces(told)])
    except httpx.TransportError as error:
        raise Unavailable("A neighbouring service broke off.", retry_after=1) from error


async def _nothing() -> AsyncGenerator[bytes, None]:
    """Yield nothing: what a stream's HEAD brings."""
    return
    yield b""

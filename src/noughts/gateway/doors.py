"""The door of a service in other processes: shows it the request, and brings back what it says."""

from collections.abc import AsyncGenerator, Iterable
from typing import Final

import httpx

from noughts.kit.edge import BODILESS, Answer, Reply, Request, Route, templates
from noughts.kit.errors import Unavailable
from noughts.kit.neighbours import Neighbour

_REPEATABLE: Final = ("GET", "HEAD", "OPTIONS")
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
        return Reply(self.status, self.lines + marks, self.stream or self.body or b"", self.length)


class RemoteDoor:
    """Asks a neighbour; raises Unavailable when it does not answer, BadRequest for what cannot be passed on."""

    def __init__(self, neighbour: Neighbour, routes: Iterable[Route]) -> None:
        self._neighbour = neighbour
        self._template_of = templates(routes)

    async def __call__(self, request: Request) -> Answer:
        """Return the neighbour's answer: whole where it is short, else as it comes."""
        if template := self._template_of(request.path):
            request.route = template
            request.require_single()  # the neighbour sees one line of each header
        query = b"?" + request.query if request.query else b""
        told = await self._neighbour.send(
            request.method,
            (request.raw_path + query).decode("latin-1"),
            headers=[*_asked(request), *_from_us(request)],
            content=await request.read() or None,
            repeatable=request.method in _REPEATABLE,
            stream=True,
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
        return _Brought(status=told.status_code, lines=lines, stream=_pieces(told))


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

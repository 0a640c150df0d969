"""The door of a service in other processes: shows it the request, and brings back what it says."""

from collections.abc import AsyncGenerator, Iterable
from typing import Final

import httpx

from noughts.kit.edge import Answer, Reply, Request, Route, templates
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

    def reply(self, marks: bytes = b"") -> Reply:
        return Reply(self.status, self.lines + marks, self.stream or self.body or b"")


class RemoteDoor:
    """Asks a neighbour; raises Unavailable when it does not answer."""

    def __init__(self, neighbour: Neighbour, routes: Iterable[Route]) -> None:
        self._neighbour = neighbour
        self._template_of = templates(routes)

    async def __call__(self, request: Request) -> Answer:
        """Return the neighbour's answer: whole where it is short, else as it comes."""
        request.route = self._template_of(request.path) or request.route
        query = b"?" + request.query if request.query else b""
        told = await self._neighbour.send(
            request.method,
            (request.raw_path + query).decode("ascii"),
            headers=[*_passed(request.headers.items(), _OURS), *_from_us(request)],
            content=await request.read() or None,
            repeatable=request.method in _REPEATABLE,
            stream=True,
        )
        lines = b"".join(b"%b: %b\r\n" % pair for pair in _passed(_lowered(told), _MARKED_ANEW))
        if int(told.headers.get("content-length", _WHOLE + 1)) <= _WHOLE or told.status_code in (204, 304):
            return _Brought(b"".join([piece async for piece in _pieces(told)]), told.status_code, lines=lines)
        return _Brought(status=told.status_code, lines=lines, stream=_pieces(told))


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

"""Addresses that are a call and a screen, or neither: who navigates there gets the page, everybody else JSON."""

import re
from typing import Final

from noughts.gateway.web import ADDRESSES, Web
from noughts.kit.edge import Answer, Door, Request
from noughts.kit.errors import NotFound

_QUALITY: Final = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
_VARIES: Final = (("Vary", "Accept"),)


class Negotiated:
    """A service's door, and the page's where both answer at one address."""

    def __init__(self, calls: Door, page: Door) -> None:
        self._calls = calls
        self._page = page

    async def __call__(self, request: Request) -> Answer:
        """Return the answer that is preferred; caches are told what it depends on."""
        if ADDRESSES.fullmatch(request.path) is None:
            return await self._calls(request)
        answer = await (self._page if _navigates(request) else self._calls)(request)
        answer.headers += _VARIES
        return answer


class Astray:
    """The door of the page, which shows people who went astray a screen as well."""

    def __init__(self, page: Web) -> None:
        self._page = page

    async def __call__(self, request: Request) -> Answer:
        """Return the page's answer; raises NotFound for programs, and whatever they ask for."""
        try:
            return await self._page(request)
        except NotFound as nothing:
            if not _navigates(request):
                nothing.headers += _VARIES
                raise
            answer = self._page.missing()
            answer.headers += _VARIES
            return answer


def _navigates(request: Request) -> bool:
    accept = request.headers.get(b"accept", b"").decode("latin-1")
    return request.method in ("GET", "HEAD") and prefers_page(accept)


def prefers_page(accept: str) -> bool:
    """Return whether an Accept header ranks HTML above JSON (RFC 9110, 12.5.1); `*/*`, or none at all, does not."""
    ranges = _ranges(accept)
    return _rank(ranges, "text/html") > _rank(ranges, "application/json")


def _rank(ranges: dict[str, float], kind: str) -> float:
    """Return how welcome a media type is, by the range that says it most exactly."""
    whole = kind.partition("/")[0] + "/*"
    return next((ranges[name] for name in (kind, whole, "*/*") if name in ranges), 0.0)


def _ranges(accept: str) -> dict[str, float]:
    """Return the ranges of an Accept header and how welcome each is; what cannot be read says nothing."""
    found: dict[str, float] = {}
    for stated in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in stated.split(";"))
        said = next((parameter for parameter in parameters if parameter.startswith("q=")), "q=1")
        if (quality := _QUALITY.fullmatch(said)) is not None:
            found[name] = max(float(quality[1]), found.get(name, 0.0))
    return found

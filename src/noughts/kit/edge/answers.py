"""What is answered, before it is bytes."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from noughts.kit import problems
from noughts.kit.edge.requests import Request
from noughts.kit.edge.speakers import Switch
from noughts.kit.errors import InvalidToken, Problem

JSON: Final = "application/json; charset=utf-8"
BODILESS: Final = (204, 304)
_ENCODER: Final = msgspec.json.Encoder()
_API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
_PAGE_GUARDS: Final = (("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"))
_PAGE_POLICY: Final = (
    "default-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
Headers = tuple[tuple[str, str], ...]
Stream = AsyncGenerator[bytes, None]


class Reply(NamedTuple):
    """An answer as it goes: header lines, each with its end, but none about length; a body, or one that comes by and by.

    `length` is said instead of the body's own where the body is not there (HEAD, passed on). `leave` is called when the
    process is about to end, where the body has no end of its own; `switch` makes what goes on with the connection (101).
    """

    status: int
    lines: bytes
    body: bytes | Stream
    length: int | None = None
    leave: Callable[[], None] | None = None
    switch: Switch | None = None


class Answer(msgspec.Struct):
    """A status, a body (a struct that becomes JSON, bytes, or a stream) and the headers that say more about it."""

    body: Any = None
    status: int = 200
    etag: str | None = None
    location: str | None = None
    set_cookie: str | None = None
    caching: str = "no-store"
    media_type: str = JSON
    policy: str = _API_POLICY
    headers: Headers = ()
    stream: Stream | None = None
    leave: Callable[[], None] | None = None

    def reply(self, marks: bytes = b"") -> Reply:
        """Return it as it goes, with a few more header lines."""
        bodiless = self.status in BODILESS or (self.body is None and self.stream is None)
        lines = _standing(self.policy, self.caching, None if bodiless else self.media_type) + marks
        for name, value in (("ETag", self.etag), ("Location", self.location), ("Set-Cookie", self.set_cookie)):
            if value is not None:
                lines += line(name, value)
        for name, value in self.headers:
            lines += line(name, value)
        return Reply(self.status, lines, b"" if bodiless else self.stream or self._encoded(), leave=self.leave)

    def _encoded(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else _ENCODER.encode(self.body)


Door = Callable[[Request], Awaitable[Answer]]
"""What answers requests; a problem it raises is an answer too."""
Entrance = Callable[[Request], Awaitable[Reply]]
"""What a server serves: it always answers."""


def line(name: str, value: str) -> bytes:
    """Return a header as its line; raises ValueError when it would be two."""
    if "\r" in value or "\n" in value:
        raise ValueError(f"{name} holds a line break")
    return f"{name.lower()}: {value}\r\n".encode("latin-1", "replace")


@cache
def _standing(policy: str, caching: str, media_type: str | None) -> bytes:
    """Return the header lines that are the same for many answers."""
    lines = line("X-Content-Type-Options", "nosniff")
    lines += line("Content-Security-Policy", policy) + line("Cache-Control", caching)
    if media_type is not None:
        lines += line("Content-Type", media_type)
    return lines + line("Vary", "authorization") if caching.startswith("private") else lines


def not_modified(etag: str) -> Answer:
    """Return the answer to a caller who holds this state already."""
    return Answer(status=304, etag=etag, caching="private, no-cache")


def page(html: str) -> Answer:
    """Return a readable page, the same for everyone."""
    return Answer(
        html.encode(), media_type="text/html; charset=utf-8", caching="public, max-age=300", policy=_PAGE_POLICY
    )


def of_the_page(body: bytes, media_type: str, *, caching: str, etag: str | None = None, status: int = 200) -> Answer:
    """Return a part of the page people play on."""
    return Answer(body, status, etag, caching=caching, media_type=media_type, policy=_PAGE_POLICY, headers=_PAGE_GUARDS)


def told(problem: Problem, request_id: str) -> Answer:
    """Return a problem's document, with the headers that belong to it."""
    headers = problem.headers
    if problem.status == 401 and not any(name == "WWW-Authenticate" for name, _ in headers):
        challenge = 'Bearer error="invalid_token"' if isinstance(problem, InvalidToken) else "Bearer"
        headers += (("WWW-Authenticate", challenge),)
    body = problems.encode(problem, request_id)
    return Answer(body, problem.status, media_type=problems.MEDIA_TYPE, headers=headers)

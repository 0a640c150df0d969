"""What is answered, before it is bytes."""

from functools import cache
from typing import Any, Final

import msgspec

JSON: Final = "application/json; charset=utf-8"
_ENCODER: Final = msgspec.json.Encoder()
_API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
PAGE_GUARDS: Final = ((b"referrer-policy", b"no-referrer"), (b"cross-origin-resource-policy", b"same-origin"))
PAGE_POLICY: Final = (
    "default-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


class Answer(msgspec.Struct):
    """A status, a body (a struct that becomes JSON, or bytes) and the headers that say more about it."""

    body: Any = None
    status: int = 200
    etag: str | None = None
    location: str | None = None
    set_cookie: str | None = None
    caching: str = "no-store"
    media_type: str = JSON
    policy: str = _API_POLICY

    def encoded(self) -> bytes:
        """Return the body's bytes."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else _ENCODER.encode(self.body)

    def headers(self, body: bytes) -> list[tuple[bytes, bytes]]:
        """Return the headers that go with the encoded body."""
        has_body = self.status not in (204, 304)
        found = [*_standing(self.policy, self.caching, self.media_type if has_body else None)]
        if has_body:
            found.append((b"content-length", b"%d" % len(body)))
        for name, value in ((b"etag", self.etag), (b"location", self.location), (b"set-cookie", self.set_cookie)):
            if value is not None:
                found.append((name, value.encode()))
        return found


@cache
def _standing(policy: str, cached: str, media_type: str | None) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that are the same for many answers."""
    found = [
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", policy.encode()),
        (b"cache-control", cached.encode()),
    ]
    if media_type is not None:
        found.append((b"content-type", media_type.encode()))
    if cached.startswith("private"):
        found.append((b"vary", b"authorization"))
    return tuple(found)


def not_modified(etag: str) -> Answer:
    """Return the answer to a caller who holds this state already."""
    return Answer(status=304, etag=etag, caching="private, no-cache")


def page(html: str) -> Answer:
    """Return a readable page, the same for everyone."""
    return Answer(
        html.encode(), media_type="text/html; charset=utf-8", caching="public, max-age=300", policy=PAGE_POLICY
    )

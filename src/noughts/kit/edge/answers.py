"""What is answered, before it is bytes."""

from typing import Any, Final

import msgspec

JSON: Final = "application/json; charset=utf-8"
_ENCODER: Final = msgspec.json.Encoder()
_API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
GUARDS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
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
    cache: str = "no-store"
    media_type: str = JSON
    policy: str = _API_POLICY

    def encoded(self) -> bytes:
        """Return the body's bytes."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else _ENCODER.encode(self.body)

    def headers(self, body: bytes) -> list[tuple[bytes, bytes]]:
        """Return the headers that go with the encoded body."""
        found = [
            *GUARDS,
            (b"content-security-policy", self.policy.encode()),
            (b"cache-control", self.cache.encode()),
        ]
        if self.status not in (204, 304):
            found.append((b"content-type", self.media_type.encode()))
            found.append((b"content-length", b"%d" % len(body)))
        if self.cache.startswith("private"):
            found.append((b"vary", b"authorization"))
        for name, value in ((b"etag", self.etag), (b"location", self.location), (b"set-cookie", self.set_cookie)):
            if value is not None:
                found.append((name, value.encode()))
        return found


def not_modified(etag: str) -> Answer:
    """Return the answer to a caller who holds this state already."""
    return Answer(status=304, etag=etag, cache="private, no-cache")


def page(html: str) -> Answer:
    """Return a readable page, the same for everyone."""
    return Answer(html.encode(), media_type="text/html; charset=utf-8", cache="public, max-age=300", policy=PAGE_POLICY)

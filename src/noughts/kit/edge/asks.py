"""What was asked, decoded: what a handler is given instead of a request."""

import re
from collections.abc import Mapping
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec

from noughts.kit.audit import Origin
from noughts.kit.conditions import EntityTags
from noughts.kit.errors import BadRequest, ForeignOrigin
from noughts.kit.tokens import Principal, UserId

Body = TypeVar("Body")
Query = TypeVar("Query")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_COOKIE: Final = re.compile(r"(?:^|;\s*)((?:__Host-)?noughts(?:-device)?)=([\w-]+)", re.ASCII)


class Ask(msgspec.Struct, Generic[Body, Query]):
    """One request: its body and query as structs, who is calling, and the few headers that mean something."""

    body: Body
    query: Query
    path: dict[str, str]
    principal: Principal | None
    headers: Mapping[bytes, bytes]
    address: str
    request_id: str
    secure: bool

    @property
    def caller(self) -> Principal:
        """The one who is signed in; only for routes that require it."""
        if self.principal is None:
            raise AssertionError("the route does not require a token")
        return self.principal

    def user_id(self) -> UserId:
        """Return the person in the path; `me` is whoever is calling."""
        named = self.path["user_id"]
        return self.caller.user_id if named == "me" else UserId(named)

    @property
    def origin(self) -> Origin:
        """Where the request came from, for what is written down about it."""
        return Origin(self.address, self.request_id, self.header(b"user-agent"))

    def header(self, name: bytes) -> str | None:
        """Return a header's value, or nothing."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def last_event_id(self) -> str | None:
        """The id of the last event the caller has seen, which its reader sends when it comes again; nothing for none."""
        return self.header(b"last-event-id") or None

    def if_match(self) -> EntityTags | None:
        """Return the If-Match header's tags; raises BadRequest when they are malformed."""
        value = self.header(b"if-match")
        return None if value is None else EntityTags.parse(value)

    def has(self, etag: str) -> bool:
        """Return whether the caller holds this very state already (If-None-Match)."""
        value = self.header(b"if-none-match")
        return value is not None and EntityTags.parse(value).match_weakly(etag)

    def idempotency_key(self) -> str | None:
        """Return the Idempotency-Key; raises BadRequest unless it is 1 to 255 visible ASCII characters."""
        value = self.header(b"idempotency-key")
        if value is not None and _KEY.fullmatch(value) is None:
            raise BadRequest("An Idempotency-Key is 1 to 255 visible ASCII characters.")
        return value

    def cookie(self, name: str = "noughts") -> str | None:
        """Return what a browser keeps, by default the refresh token; raises ForeignOrigin when another site's page sends it."""
        value = cookie(self.headers, name, secure=self.secure)
        if value is not None:
            self.require_own_origin()
        return value

    def refuse_foreign_origin(self) -> None:
        """Raise ForeignOrigin when another site's page sends this; programs, which send no Origin, may."""
        if b"origin" in self.headers:
            self.require_own_origin()

    def require_own_origin(self) -> None:
        """Raise ForeignOrigin unless the page that sends this was served by this host."""
        origin = urlsplit(self.header(b"origin") or "")
        expected = ("https",) if self.secure else ("http", "https")
        if origin.scheme not in expected or not origin.netloc or origin.netloc != self.header(b"host"):
            raise ForeignOrigin("Cookies are for pages of this site alone; send its Origin.")


def cookie(headers: Mapping[bytes, bytes], name: str, *, secure: bool) -> str | None:
    """Return one of our cookies, under the name it has with TLS or without."""
    wanted = f"__Host-{name}" if secure else name
    found = _COOKIE.findall(headers.get(b"cookie", b"").decode("latin-1"))
    return next((str(value) for its_name, value in found if its_name == wanted), None)

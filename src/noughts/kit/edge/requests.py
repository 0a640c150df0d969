"""A request as it came: what every door is given."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote

from noughts.kit.errors import BadRequest, Problem, TooLarge

BODY_LIMIT: Final = 64 * 1024
_SINGLE: Final = {b"authorization", b"content-length", b"content-type", b"host", b"idempotency-key", b"if-match"}


class Request:
    """One request: its head, and its body, at most 64 KiB of it, for whoever asks.

    Header names are in lower case; the values of one that stands more than once (`repeated`) are joined by commas.
    """

    __slots__ = (
        "_body", "_failure", "_invite", "_is_whole", "_size", "_waiter", "address", "headers", "id", "is_last", "method",
        "path", "query", "raw_path", "repeated", "route", "secure", "user", "version",
    )  # fmt: skip

    def __init__(
        self,
        method: str,
        raw_path: bytes,
        headers: Mapping[bytes, bytes],
        *,
        query: bytes = b"",
        address: str = "",
        repeated: tuple[bytes, ...] = (),
        version: str = "1.1",
        is_last: bool = False,
    ) -> None:
        path = raw_path.decode("ascii")
        self.method, self.raw_path, self.path = method, raw_path, unquote(path) if "%" in path else path
        self.headers, self.query, self.address = headers, query, address
        self.repeated, self.version = repeated, version
        self.is_last = is_last  # the connection ends with its answer
        self.id, self.secure = "", False  # said by the threshold
        self.route = "other"  # the path in the route table, said by the service's door
        self.user: str | None = None  # who is signed in, said by it too
        self._body: list[bytes] = []
        self._size = 0
        self._is_whole = False
        self._failure: Problem | None = None
        self._invite: Callable[[], None] | None = None
        self._waiter: asyncio.Future[None] | None = None

    @classmethod
    def whole(
        cls, method: str, target: str, body: bytes = b"", headers: Mapping[bytes, bytes] | None = None
    ) -> "Request":
        """Return a request that came over no connection, to knock at a door within the process."""
        raw_path, _, query = target.encode("ascii").partition(b"?")
        request = cls(method, raw_path, headers or {}, query=query)
        request.take(body)
        request.end()
        return request

    def require_single(self) -> None:
        """Raise BadRequest where a header stands twice that may stand once."""
        if not _SINGLE.isdisjoint(self.repeated):
            raise BadRequest("A header stands twice that may stand once.")

    async def read(self) -> bytes:
        """Return the body once it is whole; raises TooLarge past 64 KiB, or what ended the request before its end."""
        if int(self.headers.get(b"content-length", b"0")) > BODY_LIMIT:
            raise TooLarge
        if not self._is_whole:
            if self._invite is not None:
                self._invite()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._failure is not None:
            raise self._failure
        return b"".join(self._body)

    def invites(self, invite: Callable[[], None]) -> None:
        """Call that when the body is first waited for: the other side sends it only when told to (100 Continue)."""
        self._invite = invite

    def take(self, piece: bytes) -> None:
        """Keep a piece of the body; past 64 KiB none."""
        self._size += len(piece)
        if self._size <= BODY_LIMIT:
            self._body.append(piece)
        elif self._failure is None:
            self._body.clear()
            self.end(TooLarge())

    def end(self, failure: Problem | None = None) -> None:
        """Note that no more comes, or none that matters."""
        self._is_whole = True
        self._failure = self._failure or failure
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

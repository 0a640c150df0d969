"""Idempotency-Key: a creating call sent twice creates once."""

import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import msgspec

from noughts.kit.database import Database, Query, Sql, Write
from noughts.kit.errors import IdempotencyInProgress, IdempotencyKeyReused
from noughts.kit.tokens import UserId

KEPT: Final = timedelta(hours=24)
UNIQUE_KEY: Final = "idempotency_subject_route_key"


class Once(msgspec.Struct, frozen=True):
    """A call that must happen once: whose, to where, under which key, and the keyed digest of its body."""

    subject: str
    route: str
    key: str
    fingerprint: str


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    fingerprint: str
    resource_id: str
    created_at: datetime


_FIND: Final = Query(
    "SELECT fingerprint, resource_id, created_at FROM idempotency WHERE subject = $1 AND route = $2 AND key = $3", _Kept
)
_EXPIRE: Final = Sql("DELETE FROM idempotency WHERE subject = $1 AND route = $2 AND key = $3 AND created_at < $4")
_INSERT: Final = Sql(
    "INSERT INTO idempotency (subject, route, key, fingerprint, status, resource_id, user_id, created_at)"
    " VALUES ($1, $2, $3, $4, 201, $5, $6, $7)"
)
_PURGE: Final = Sql("DELETE FROM idempotency WHERE created_at < $1")


class Idempotency:
    """Remembers creating calls for 24 hours."""

    def __init__(self, database: Database, key: bytes, now: Callable[[], datetime]) -> None:
        self._database = database
        self._key = key
        self._now = now
        self._running: set[tuple[str, str, str]] = set()

    def once(self, subject: str, route: str, key: str, body: msgspec.Struct) -> Once:
        """Return the call's identity; the body leaves only a digest nobody can guess passwords from."""
        fingerprint = hmac.digest(self._key, msgspec.json.encode(body), "sha256").hex()
        return Once(subject, route, key, fingerprint)

    async def earlier(self, once: Once) -> str | None:
        """Return the id of what the call created before; raises IdempotencyKeyReused when it was another call."""
        kept = await self._database.fetch(_FIND, once.subject, once.route, once.key)
        if kept is None or kept.created_at < self._now() - KEPT:
            return None
        if not hmac.compare_digest(kept.fingerprint, once.fingerprint):
            raise IdempotencyKeyReused("Use a new key for a new request.")
        return kept.resource_id

    @contextmanager
    def running(self, once: Once | None) -> Iterator[None]:
        """Hold the key while the call is worked on; raises IdempotencyInProgress when it already is, in this process."""
        if once is None:
            yield
            return
        name = (once.subject, once.route, once.key)
        if name in self._running:
            raise IdempotencyInProgress("Wait for its answer, then ask again.", headers=(("Retry-After", "1"),))
        self._running.add(name)
        try:
            yield
        finally:
            self._running.discard(name)

    def rows(self, once: Once | None, resource_id: str, owner: UserId) -> tuple[Write, ...]:
        """Return the writes that belong into the transaction of the creation; the key is erased with its owner."""
        if once is None:
            return ()
        now = self._now()
        name = (once.subject, once.route, once.key)
        return (
            Write(_EXPIRE, (*name, now - KEPT), rows=None),
            Write(_INSERT, (*name, once.fingerprint, resource_id, owner, now)),
        )

    async def purge(self) -> None:
        """Forget the calls of more than 24 hours ago."""
        await self._database.write(Write(_PURGE, (self._now() - KEPT,), rows=None))

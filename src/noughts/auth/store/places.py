"""The table of addresses people have signed in from, as digests."""

from datetime import datetime
from typing import Final

import msgspec

from noughts.kit.database import Database, Query, Sql, Write
from noughts.kit.tokens import UserId


class _Seen(msgspec.Struct, frozen=True, array_like=True):
    times: int


class _LastUsed(msgspec.Struct, frozen=True, array_like=True):
    at: datetime


_SEEN: Final = Query("SELECT count(*) FROM known_addresses WHERE user_id = $1 AND digest = $2 AND last_at > $3", _Seen)
_KEEP: Final = Sql(
    "INSERT INTO known_addresses (user_id, digest, last_at) VALUES ($1, $2, $3)"
    " ON CONFLICT (user_id, digest) DO UPDATE SET last_at = excluded.last_at"
)
_LAST_USED: Final = Query(
    "SELECT last_at FROM known_addresses WHERE user_id = $1 ORDER BY last_at DESC LIMIT 1000", _LastUsed
)
_PURGE: Final = Sql("DELETE FROM known_addresses WHERE last_at <= $1")


class PlaceStore:
    """Known addresses in the database. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, user_id: UserId, digest: str, since: datetime) -> bool:
        """Return whether this person has signed in from there since then."""
        seen = await self._database.fetch(_SEEN, user_id, digest, since)
        return seen is not None and seen.times > 0

    def kept(self, user_id: UserId, digest: str, at: datetime) -> Write:
        """Return the write that belongs into the transaction of a sign-in from there."""
        return Write(_KEEP, (user_id, digest, at))

    async def last_used(self, user_id: UserId) -> list[datetime]:
        """Return when each address known of a person was last used: the thousand used last."""
        return [row.at for row in await self._database.scan(_LAST_USED, user_id)]

    async def purge(self, before: datetime) -> None:
        """Forget where nobody has signed in from since then."""
        await self._database.write(Write(_PURGE, (before,), rows=None))

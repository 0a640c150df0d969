"""The table of signing keys."""

from collections.abc import Sequence
from typing import Final

import msgspec

from noughts.auth.model.keys import StoredKey
from noughts.kit.database import Database, Query, Sql, Taken, Write, columns

_ALL: Final = Query(f"SELECT {columns(StoredKey)} FROM signing_keys ORDER BY signs_from, generation", StoredKey)
_ADD: Final = Sql(f"INSERT INTO signing_keys ({columns(StoredKey)}) VALUES ($1, $2, $3, $4, $5, $6)")
_DROP_WAITING: Final = Sql("DELETE FROM signing_keys WHERE algorithm = $1 AND signs_from > $2")
_REMOVE: Final = Sql("DELETE FROM signing_keys WHERE id = $1")


class KeyStore:
    """Signing keys in the database. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[StoredKey]:
        """Return the signing keys, the one that begins to sign last at the end."""
        return await self._database.scan(_ALL)

    async def add(self, key: StoredKey) -> bool:
        """Store a new key and drop those that would begin after it; return whether its generation was still free."""
        drop = Write(_DROP_WAITING, (key.algorithm, key.signs_from), rows=None)
        try:
            await self._database.write(Write(_ADD, msgspec.structs.astuple(key)), drop)
        except Taken:
            return False
        return True

    async def remove(self, keys: Sequence[StoredKey]) -> None:
        """Remove keys. May be repeated."""
        if keys:
            await self._database.write(*(Write(_REMOVE, (key.id,), rows=None) for key in keys))

"""The table of signing keys."""

from datetime import datetime
from typing import Final

import msgspec

from noughts.kit.database import Database, Query, Sql, Write, columns


class StoredKey(msgspec.Struct, frozen=True, array_like=True):
    """A signing key, its private part sealed."""

    id: str
    algorithm: str
    sealed: bytes
    created_at: datetime


_ALL: Final = Query(f"SELECT {columns(StoredKey)} FROM signing_keys ORDER BY created_at", StoredKey)
_ADD: Final = Sql(f"INSERT INTO signing_keys ({columns(StoredKey)}) VALUES ($1, $2, $3, $4)")


class KeyStore:
    """Signing keys in the database. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[StoredKey]:
        """Return the signing keys, the newest last."""
        return await self._database.scan(_ALL)

    async def add(self, key: StoredKey) -> None:
        """Store a new signing key."""
        await self._database.write(Write(_ADD, (key.id, key.algorithm, key.sealed, key.created_at)))

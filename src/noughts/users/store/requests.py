"""The table of those who forgot their password, whoever they are, and every statement about it."""

from datetime import datetime
from typing import Final

import msgspec

from noughts.kit.database import Database, Missed, Query, Sql, Write, columns


class Request(msgspec.Struct, frozen=True, array_like=True):
    """One row: who asked is sealed, and every row is as long as any other."""

    id: str
    sealed: bytes
    created_at: datetime


_INSERT: Final = Sql(f"INSERT INTO recovery_requests ({columns(Request)}) VALUES ($1, $2, $3)")
_OLDEST: Final = Query(f"SELECT {columns(Request)} FROM recovery_requests WHERE id > $1 ORDER BY id LIMIT $2", Request)
_FIRST: Final = "00000000-0000-0000-0000-000000000000"
_DELETE: Final = Sql("DELETE FROM recovery_requests WHERE id = $1")


class RequestStore:
    """Requests to be answered, in the database. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, request: Request) -> None:
        """Store a request."""
        await self._database.write(Write(_INSERT, msgspec.structs.astuple(request)))

    async def oldest(self, limit: int, after: str | None = None) -> list[Request]:
        """Return the requests that have waited longest, from the one after `after`, or the first, on."""
        return await self._database.scan(_OLDEST, after or _FIRST, limit)

    async def answer(self, request: Request, *rows: Write) -> bool:
        """Remove a request and write what answers it; return whether nobody else had done so."""
        try:
            await self._database.write(Write(_DELETE, (request.id,)), *rows)
        except Missed:
            return False
        return True

"""The table of tickets to live connections: 256 bits that are known here by their digest, for thirty seconds, and once."""

from datetime import datetime
from typing import Final

import msgspec

from noughts.kit.database import Database, Missed, Query, Sql, Write, columns
from noughts.kit.tokens import Role, SessionId, UserId


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """Whose it is, as their access token said."""

    digest: str
    user_id: UserId
    session_id: SessionId
    auth_time: datetime
    role: Role
    epoch: int
    expires_at: datetime


_ADD: Final = Sql(f"INSERT INTO live_tickets ({columns(Ticket)}) VALUES ($1, $2, $3, $4, $5, $6, $7)")
_FIND: Final = Query(f"SELECT {columns(Ticket)} FROM live_tickets WHERE digest = $1 AND expires_at > $2", Ticket)
_USE: Final = Sql("DELETE FROM live_tickets WHERE digest = $1")
_PURGE: Final = Sql("DELETE FROM live_tickets WHERE expires_at <= $1")


class TicketStore:
    """Tickets in the database. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, ticket: Ticket) -> None:
        """Store a new ticket."""
        await self._database.write(Write(_ADD, msgspec.structs.astuple(ticket)))

    async def use(self, digest: str, at: datetime) -> Ticket | None:
        """Return a ticket that is used up by this call; nothing where it was, is too old or never was."""
        found = await self._database.fetch(_FIND, digest, at)
        if found is None:
            return None
        try:
            await self._database.write(Write(_USE, (digest,)))
        except Missed:  # somebody else was faster
            return None
        return found

    async def purge(self, at: datetime) -> None:
        """Forget the tickets that are too old."""
        await self._database.write(Write(_PURGE, (at,), rows=None))

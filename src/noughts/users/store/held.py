"""What else is kept about a person in the tables at hand: links on their way, letters not sent yet."""

from datetime import datetime
from typing import Final

import msgspec

from noughts.kit.database import Database, Query
from noughts.kit.outbox import WAITING_FOR, WaitingLetter
from noughts.kit.tokens import UserId
from noughts.users.model.one_time import Purpose


class HeldLink(msgspec.Struct, frozen=True, array_like=True):
    """A link or code that was sent, and to which address; never itself."""

    purpose: Purpose
    email: str
    created_at: datetime
    expires_at: datetime


_LINKS: Final = Query(
    "SELECT purpose, email, created_at, expires_at FROM one_time_tokens WHERE user_id = $1 ORDER BY id LIMIT 1000",
    HeldLink,
)


class HeldStore:
    """Reads it. Every method is one transaction; nobody has a thousand of either."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def links(self, user_id: UserId) -> list[HeldLink]:
        """Return the links and codes somebody could still use."""
        return await self._database.scan(_LINKS, user_id)

    async def letters(self, user_id: UserId) -> list[WaitingLetter]:
        """Return the letters that wait to be sent."""
        return await self._database.scan(WAITING_FOR, user_id)

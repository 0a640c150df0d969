"""Tickets: what opens a live connection where no header can be sent. For thirty seconds, once, and worth the session it came from."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from noughts.games.store import TicketStore
from noughts.games.store.tickets import Ticket
from noughts.kit import sealing
from noughts.kit.errors import InvalidToken
from noughts.kit.tokens import LIFETIME_S, Principal

LIVES: Final = timedelta(seconds=30)


class Tickets:
    """Gives and takes them. Every method raises Unavailable."""

    def __init__(self, store: TicketStore, check: Callable[[Principal], None], now: Callable[[], datetime]) -> None:
        self._store = store
        self._check = check
        self._now = now

    async def give(self, by: Principal) -> str:
        """Return a new ticket: 256 bits, of which only the digest is kept."""
        ticket, at = sealing.new_token(), self._now()
        since = datetime.fromtimestamp(by.auth_time, at.tzinfo)
        kept = Ticket(sealing.digest(ticket), by.user_id, by.session_id, since, by.role, by.epoch, at + LIVES)
        await self._store.add(kept)
        return ticket

    async def take(self, shown: str) -> Principal:
        """Return whose ticket it is, used up by this; raises InvalidToken where it is not good, or its session is over."""
        at = self._now()
        ticket = await self._store.use(sealing.digest(shown), at)
        if ticket is None:
            raise InvalidToken("The ticket was used, is too old, or never was one.")
        now = int(at.timestamp())
        by = Principal(
            ticket.user_id,
            ticket.session_id,
            ticket.role,
            ticket.epoch,
            int(ticket.auth_time.timestamp()),
            now,
            now + LIFETIME_S,
        )
        self._check(by)
        return by

    def require_signed_in(self, by: Principal) -> None:
        """Raise InvalidToken once the session is over; Unavailable when nobody could know."""
        self._check(by)

    async def purge(self) -> None:
        """Forget the tickets that are too old."""
        await self._store.purge(self._now())

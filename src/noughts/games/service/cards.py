"""The cards of players: asked for many at once, kept for a minute, dropped when the User Service says they changed."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from noughts.kit.broadcast import USERS, AccountChanged, Broadcast
from noughts.kit.tokens import UserId
from noughts.ports.users import CARDS_AT_ONCE, Card, Users

_KEPT: Final = timedelta(seconds=60)
_MOST: Final = 8_192


class Cards:
    """What the User Service said of people lately; of those who do not exist, that they do not."""

    def __init__(self, users: Users, broadcast: Broadcast, now: Callable[[], datetime]) -> None:
        self._users = users
        self._now = now
        self._known: dict[UserId, tuple[Card | None, datetime]] = {}
        self._drops = 0
        broadcast.subscribe(USERS, self._drop, missed=self._drop_all)

    async def of(self, user_ids: Iterable[UserId | None]) -> dict[UserId, Card]:
        """Return the cards of those who exist, without waiting when all are known; raises Unavailable."""
        now = self._now()
        found: dict[UserId, Card] = {}
        unknown: dict[UserId, None] = {}
        for user_id in user_ids:
            if user_id is None:
                continue
            card, until = self._known.get(user_id, (None, now))
            if until <= now:
                unknown[user_id] = None
            elif card is not None:
                found[user_id] = card
        return found | await self._asked(list(unknown)) if unknown else found

    async def _asked(self, user_ids: list[UserId]) -> dict[UserId, Card]:
        drops = self._drops
        cards: dict[UserId, Card] = {}
        for start in range(0, len(user_ids), CARDS_AT_ONCE):
            cards |= await self._users.cards(user_ids[start : start + CARDS_AT_ONCE])
        if drops == self._drops:  # else one of them may have changed while the answer was under way
            self._keep({user_id: cards.get(user_id) for user_id in user_ids})
        return cards

    def _keep(self, cards: dict[UserId, Card | None]) -> None:
        until = self._now() + _KEPT
        for user_id, card in cards.items():
            self._known.pop(user_id, None)
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[user_id] = card, until

    def _drop(self, changed: AccountChanged) -> None:
        self._drops += 1
        self._known.pop(changed.user_id, None)

    def _drop_all(self) -> None:
        self._drops += 1
        self._known.clear()

"""What the other services may ask of the Game Service."""

from collections.abc import Sequence
from typing import Final, Protocol

from noughts.kit.tokens import UserId

ASKED_AT_ONCE: Final = 100


class Games(Protocol):
    """The Game Service. Every method raises Unavailable when it cannot be asked."""

    async def close_deleted(self, user_id: UserId) -> None:
        """Resign or call off every unfinished game of a person who is being deleted. May be repeated."""

    async def played_humans(self, user_ids: Sequence[UserId]) -> set[UserId]:
        """Return those among at most 100 people who finished a game with another person. May be repeated."""

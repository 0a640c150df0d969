"""What the other services may ask of the Game Service."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from noughts.kit.tokens import UserId
from noughts.ports.users import Time

ASKED_AT_ONCE: Final = 100
HELD_AT_ONCE: Final = 200


class HeldGame(msgspec.Struct, frozen=True, kw_only=True):
    """A game somebody plays or played, as it is kept: the cells in order, and who sat opposite."""

    id: str
    variant: str
    mark: str
    opponent: UserId | None
    moves: list[int]
    status: str
    result: str | None
    reason: str | None
    created_at: Time
    updated_at: Time


class Games(Protocol):
    """The Game Service. Every method raises Unavailable when it cannot be asked."""

    async def close_deleted(self, user_id: UserId) -> None:
        """Resign or call off every unfinished game of a person who is being deleted. May be repeated."""

    async def played_humans(self, user_ids: Sequence[UserId]) -> set[UserId]:
        """Return those among at most 100 people who finished a game with another person. May be repeated."""

    async def held(self, user_id: UserId, after: str | None) -> list[HeldGame]:
        """Return at most 200 games of a person, the newest first, from the one after `after` on. May be repeated."""

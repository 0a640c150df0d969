"""What the other services may ask of the Game Service."""

from typing import Protocol

from noughts.kit.tokens import UserId


class Games(Protocol):
    """The Game Service. Every method raises Unavailable when it cannot be asked."""

    async def close_deleted(self, user_id: UserId) -> None:
        """Resign or call off every unfinished game of a person who is being deleted. May be repeated."""

"""The far side of the `Games` port: the Game Service over HTTP."""

from collections.abc import Sequence
from typing import Final

from noughts.kit.remote import Remote
from noughts.kit.tokens import UserId
from noughts.ports.games import HeldGame

_READ: Final = "games:read"
_CLOSE: Final = "games:close-deleted"


class GamesClient:
    """Keeps the promises of `ports.games.Games` by asking another process."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def close_deleted(self, user_id: UserId) -> None:
        """Resign or call off every unfinished game of a person who is being deleted. May be repeated."""
        await self._remote.ask("POST", f"/internal/games/people/{user_id}/close", type(None), scope=_CLOSE)

    async def played_humans(self, user_ids: Sequence[UserId]) -> set[UserId]:
        """Return those among at most 100 people who finished a game with another person."""
        if not user_ids:
            return set()
        body = {"user_ids": list(user_ids)}
        return await self._remote.ask("POST", "/internal/games/played-humans", set[UserId], scope=_READ, body=body)

    async def held(self, user_id: UserId, after: str | None) -> list[HeldGame]:
        """Return at most 200 games of a person, the newest first, from the one after `after` on."""
        path = f"/internal/games/people/{user_id}/games"
        return await self._remote.ask("POST", path, list[HeldGame], scope=_READ, body={"after": after})

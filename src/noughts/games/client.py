"""The far side of the `Games` port: the Game Service over HTTP."""

from collections.abc import Sequence
from typing import Final

from noughts.kit.remote import Remote
from noughts.kit.tokens import UserId
from noughts.ports.games import HeldGame, Record, Standing, Versus, Waiting

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

    async def record(self, user_id: UserId) -> Record:
        """Return how somebody's finished games ended, as far as everybody may know."""
        return await self._remote.ask("GET", f"/internal/games/people/{user_id}/record", Record, scope=_READ)

    async def latest(self, user_id: UserId) -> list[HeldGame]:
        """Return the 10 latest finished games of a person that everybody may see, the newest first."""
        return await self._remote.ask("GET", f"/internal/games/people/{user_id}/latest", list[HeldGame], scope=_READ)

    async def versus(self, one: UserId, other: UserId) -> Versus:
        """Return how somebody fared against another, and their 10 latest public games, the newest first."""
        path = f"/internal/games/people/{one}/versus/{other}"
        return await self._remote.ask("GET", path, Versus, scope=_READ)

    async def standings(self, user_id: UserId) -> list[Standing]:
        """Return somebody's 20 latest ratings, that of the latest rated game first."""
        path = f"/internal/games/people/{user_id}/standings"
        return await self._remote.ask("GET", path, list[Standing], scope=_READ)

    async def waiting(self) -> Waiting:
        """Return who waits for anyone, and how much is played, as it was up to a second ago."""
        return await self._remote.ask("GET", "/internal/games/waiting", Waiting, scope=_READ)

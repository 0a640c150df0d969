"""What everybody may see: how somebody's games ended, who waits, how much is played."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from noughts.games.model.ratings import Rating
from noughts.games.model.records import record, score
from noughts.games.model.snapshots import held, standing, waiting
from noughts.games.store import GamesStore
from noughts.kit.tokens import UserId
from noughts.ports.games import (
    LATEST,
    PLAYING,
    RATED,
    STANDINGS,
    WAITING,
    Against,
    HeldGame,
    Record,
    Standing,
    Versus,
    Waiting,
)

_KEPT: Final = timedelta(seconds=1)
_LATELY: Final = timedelta(minutes=5)
_BOARDS: Final = 64
BEST: Final = 100
Found = TypeVar("Found")


class Public:
    """Answers nobody has to be signed in for; raises Unavailable. What many ask is looked up once a second, for all of them."""

    def __init__(self, store: GamesStore, now: Callable[[], datetime]) -> None:
        self._games = store.games
        self._ratings = store.ratings
        self._now = now
        self._waiting = _Kept(self._looked, now)
        self._boards: dict[tuple[str, Against], _Kept[list[Rating]]] = {}

    async def record(self, user_id: UserId) -> Record:
        """Return how somebody's finished games ended."""
        return record(await self._games.tallies(user_id))

    async def latest(self, user_id: UserId) -> list[HeldGame]:
        """Return the latest finished games of a person that were open to anyone, the newest first."""
        return [held(game, user_id) for game in await self._games.latest_public(user_id, LATEST)]

    async def versus(self, one: UserId, other: UserId) -> Versus:
        """Return how somebody fared against another, and their latest public games, the newest first."""
        games = await self._games.versus(one, other, LATEST)
        return Versus(score=score(await self._games.score(one, other)), games=[held(game, one) for game in games])

    async def standings(self, user_id: UserId) -> list[Standing]:
        """Return somebody's latest ratings, each with its latest rated games."""
        return [
            standing(one, await self._ratings.history(user_id, one.variant, one.against, RATED))
            for one in await self._ratings.all_of(user_id, STANDINGS)
        ]

    async def best(self, variant: str, against: Against) -> list[Rating]:
        """Return the best of those with enough rated games, as it was up to a second ago."""
        board = self._boards.pop((variant, against), None)
        if board is None:
            board = _Kept(lambda: self._ratings.best(variant, against, BEST), self._now)
        self._boards[variant, against] = board  # the last of them, so that the one asked for longest ago goes first
        if len(self._boards) > _BOARDS:
            del self._boards[next(iter(self._boards))]
        return await board.get()

    async def waiting(self) -> Waiting:
        """Return who waits for anyone and how much is played, as it was up to a second ago."""
        return await self._waiting.get()

    async def _looked(self) -> Waiting:
        games = await self._games.waiting(WAITING)
        playing = await self._games.playing_since(self._now() - _LATELY, PLAYING)
        return Waiting(
            games=[waiting(game, game.user_id) for game in games if game.user_id is not None], playing=playing
        )


class _Kept(Generic[Found]):
    """An answer that is looked up at most once a second, however many ask."""

    def __init__(self, look: Callable[[], Awaitable[Found]], now: Callable[[], datetime]) -> None:
        self._look = look
        self._now = now
        self._found: tuple[Found, datetime] | None = None
        self._looking = asyncio.Lock()

    async def get(self) -> Found:
        """Return it, as it was up to a second ago."""
        async with self._looking:
            if self._found is None or self._found[1] <= self._now():
                self._found = await self._look(), self._now() + _KEPT
            return self._found[0]

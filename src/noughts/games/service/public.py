"""What everybody may see: how somebody's games ended, who waits, how much is played."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from noughts.games.model.records import record
from noughts.games.model.snapshots import held, waiting
from noughts.games.store import GameStore
from noughts.kit.tokens import UserId
from noughts.ports.games import LATEST, PLAYING, WAITING, HeldGame, Record, Waiting

_KEPT: Final = timedelta(seconds=1)
_LATELY: Final = timedelta(minutes=5)


class Public:
    """Answers nobody has to be signed in for; raises Unavailable. Who waits is looked up once a second, for all who ask."""

    def __init__(self, store: GameStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._waiting: Waiting | None = None
        self._until = now()
        self._looking = asyncio.Lock()

    async def record(self, user_id: UserId) -> Record:
        """Return how somebody's finished games ended."""
        return record(await self._store.tallies(user_id))

    async def latest(self, user_id: UserId) -> list[HeldGame]:
        """Return the latest finished games of a person that were open to anyone, the newest first."""
        return [held(game, user_id) for game in await self._store.latest_public(user_id, LATEST)]

    async def waiting(self) -> Waiting:
        """Return who waits for anyone and how much is played, as it was up to a second ago."""
        async with self._looking:
            if self._waiting is None or self._until <= self._now():
                self._waiting = await self._looked()
                self._until = self._now() + _KEPT
            return self._waiting

    async def _looked(self) -> Waiting:
        games = await self._store.waiting(WAITING)
        playing = await self._store.playing_since(self._now() - _LATELY, PLAYING)
        return Waiting(
            games=[waiting(game, game.user_id) for game in games if game.user_id is not None], playing=playing
        )

"""The computer's side: each reply is a commit of its own, after the person's move and taken up again after a crash."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Final

from noughts.games import engine
from noughts.games.engine.workers import Workers
from noughts.games.model.games import OTHER, Game
from noughts.games.model.moves import Attempt, played
from noughts.games.service.table import Table
from noughts.games.store import GameStore, Overtaken
from noughts.kit.errors import Unavailable
from noughts.kit.logging import log
from noughts.kit.workers import Tasks

_AT_ONCE: Final = 200


class Computer:
    """Plays where it is the computer's turn. Replying twice, or in two processes, is harmless: one is stored."""

    def __init__(
        self, store: GameStore, table: Table, chance: Random, now: Callable[[], datetime], *, pauses: bool
    ) -> None:
        self._store = store
        self._table = table
        self._chance = chance
        self._now = now
        self._pauses = pauses
        self._workers = Workers()
        self._replying = Tasks()

    def reply_soon(self, game: Game) -> None:
        """Reply, if it is the computer's turn, once whoever asked has their answer."""
        if game.awaits_computer:
            self._replying.start(self._reply_in_a_while(game))

    async def answer_pending(self, older_than: timedelta) -> None:
        """Reply wherever the computer has been to move for that long; raises Unavailable. May be repeated."""
        until, after = self._now() - older_than, None
        while games := await self._store.awaiting_computer(until, after, _AT_ONCE):
            await asyncio.gather(*map(self._reply, games))
            after = games[-1].id

    async def close(self) -> None:
        """Wait for the replies under way."""
        await asyncio.gather(*self._replying)
        await self._workers.close()

    async def _reply_in_a_while(self, game: Game) -> None:
        if self._pauses:
            await asyncio.sleep(engine.pause_ms(game.rules, game.cells, self._chance) / 1_000)
        await self._reply(game)

    async def _reply(self, game: Game) -> None:
        seed = self._chance.getrandbits(32)
        cell = await self._workers.choose_soon(game.rules, game.cells, game.level or 1, seed)
        after = played(game, OTHER[game.mark], Attempt(game.ply, cell, game.pos), self._now())
        try:
            with contextlib.suppress(Overtaken):
                await self._table.put(game, after)
        except Unavailable as error:
            log.warning("computer_silent", game=game.id, reason=error.detail)  # the next sweep tries again

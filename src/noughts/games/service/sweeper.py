"""Games nobody touches, in which somebody's time is over. Several processes may look at once."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from noughts.games.model import clocks
from noughts.games.model.games import GameId
from noughts.games.service.table import Table
from noughts.games.store import GameStore, Overtaken

_AT_ONCE: Final = 200


class Sweeper:
    """The worker. Every method raises Unavailable."""

    def __init__(self, store: GameStore, table: Table, now: Callable[[], datetime]) -> None:
        self._store = store
        self._table = table
        self._now = now

    async def finish_overdue(self) -> None:
        """End every game in which time is over. May be repeated and run twice at once."""
        after: GameId | None = None
        while overdue := await self._store.overdue(self._now(), after, _AT_ONCE):
            for game in overdue:
                over = clocks.flagged(game, self._now())
                if over is not game:
                    with suppress(Overtaken):
                        await self._table.put(game, over)
            after = overdue[-1].id

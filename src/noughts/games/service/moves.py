"""Playing a cell: the call everything here is made for."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from noughts.games.model import clocks, games
from noughts.games.model.games import Game, GameId
from noughts.games.model.moves import Attempt, played
from noughts.games.model.snapshots import snapshot
from noughts.games.service.cards import Cards
from noughts.games.service.table import Table
from noughts.games.store import GameStore, Overtaken
from noughts.kit.errors import Problem, Unavailable
from noughts.kit.tokens import UserId

_TRIES: Final = 16


class Moves:
    """The use case of who is to move. Raises Unavailable."""

    def __init__(self, store: GameStore, table: Table, cards: Cards, now: Callable[[], datetime]) -> None:
        self._store = store
        self._table = table
        self._cards = cards
        self._now = now

    async def play(self, game_id: GameId, attempt: Attempt, by: UserId, *, shown: bool = False) -> tuple[Game, bool]:
        """Return the game after a move, once it is stored, and whether that move was there before.

        Where the answer is the game as it is `shown`, the cards for it are asked first: an answer that fails for want of
        them must not follow a move that was stored.
        Raises NotFound, Forbidden, and what `moves.played` raises with the game as it stands as member `game`.
        """
        # What is remembered saves the reading where the move comes next (storing it finds out whether it does); it is
        # never a reason to refuse or to call the move repeated: that is decided again on the game as it is stored.
        found = self._remembered(game_id)
        for _ in range(_TRIES):
            remembered = found is not None
            before, mark = games.require_player(found or await self._table.get(game_id), by)
            if shown:
                await self._cards.of((before.user_id, before.opponent_id))
            found = None
            try:
                after = played(before, mark, attempt, self._now())
            except Problem as refused:
                if remembered:
                    continue
                refused.members["game"] = snapshot(before, await self._cards.of((before.user_id, before.opponent_id)))
                raise
            if after is before:
                if remembered:
                    continue
                return self._table.repeated(before), True
            try:
                return await self._table.put(before, after), False
            except Overtaken:
                continue
        raise Unavailable("Too much happens here at once.")

    def _remembered(self, game_id: GameId) -> Game | None:
        """Return a game as this process last wrote it, unless time has ended it since."""
        found = self._store.recent(game_id)
        return found if found is not None and clocks.flagged(found, self._now()) is found else None

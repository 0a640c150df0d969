"""Playing a cell: the call everything here is made for."""

from collections.abc import Callable
from contextlib import suppress
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
        found = self.coming_next(game_id, attempt, by)
        for _ in range(_TRIES):
            before, after = found or await self._decided(game_id, attempt, by)
            if shown:
                await self._cards.of((before.user_id, before.opponent_id))
            if after is before:
                return self._table.repeated(before), True
            with suppress(Overtaken):
                return await self._table.put(before, after), False
            found = None
        raise Unavailable("Too much happens here at once.")

    def coming_next(self, game_id: GameId, attempt: Attempt, by: UserId) -> tuple[Game, Game] | None:
        """Return a game as this process last wrote it, and after a move that comes next in it; nothing where it has to be read.

        What is remembered saves the reading where the move comes next, and storing it finds out whether it does. It is never
        a reason to refuse, or to call the move repeated: that is decided on the game as it is stored.
        """
        now = self._now()
        found = self._store.recent(game_id)
        if found is None or clocks.flagged(found, now) is not found:
            return None
        try:
            before, mark = games.require_player(found, by)
            after = played(before, mark, attempt, now)
        except Problem:
            return None
        return None if after is before else (before, after)

    async def _decided(self, game_id: GameId, attempt: Attempt, by: UserId) -> tuple[Game, Game]:
        before, mark = games.require_player(await self._table.get(game_id), by)
        try:
            return before, played(before, mark, attempt, self._now())
        except Problem as refused:
            refused.members["game"] = snapshot(before, await self._cards.of((before.user_id, before.opponent_id)))
            raise

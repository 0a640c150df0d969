"""Games as the model makes them, at noon."""

from datetime import datetime, timedelta

from noughts.games.model import clocks, lives
from noughts.games.model.games import Game, GameId, Wish
from noughts.games.model.moves import Attempt, played
from noughts.games.rules import Mark
from noughts.kit.tokens import UserId
from tests.fakes import NOON

OWNER, OTHER_ONE = UserId("owner"), UserId("other")
DRAWN = (0, 4, 8, 1, 7, 6, 2, 5, 3)
"""A game of nine moves that nobody wins."""


def opened(time: clocks.Time | None = None, *, mark: Mark = "X", **wish: object) -> Game:
    """Return a game whose owner plays that mark and waits, unless it is against the computer."""
    wanted = Wish(**({"seat": "anyone", "time": clocks.written(time)} | wish))  # type: ignore[arg-type]
    return lives.begun(GameId("game"), wanted, by=OWNER, mark=mark, invite=None, at=NOON, rating=1500)


def playing(time: clocks.Time | None = None, *, mark: Mark = "X", **wish: object) -> Game:
    """Return a game that both have come to."""
    return lives.joined(opened(time, mark=mark, **wish), OTHER_ONE, NOON, 1500)


def after(game: Game, *cells: int, at: datetime = NOON, every: timedelta = timedelta(0)) -> Game:
    """Return the game after these moves, the first at that time and so long between them."""
    for cell in cells:
        assert game.turn is not None
        game = played(game, game.turn, Attempt(game.ply, cell, game.pos), at)
        at += every
    return game

"""Rated matches of several games, sides swapped after each: the first to move has the better half of this game."""

from typing import Final

from noughts.games.model.games import OTHER, Game, Variant
from noughts.ports.messages import Points, Series

SERIES: Final = 4
"""Games of a match."""


def is_series(variant: Variant) -> bool:
    """Return whether people play rated matches of several games of a variant: of others each game is a match by itself."""
    return variant == "classic"


def points_after(game: Game) -> int | None:
    """Return the half points of who began a match, this game included once it has a result.

    Nothing outside of matches, and where code that did not count began it.
    """
    if game.series_points is None or game.result is None:
        return game.series_points
    return game.series_points + (1 if game.result == "draw" else 2 * (game.result == game.mark))


def standing(game: Game) -> Series | None:
    """Return which game of a match it is, and how the match stands; nothing outside of matches."""
    if game.series_id is None or game.series_no is None:
        return None
    return Series(game.series_id, game.series_no, SERIES, _score(game))


def _score(game: Game) -> Points | None:
    own = points_after(game)
    if own is None or game.series_no is None:
        return None
    games = game.series_no if game.result is not None else game.series_no - 1
    points = {game.mark: own / 2, OTHER[game.mark]: games - own / 2}
    return Points(points["X"], points["O"])

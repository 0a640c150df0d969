"""Rated matches between the same two: a few a day, so that nobody's rating is the gift of a single opponent."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final

import msgspec

from noughts.games.model.games import Game, GameId, Variant
from noughts.games.model.series import SERIES, is_series
from noughts.kit.errors import Conflict
from noughts.kit.times import rfc3339
from noughts.kit.tokens import UserId

DAY: Final = timedelta(hours=24)
GAMES_A_DAY: Final = 12
"""Rated games the same two begin in 24 hours at most, of each variant: three matches of four."""
SERIES_A_DAY: Final = GAMES_A_DAY // SERIES


class PlayedEnough(Conflict):
    """You two have played enough rated games for now."""

    facts: ClassVar[Mapping[str, str]] = {
        "again_at": "With `played-enough`: from when on the same two may begin another rated match (RFC 3339)."
    }


class Match(msgspec.Struct, frozen=True, array_like=True):
    """One row of `rated_matches`: two people, the lower id first, began their match of that number with this game."""

    low_id: UserId
    high_id: UserId
    variant: Variant
    number: int
    game_id: GameId
    began_at: datetime


def begins(game: Game) -> bool:
    """Return whether a game is the first of a rated match between people: a series of four, or a game by itself."""
    return game.rated and game.level is None and game.series_no in (None, 1)


def pair(one: UserId, other: UserId) -> tuple[UserId, UserId]:
    """Return two people in the one order they are kept in."""
    return (one, other) if one < other else (other, one)


def require_another(latest: Sequence[Match], variant: Variant, at: datetime) -> None:
    """Raise PlayedEnough where two have had their matches of the day; `latest` comes with the newest first."""
    most = SERIES_A_DAY if is_series(variant) else GAMES_A_DAY
    if len(latest) < most or (again_at := latest[most - 1].began_at + DAY) <= at:
        return
    shown = rfc3339(again_at)
    detail = f"The same two begin {GAMES_A_DAY} rated games in 24 hours at most: again from {shown}, unrated any time."
    raise PlayedEnough(detail, again_at=shown)


def begun(game: Game, latest: Sequence[Match], at: datetime) -> Match | None:
    """Return the match a game begins, numbered after the latest of the same two; nothing where it begins none.

    Raises PlayedEnough.
    """
    if not begins(game) or game.user_id is None or game.opponent_id is None:
        return None
    require_another(latest, game.variant, at)
    number = latest[0].number + 1 if latest else 1
    return Match(*pair(game.user_id, game.opponent_id), game.variant, number, game.id, at)

"""How far apart two may be who are matched: a little at first, more the longer somebody waits, at last anybody."""

from datetime import datetime, timedelta
from typing import Final

from noughts.games.model.games import Game, Wish
from noughts.games.rules import Mark
from noughts.kit.errors import Forbidden, Invalid
from noughts.kit.tokens import UserId

_STEPS: Final = ((timedelta(seconds=3), 150), (timedelta(seconds=6), 300), (timedelta(seconds=10), 600))
"""After so long somebody within so many rating points will do; after the last, anybody."""
WAITS: Final = timedelta(seconds=30)
"""How long somebody who was connected goes on waiting after their connection was last seen."""


def within(since: datetime, at: datetime) -> int | None:
    """Return how far away an opponent may be of somebody who has waited since then; nothing: any will do."""
    return next((points for after, points in _STEPS if at - since < after), None)


def fit(one: Game, other: Game, at: datetime) -> bool:
    """Return whether two who wait would do for each other: the same game, different marks unless it was drawn, near enough."""
    if one.user_id == other.user_id or (one.mark == other.mark and not one.drawn and not other.drawn):
        return False
    if (one.variant, one.time, one.rated) != (other.variant, other.time, other.rated):
        return False
    allowed = within(min(one.created_at, other.created_at), at)
    return allowed is None or abs((one.user_rating or 0) - (other.user_rating or 0)) <= allowed


def meet(one: Game, other: Game) -> tuple[Game, Game]:
    """Return in whose game two meet that fit, and whose is called off: never that of who insists on the mark both have."""
    return (other, one) if one.mark == other.mark and not other.drawn else (one, other)


def waits(game: Game, user_id: UserId) -> bool:
    """Return whether it is somebody's own game, and waits for anyone."""
    return game.status == "open" and game.seat == "anyone" and game.user_id == user_id


def require_ratable(wish: Wish, kind: str) -> None:
    """Raise Forbidden for guests, and Invalid where nothing can be rated: among friends."""
    if not wish.rated:
        return
    if kind == "guest":
        raise Forbidden("Guests play without a rating: sign up first.")
    if wish.seat == "invite" and wish.opponent is None:
        raise Invalid.field("#/rated", "invite", "Games by invitation are not rated.")


def unwanted(wish: Wish) -> Mark | None:
    """Return the mark an opponent may not have: one's own, if it matters."""
    return None if wish.mark == "random" else wish.mark

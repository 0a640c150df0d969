"""How good somebody is (Glicko-2): against people, and apart from that against the computer; for each variant."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from glicko2.math import mu_to_rating, phi_to_rd, rating_to_mu, rd_to_phi, update_rating

from noughts.games.model.games import OTHER, Game, GameId
from noughts.games.rules import Mark
from noughts.kit.tokens import UserId
from noughts.ports.games import Against

FIRST: Final = 1500.0
_FIRST_DEVIATION: Final = 350.0
_FIRST_VOLATILITY: Final = 0.06
ESTABLISHED: Final = 5
"""Rated games after which somebody stands on a leaderboard."""
_COMPUTER_DEVIATION: Final = 30.0
COMPUTERS: Final = {1: 1182.0, 2: 1304.0, 3: 1500.0, 4: 1583.0, 5: 1658.0, 6: 1693.0, 7: 1739.0}
"""What the levels are worth, in Elo from their measured scores against level 3: 1500 + 400 log10(s / (1 - s))."""


class Rating(msgspec.Struct, frozen=True, array_like=True):
    """One row of `ratings`, in the order of its columns."""

    user_id: UserId
    variant: str
    against: Against
    rating: float
    deviation: float
    volatility: float
    games: int
    updated_at: datetime

    @property
    def shown(self) -> int:
        """The rating as a whole number."""
        return round(self.rating)


class Rated(msgspec.Struct, frozen=True, array_like=True):
    """What a game made of somebody's rating: one row of `rated_games`."""

    user_id: UserId
    variant: str
    against: Against
    game_id: GameId
    rating: int
    change: int
    at: datetime


class Change(msgspec.Struct, frozen=True):
    """What a rated game did to one of its players."""

    before: Rating
    after: Rating


def first(user_id: UserId, variant: str, against: Against, at: datetime) -> Rating:
    """Return what everybody begins with."""
    return Rating(user_id, variant, against, FIRST, _FIRST_DEVIATION, _FIRST_VOLATILITY, 0, at)


def of_level(level: int) -> tuple[float, float]:
    """Return what a level of the computer is worth, and how sure that is. It is measured, and does not change."""
    return COMPUTERS[level], _COMPUTER_DEVIATION


def score(game: Game, mark: Mark) -> float:
    """Return what a finished game is worth to one side: 1, 0.5 or 0."""
    return 0.5 if game.result == "draw" else float(game.result == mark)


def after(before: Rating, opponent: float, deviation: float, points: float, at: datetime) -> Rating:
    """Return somebody's rating after one game, taken as a rating period of its own."""
    played = [(rating_to_mu(opponent), rd_to_phi(deviation), points)]
    now = update_rating(rating_to_mu(before.rating), rd_to_phi(before.deviation), before.volatility, played)
    return msgspec.structs.replace(
        before,
        rating=mu_to_rating(now.mu),
        deviation=phi_to_rd(now.phi),
        volatility=now.sigma,
        games=before.games + 1,
        updated_at=at,
    )


def seated(game: Game, shown: Mapping[UserId, int]) -> Game:
    """Return a new game whose two sit down with these ratings; who is not among them, with what they had."""
    if game.user_id is None or game.opponent_id is None:
        return game
    return msgspec.structs.replace(
        game,
        user_rating=shown.get(game.user_id, game.user_rating),
        opponent_rating=shown.get(game.opponent_id, game.opponent_rating),
    )


def changes(game: Game, owner: Rating, opponent: Rating, at: datetime) -> list[Change]:
    """Return what a finished game between two people does to both, each judged by how the other stood before it."""
    return [
        Change(owner, after(owner, opponent.rating, opponent.deviation, score(game, game.mark), at)),
        Change(opponent, after(opponent, owner.rating, owner.deviation, score(game, OTHER[game.mark]), at)),
    ]

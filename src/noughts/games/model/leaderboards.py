"""Who is best at a variant."""

from collections.abc import Iterable, Mapping

import msgspec

from noughts.games.model.games import Variant
from noughts.games.model.ratings import Rating
from noughts.kit.tokens import UserId
from noughts.ports import users
from noughts.ports.games import Against, Card


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """One line: whoever shares a rating shares the rank, and the next one is as much lower (1, 2, 2, 4)."""

    rank: int
    player: Card
    rating: int
    deviation: int
    games: int


class Leaderboard(msgspec.Struct, frozen=True, kw_only=True):
    """The best at a variant with at least five rated games, at most 100, the best first."""

    variant: Variant
    against: Against
    items: list[Ranked]


def ranked(best: Iterable[Rating], cards: Mapping[UserId, users.Card]) -> list[Ranked]:
    """Return the lines of ratings that come with the best first, without those of people who are being deleted."""
    lines: list[Ranked] = []
    for place, one in enumerate((one for one in best if one.user_id in cards), 1):
        shared = bool(lines) and lines[-1].rating == one.shown
        lines.append(
            Ranked(
                rank=lines[-1].rank if shared else place,
                player=Card.of(cards[one.user_id]),
                rating=one.shown,
                deviation=round(one.deviation),
                games=one.games,
            )
        )
    return lines

"""The table of rated matches that have begun, of the last day."""

from datetime import datetime
from typing import Final

import msgspec

from noughts.games.model.games import Game, Variant
from noughts.games.model.matches import GAMES_A_DAY, Match, pair
from noughts.kit.database import Database, Query, Sql, Write, columns
from noughts.kit.tokens import UserId

_LATEST: Final = Query(
    f"SELECT {columns(Match)} FROM rated_matches WHERE low_id = $1 AND high_id = $2 AND variant = $3"
    f" ORDER BY number DESC LIMIT {GAMES_A_DAY}",
    Match,
)
# It writes only where the number is free: of two matches that begin at once one is second, and is decided on again.
_ADD: Final = Sql(
    f"INSERT INTO rated_matches ({columns(Match)}) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"
)
_REMOVE: Final = Sql("DELETE FROM rated_matches WHERE low_id = $1 AND high_id = $2 AND variant = $3 AND game_id = $4")
_PURGE: Final = Sql("DELETE FROM rated_matches WHERE began_at <= $1")


class MatchStore:
    """Rated matches in the database. Every method is one transaction, or the writes that belong into one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def latest(self, one: UserId, other: UserId, variant: Variant) -> list[Match]:
        """Return the latest matches of two, as many as may begin in a day, the newest first."""
        return await self._database.scan(_LATEST, *pair(one, other), variant)

    async def purge(self, until: datetime) -> None:
        """Forget the matches that began until then."""
        await self._database.write(Write(_PURGE, (until,), rows=None))


def noted(match: Match) -> Write:
    """Return the write that stores a match; it misses where another of the same two was first."""
    return Write(_ADD, msgspec.structs.astuple(match))


def struck(one: UserId, other: UserId, game: Game) -> Write:
    """Return the write that forgets the match a game of two began."""
    return Write(_REMOVE, (*pair(one, other), game.variant, game.id), rows=None)

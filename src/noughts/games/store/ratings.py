"""The tables of ratings, and what each rated game did to them."""

from typing import Final

from noughts.games.model.games import GameId
from noughts.games.model.ratings import ESTABLISHED, Change, Rated, Rating
from noughts.kit.database import Database, Query, Sql, Write, columns
from noughts.kit.tokens import UserId
from noughts.ports.games import Against

_ALL: Final = columns(Rating)
_OF: Final = Query(f"SELECT {_ALL} FROM ratings WHERE user_id = $1 AND variant = $2 AND against = $3", Rating)
_ALL_OF: Final = Query(f"SELECT {_ALL} FROM ratings WHERE user_id = $1 ORDER BY updated_at DESC LIMIT $2", Rating)
_BEST: Final = Query(
    f"SELECT {_ALL} FROM ratings WHERE variant = $1 AND against = $2 AND games >= {ESTABLISHED}"
    " ORDER BY rating DESC LIMIT $3",
    Rating,
)
_HISTORY: Final = Query(
    f"SELECT {columns(Rated)} FROM rated_games WHERE user_id = $1 AND variant = $2 AND against = $3"
    " ORDER BY game_id DESC LIMIT $4",
    Rated,
)
# Each writes only where the rating is still the one it was worked out from.
_ADD: Final = Sql(f"INSERT INTO ratings ({_ALL}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING")
_REPLACE: Final = Sql(
    "UPDATE ratings SET rating = $4, deviation = $5, volatility = $6, games = $7, updated_at = $8"
    " WHERE user_id = $1 AND variant = $2 AND against = $3 AND games = $9"
)
_NOTE: Final = Sql(f"INSERT INTO rated_games ({columns(Rated)}) VALUES ($1, $2, $3, $4, $5, $6, $7)")


class RatingStore:
    """Ratings in the database. Every method is one transaction, or the writes that belong into one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, user_id: UserId, variant: str, against: Against) -> Rating | None:
        """Return somebody's rating, if they have one."""
        return await self._database.fetch(_OF, user_id, variant, against)

    async def all_of(self, user_id: UserId, limit: int) -> list[Rating]:
        """Return somebody's ratings, that of the latest rated game first."""
        return await self._database.scan(_ALL_OF, user_id, limit)

    async def best(self, variant: str, against: Against, limit: int) -> list[Rating]:
        """Return the best of those with at least five rated games, the best first."""
        return await self._database.scan(_BEST, variant, against, limit)

    async def history(self, user_id: UserId, variant: str, against: Against, limit: int) -> list[Rated]:
        """Return what somebody's latest rated games did, the newest first."""
        return await self._database.scan(_HISTORY, user_id, variant, against, limit)


def changed(game_id: GameId, change: Change) -> tuple[Write, Write]:
    """Return the writes that store what a game did to a rating; they miss where another game was first."""
    before, after = change.before, change.after
    key = (after.user_id, after.variant, after.against)
    values = (after.rating, after.deviation, after.volatility, after.games, after.updated_at)
    kept = Write(_REPLACE, (*key, *values, before.games)) if before.games else Write(_ADD, (*key, *values))
    note = (*key, game_id, after.shown, after.shown - before.shown, after.updated_at)
    return kept, Write(_NOTE, note)

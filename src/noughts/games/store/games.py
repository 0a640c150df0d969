"""The `games` table, and every statement about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from noughts.games.model.games import Game, GameId, Status, Variant
from noughts.games.model.records import Tally
from noughts.games.rules import Mark
from noughts.kit.database import Database, Missed, Orphaned, Query, Sql, Taken, Write, among, columns, padded
from noughts.kit.errors import InvalidToken
from noughts.kit.idempotency import UNIQUE_KEY
from noughts.kit.tokens import UserId
from noughts.ports.games import ASKED_AT_ONCE, COUNTED


class Overtaken(Exception):
    """Something else happened first; nothing was written."""


class KeyUsed(Exception):
    """The creation's Idempotency-Key has been used before; nothing was written."""


class Player(msgspec.Struct, frozen=True, array_like=True):
    """Somebody who played."""

    user_id: UserId


class Count(msgspec.Struct, frozen=True, array_like=True):
    """How many there are."""

    games: int


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody looks for an opponent: which games would do, and how far from their rating (`None`: never mind)."""

    variant: Variant
    time: str | None
    rated: bool
    user_id: UserId
    unwanted: Mark | None = None
    rating: int | None = None
    within: int | None = None
    at: datetime


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """Which games of a player a viewer wants listed: newest first, from the one after `after` on."""

    player: UserId
    viewer: UserId
    status: Status | None = None
    variant: Variant | None = None
    after: GameId | None = None
    limit: int = 20


_FIELDS: Final = Game.__struct_fields__
_ALL: Final = columns(Game)
_REMEMBERED: Final = 4_096
_LAST_ID: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_FIRST_ID: Final = "00000000-0000-0000-0000-000000000000"
_VALUES: Final = ", ".join(f"${n}" for n in range(1, len(_FIELDS) + 1))
_SET: Final = (
    "moves", "ply", "pos", "seq", "turn", "status", "result", "reason", "updated_at",
    "opponent_id", "x_ms", "o_ms", "deadline", "offers", "takebacks", "next_id", "opponent_rating", "waits_until",
)  # fmt: skip
_SET_BY_MOVE: Final = _SET[:9]
"""What a move changes where there is no clock and nothing was offered: the most frequent of all writes."""


def _set(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = ${n}" for n, name in enumerate(names, 3))


def _fitting(variant: str, mark: str, user: str, time: str, rated: str, at: str) -> str:
    """Return the condition of a game somebody could join: another's (and not one whose owner is gone), of the other mark."""
    return (
        f"status = 'open' AND seat = 'anyone' AND variant = {variant} AND mark <> {mark} AND user_id <> {user}"
        f" AND coalesce(time, '') = {time} AND rated = {rated} AND (waits_until IS NULL OR waits_until > {at})"
    )


def _shelf(person: str) -> str:
    return (
        f"SELECT {_ALL} FROM games WHERE {person} = $1 AND id < $2 AND (seat = 'anyone' OR user_id = $3 OR opponent_id = $3)"
        " AND ($4 = '' OR status = $4) AND ($5 = '' OR variant = $5) ORDER BY id DESC LIMIT $6"
    )


def _tally(person: str, seat: str, *, owns: bool) -> str:
    """Return how the latest games on one side ended; the index of finished games holds all it asks for."""
    theirs = f"{person} = $1 AND seat = '{seat}' AND status = 'finished' ORDER BY id DESC LIMIT {COUNTED}"
    return (
        f"SELECT {owns} AS owns, seat, mark, result, count(*) FROM"
        f" (SELECT seat, mark, result FROM games WHERE {theirs}) AS {person}_{seat} GROUP BY seat, mark, result"
    )


def _latest(person: str) -> str:
    theirs = f"{person} = $1 AND seat = 'anyone' AND status = 'finished'"
    return f"SELECT {_ALL} FROM games WHERE {theirs} ORDER BY id DESC LIMIT $2"


def _unfinished(person: str) -> str:
    return f"SELECT {_ALL} FROM games WHERE {person} = $1 AND status IN ('open', 'playing')"


def _played(person: str) -> str:
    seats = f"{person} IN {among(1, ASKED_AT_ONCE)} AND status = 'finished' AND seat <> 'computer'"
    return f"SELECT {person} FROM games WHERE {seats}"


_BY_ID: Final = Query(f"SELECT {_ALL} FROM games WHERE id = $1", Game)
_FITS: Final = _fitting("$1", "$2", "$3", "$4", "$5", "$6")
_OLDEST_FITTING: Final = Query(
    f"SELECT {_ALL} FROM games WHERE {_FITS} AND (abs(coalesce(user_rating, 0) - $7) <= $8) ORDER BY id LIMIT 1",
    Game,
)
# Each half walks its own index newest first and stops at the limit; an OR would sort all of the player's games.
_SHELF: Final = Query(
    f"SELECT {_ALL} FROM (SELECT * FROM ({_shelf('user_id')}) AS own"
    f" UNION ALL SELECT * FROM ({_shelf('opponent_id')}) AS other) AS games ORDER BY id DESC LIMIT $6",
    Game,
)
_UNFINISHED: Final = Query(f"{_unfinished('user_id')} UNION ALL {_unfinished('opponent_id')} LIMIT $2", Game)
_PLAYED_HUMANS: Final = Query(f"{_played('user_id')} UNION {_played('opponent_id')}", Player)
_TALLIES: Final = Query(
    " UNION ALL ".join(
        _tally(person, seat, owns=person == "user_id")
        for person in ("user_id", "opponent_id")
        for seat in ("anyone", "computer")
    ),
    Tally,
)
_LATEST: Final = Query(
    f"SELECT {_ALL} FROM (SELECT * FROM ({_latest('user_id')}) AS own"
    f" UNION ALL SELECT * FROM ({_latest('opponent_id')}) AS other) AS games ORDER BY id DESC LIMIT $2",
    Game,
)
_WAITING: Final = Query(
    f"SELECT {_ALL} FROM games WHERE status = 'open' AND seat = 'anyone' AND user_id IS NOT NULL ORDER BY id LIMIT $1",
    Game,
)
_PLAYING: Final = Query(
    "SELECT count(*) FROM (SELECT updated_at FROM games WHERE status = 'playing' ORDER BY id DESC LIMIT $2) AS newest"
    " WHERE updated_at > $1",
    Count,
)
_PENDING: Final = Query(
    f"SELECT {_ALL} FROM games WHERE status = 'playing' AND seat = 'computer' AND turn <> mark AND updated_at <= $1"
    " AND id > $2 ORDER BY id LIMIT $3",
    Game,
)
_INSERT: Final = Sql(f"INSERT INTO games ({_ALL}) VALUES ({_VALUES})")
_AS_INSERTED: Final = {name: f"${n}" for n, name in enumerate(_FIELDS, 1)}
_SOUGHT: Final = [f"${n}" for n in range(len(_FIELDS) + 1, len(_FIELDS) + 4)]
_IN_THE_WAY: Final = _fitting(
    _AS_INSERTED["variant"], _SOUGHT[0], _AS_INSERTED["user_id"], _SOUGHT[1], _AS_INSERTED["rated"],
    _AS_INSERTED["created_at"],
)  # fmt: skip
_INSERT_IF_ALONE: Final = Sql(
    f"INSERT INTO games ({_ALL}) SELECT {_VALUES} WHERE NOT EXISTS (SELECT 1 FROM games WHERE {_IN_THE_WAY}"
    f" AND abs(coalesce(user_rating, 0) - coalesce({_AS_INSERTED['user_rating']}, 0)) <= {_SOUGHT[2]})"
)
_PLAY: Final = Sql(f"UPDATE games SET {_set(_SET_BY_MOVE)} WHERE id = $1 AND seq = $2")
_REPLACE: Final = Sql(f"UPDATE games SET {_set(_SET)} WHERE id = $1 AND seq = $2")
_JOIN: Final = Sql(f"UPDATE games SET {_set(_SET)} WHERE id = $1 AND seq = $2 AND opponent_id IS NULL")
_WAITS: Final = Sql("UPDATE games SET waits_until = $2 WHERE id = $1 AND status = 'open'")
_OVERDUE: Final = Query(
    f"SELECT {_ALL} FROM games WHERE status = 'playing' AND time IS NOT NULL AND deadline <= $1 AND id > $2"
    " ORDER BY id LIMIT $3",
    Game,
)
_GIVEN_UP: Final = Query(
    f"SELECT {_ALL} FROM games WHERE status = 'open' AND seat = 'anyone' AND waits_until <= $1 ORDER BY id LIMIT $2",
    Game,
)
_CHALLENGES: Final = Query(
    f"SELECT {_ALL} FROM games WHERE invited_id = $1 AND status = 'open' AND id > $2 ORDER BY id LIMIT $3", Game
)
_VERSUS: Final = Query(
    f"SELECT {_ALL} FROM games WHERE status = 'finished' AND (seat = 'anyone' OR invited_id IS NOT NULL)"
    " AND ((user_id = $1 AND opponent_id = $2) OR (user_id = $2 AND opponent_id = $1)) ORDER BY id DESC LIMIT $3",
    Game,
)
_WIDEST: Final = 1_000_000


class GameStore:
    """Games in the database. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: dict[GameId, Game] = {}

    def recent(self, game_id: GameId) -> Game | None:
        """Return an unfinished game as this process last wrote it, if it remembers; others may have gone on since."""
        return self._recent.get(game_id)

    async def get(self, game_id: GameId) -> Game | None:
        """Return a game, whoever may see it."""
        return await self._database.fetch(_BY_ID, game_id)

    async def oldest_fitting(self, wanted: Search) -> Game | None:
        """Return the game that has waited longest for somebody like that."""
        rating = wanted.rating or 0
        within = _WIDEST if wanted.within is None else wanted.within
        return await self._database.fetch(
            _OLDEST_FITTING, wanted.variant, wanted.unwanted or "", wanted.user_id, wanted.time or "", wanted.rated,
            wanted.at, rating, within,
        )  # fmt: skip

    async def overdue(self, at: datetime, after: GameId | None, limit: int) -> list[Game]:
        """Return games in which the time of who is to move is over, by id."""
        return await self._database.scan(_OVERDUE, at, after or _FIRST_ID, limit)

    async def given_up(self, at: datetime, limit: int) -> list[Game]:
        """Return games whose owners do not wait any more."""
        return await self._database.scan(_GIVEN_UP, at, limit)

    async def wait(self, game_id: GameId, until: datetime) -> None:
        """Say how long the owner of a waiting game goes on waiting, unless it has begun."""
        await self._database.write(Write(_WAITS, (game_id, until), rows=None))

    async def challenges(self, user_id: UserId, after: GameId | None, limit: int) -> list[Game]:
        """Return the challenges to somebody that wait for an answer, the oldest first."""
        return await self._database.scan(_CHALLENGES, user_id, after or _FIRST_ID, limit)

    async def versus(self, one: UserId, other: UserId, limit: int) -> list[Game]:
        """Return the latest finished games between two people, the newest first, without those by invitation."""
        return await self._database.scan(_VERSUS, one, other, limit)

    async def shelf(self, wanted: Shelf) -> list[Game]:
        """Return a player's games as far as the viewer may see them, newest first."""
        return await self._database.scan(
            _SHELF,
            wanted.player,
            wanted.after or _LAST_ID,
            wanted.viewer,
            wanted.status or "",
            wanted.variant or "",
            wanted.limit,
        )

    async def unfinished_of(self, user_id: UserId, limit: int) -> list[Game]:
        """Return games of a person that are not over."""
        return await self._database.scan(_UNFINISHED, user_id, limit)

    async def played_humans(self, user_ids: Sequence[UserId]) -> set[UserId]:
        """Return those among at most 100 people who finished a game with another person."""
        rows = await self._database.scan(_PLAYED_HUMANS, *padded(user_ids, ASKED_AT_ONCE))
        return {row.user_id for row in rows}

    async def tallies(self, user_id: UserId) -> list[Tally]:
        """Return how many of somebody's finished games ended in which way, without those by invitation."""
        return await self._database.scan(_TALLIES, user_id)

    async def latest_public(self, user_id: UserId, limit: int) -> list[Game]:
        """Return the latest finished games of a person that were open to anyone, the newest first."""
        return await self._database.scan(_LATEST, user_id, limit)

    async def waiting(self, limit: int) -> list[Game]:
        """Return games that wait for anyone, the oldest first."""
        return await self._database.scan(_WAITING, limit)

    async def playing_since(self, since: datetime, newest: int) -> int:
        """Return in how many of the newest unfinished games something happened after that time."""
        return sum(count.games for count in await self._database.scan(_PLAYING, since, newest))

    async def awaiting_computer(self, until: datetime, after: GameId | None, limit: int) -> list[Game]:
        """Return games in which the computer has been to move since `until` at the latest, by id."""
        return await self._database.scan(_PENDING, until, after or _FIRST_ID, limit)

    async def add(self, game: Game, *rows: Write) -> None:
        """Store a new game; raises KeyUsed, InvalidToken for somebody erased a moment ago."""
        await self._write(added(game), *rows)

    async def add_if_alone(self, game: Game, wanted: Search, *rows: Write) -> None:
        """Store a game that waits for anyone; raises Overtaken while one waits that its owner could join, KeyUsed."""
        within = _WIDEST if wanted.within is None else wanted.within
        args = (*msgspec.structs.astuple(game), wanted.unwanted or "", wanted.time or "", within)
        await self._write(Write(_INSERT_IF_ALONE, args), *rows)

    async def play(self, before: Game, after: Game, *rows: Write) -> None:
        """Store what happened in a game and what belongs to it; raises Overtaken unless nothing happened since `before`.

        Whatever happens raises `seq`, so that one comparison stands for position, turn and status.
        """
        plain = before.time is None and before.offers == after.offers and before.next_id == after.next_id
        names, sql = (_SET_BY_MOVE, _PLAY) if plain and before.takebacks == after.takebacks else (_SET, _REPLACE)
        await self._write(Write(sql, (before.id, before.seq, *_values(after, names))), *rows)
        self._remember(after)

    async def join(self, before: Game, after: Game, *rows: Write) -> None:
        """Store who took the free seat; raises Overtaken when somebody else did, KeyUsed."""
        await self._write(Write(_JOIN, (before.id, before.seq, *_values(after, _SET))), *rows)
        self._remember(after)

    def _remember(self, game: Game) -> None:
        self._recent.pop(game.id, None)
        if game.is_over:
            return
        if len(self._recent) >= _REMEMBERED:
            del self._recent[next(iter(self._recent))]
        self._recent[game.id] = game

    async def _write(self, *statements: Write) -> None:
        try:
            await self._database.write(*statements)
        except Missed:
            raise Overtaken from None
        except Orphaned:
            raise InvalidToken("The account is gone.") from None
        except Taken as taken:
            raise KeyUsed from None if taken.key == UNIQUE_KEY else taken


def added(game: Game) -> Write:
    """Return the write that stores a new game."""
    return Write(_INSERT, msgspec.structs.astuple(game))


def ended(before: Game, after: Game) -> Write:
    """Return the write that stores the end of a game, and misses where something else happened first."""
    return Write(_REPLACE, (before.id, before.seq, *_values(after, _SET)))


def _values(game: Game, names: tuple[str, ...]) -> tuple[str | int | datetime | None, ...]:
    return tuple([getattr(game, name) for name in names])

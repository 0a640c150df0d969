"""Every statement about the `games` table."""

from typing import Final

import msgspec

from noughts.games.model.games import Game, GameId
from noughts.games.model.matches import GAMES_A_DAY, SERIES_A_DAY
from noughts.games.model.records import Tally
from noughts.kit.database import Query, Sql, among, columns
from noughts.kit.tokens import UserId
from noughts.ports.games import ASKED_AT_ONCE, COUNTED


class Player(msgspec.Struct, frozen=True, array_like=True):
    """Somebody who played."""

    user_id: UserId


class At(msgspec.Struct, frozen=True, array_like=True):
    """How far a game has come."""

    id: GameId
    seq: int


class Count(msgspec.Struct, frozen=True, array_like=True):
    """How many there are."""

    games: int


FIELDS: Final = Game.__struct_fields__
ALL: Final = columns(Game)
REMEMBERED: Final = 4_096
LAST_ID: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
FIRST_ID: Final = "00000000-0000-0000-0000-000000000000"
VALUES: Final = ", ".join(f"${n}" for n in range(1, len(FIELDS) + 1))
SET_BY_MOVE: Final = ("moves", "ply", "pos", "seq", "turn", "updated_at")
"""What a move changes that neither ends a game nor stops a clock nor answers an offer: the most frequent of all writes."""
SET_IN_PLAY: Final = (*SET_BY_MOVE, "x_ms", "o_ms", "deadline", "offers", "takebacks")
"""What changes while a game goes on. No index, nor its condition, looks at any of it."""
SET_AT_END: Final = (*SET_IN_PLAY, "status", "result", "reason", "next_id", "waits_until")
"""What changes as a game ends, and after. No index of who sits there looks at any of it."""
SET_BY_JOINING: Final = (*SET_AT_END, "opponent_id", "opponent_rating")


def _set(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = ${n}" for n, name in enumerate(names, 3))


def _fitting(variant: str, mark: str, user: str, time: str, rated: str, at: str) -> str:
    """Return the condition of a game somebody could join: another's (and not one whose owner is gone), of the other mark."""
    return (
        f"status = 'open' AND seat = 'anyone' AND variant = {variant} AND mark <> {mark} AND user_id <> {user}"
        f" AND coalesce(time, '') = {time} AND rated = {rated} AND (waits_until IS NULL OR waits_until > {at})"
    )


def _fresh(user: str, since: str) -> str:
    """Return the condition that somebody may begin another rated match with the owner of a game, along the key of the table."""
    low, high = (f"CASE WHEN {user} {order} user_id THEN {user} ELSE user_id END" for order in "<>")
    theirs = f"met.low_id = {low} AND met.high_id = {high} AND met.variant = games.variant AND met.began_at > {since}"
    most = f"CASE WHEN series_no IS NULL THEN {GAMES_A_DAY} ELSE {SERIES_A_DAY} END"
    return f"(NOT rated OR (SELECT count(*) FROM rated_matches AS met WHERE {theirs}) < {most})"


def _shelf(person: str, *, between: bool = False) -> str:
    """Return one side's half of a shelf, along an index that ends in the id; each filter says by itself whether it is one."""
    other = "opponent_id" if person == "user_id" else "user_id"
    won, lost = ("won", "lost") if person == "user_id" else ("lost", "won")
    fared = f"CASE WHEN result IS NULL THEN '' WHEN result = 'draw' THEN 'drawn' WHEN result = mark THEN '{won}' ELSE '{lost}' END"
    return (
        f"SELECT {ALL} FROM games WHERE {person} = $1 AND id < $2 AND id >= $7"
        f"{f' AND {other} = $10' if between else ''}"
        " AND (seat = 'anyone' OR user_id = $3 OR opponent_id = $3)"
        " AND ($4 = '' OR status = $4) AND ($5 = '' OR variant = $5) AND ($8 = '' OR rated = ($8 = 'yes'))"
        f" AND ($9 = '' OR $9 = {fared}) ORDER BY id DESC LIMIT $6"
    )


def _both(own: str, other: str, limit: str) -> str:
    """Return both halves as one list: each walks its own index newest first and stops; an OR would sort all there are."""
    halves = f"SELECT * FROM ({own}) AS own UNION ALL SELECT * FROM ({other}) AS other"
    return f"SELECT {ALL} FROM ({halves}) AS games ORDER BY id DESC LIMIT {limit}"


def _between(one: str, other: str) -> str:
    public = f"user_id = {one} AND opponent_id = {other} AND status = 'finished' AND seat = 'anyone'"
    return f"SELECT {ALL} FROM games WHERE {public} ORDER BY id DESC LIMIT $3"


def _score(one: str, other: str, *, owns: bool) -> str:
    theirs = f"user_id = {one} AND opponent_id = {other} AND status = 'finished' AND seat <> 'invite'"
    latest = f"SELECT seat, mark, result FROM games WHERE {theirs} ORDER BY id DESC LIMIT {COUNTED}"
    side = "own" if owns else "other"
    return f"SELECT {owns} AS owns, seat, mark, result, count(*) FROM ({latest}) AS {side} GROUP BY seat, mark, result"


def _tally(person: str, seat: str, *, owns: bool) -> str:
    """Return how the latest games on one side ended; the index of finished games holds all it asks for."""
    theirs = f"{person} = $1 AND seat = '{seat}' AND status = 'finished' ORDER BY id DESC LIMIT {COUNTED}"
    return (
        f"SELECT {owns} AS owns, seat, mark, result, count(*) FROM"
        f" (SELECT seat, mark, result FROM games WHERE {theirs}) AS {person}_{seat} GROUP BY seat, mark, result"
    )


def _latest(person: str) -> str:
    theirs = f"{person} = $1 AND seat = 'anyone' AND status = 'finished'"
    return f"SELECT {ALL} FROM games WHERE {theirs} ORDER BY id DESC LIMIT $2"


def _unfinished(person: str) -> str:
    return f"SELECT {ALL} FROM games WHERE {person} = $1 AND status IN ('open', 'playing')"


def _played(person: str) -> str:
    seats = f"{person} IN {among(1, ASKED_AT_ONCE)} AND status = 'finished' AND seat <> 'computer'"
    return f"SELECT {person} FROM games WHERE {seats}"


BY_ID: Final = Query(f"SELECT {ALL} FROM games WHERE id = $1", Game)
FITS: Final = _fitting("$1", "$2", "$3", "$4", "$5", "$6")
OLDEST_FITTING: Final = Query(
    f"SELECT {ALL} FROM games WHERE {FITS} AND (abs(coalesce(user_rating, 0) - $7) <= $8) AND {_fresh('$3', '$9')} ORDER BY id LIMIT 1",
    Game,
)
SHELF: Final = Query(_both(_shelf("user_id"), _shelf("opponent_id"), "$6"), Game)
SHELF_BETWEEN: Final = Query(_both(_shelf("user_id", between=True), _shelf("opponent_id", between=True), "$6"), Game)
UNFINISHED: Final = Query(f"{_unfinished('user_id')} UNION ALL {_unfinished('opponent_id')} LIMIT $2", Game)
AT: Final = Query(f"SELECT id, seq FROM games WHERE id IN {among(1, ASKED_AT_ONCE)}", At)
PLAYED_HUMANS: Final = Query(f"{_played('user_id')} UNION {_played('opponent_id')}", Player)
TALLIES: Final = Query(
    " UNION ALL ".join(
        _tally(person, seat, owns=person == "user_id")
        for person in ("user_id", "opponent_id")
        for seat in ("anyone", "computer")
    ),
    Tally,
)
LATEST: Final = Query(_both(_latest("user_id"), _latest("opponent_id"), "$2"), Game)
WAITING: Final = Query(
    f"SELECT {ALL} FROM games WHERE status = 'open' AND seat = 'anyone' AND user_id IS NOT NULL ORDER BY id LIMIT $1",
    Game,
)
PLAYING: Final = Query(
    "SELECT count(*) FROM (SELECT updated_at FROM games WHERE status = 'playing' ORDER BY id DESC LIMIT $2) AS newest"
    " WHERE updated_at > $1",
    Count,
)
PENDING: Final = Query(
    f"SELECT {ALL} FROM games WHERE status = 'playing' AND seat = 'computer' AND turn <> mark AND updated_at <= $1"
    " AND id > $2 ORDER BY id LIMIT $3",
    Game,
)
INSERT: Final = Sql(f"INSERT INTO games ({ALL}) VALUES ({VALUES})")
AS_INSERTED: Final = {name: f"${n}" for n, name in enumerate(FIELDS, 1)}
SOUGHT: Final = [f"${n}" for n in range(len(FIELDS) + 1, len(FIELDS) + 5)]
IN_THE_WAY: Final = _fitting(
    AS_INSERTED["variant"], SOUGHT[0], AS_INSERTED["user_id"], SOUGHT[1], AS_INSERTED["rated"],
    AS_INSERTED["created_at"],
)  # fmt: skip
INSERT_IF_ALONE: Final = Sql(
    f"INSERT INTO games ({ALL}) SELECT {VALUES} WHERE NOT EXISTS (SELECT 1 FROM games WHERE {IN_THE_WAY}"
    f" AND abs(coalesce(user_rating, 0) - coalesce({AS_INSERTED['user_rating']}, 0)) <= {SOUGHT[2]}"
    f" AND {_fresh(AS_INSERTED['user_id'], SOUGHT[3])})"
)
PLAY: Final = Sql(f"UPDATE games SET {_set(SET_BY_MOVE)} WHERE id = $1 AND seq = $2")
GO_ON: Final = Sql(f"UPDATE games SET {_set(SET_IN_PLAY)} WHERE id = $1 AND seq = $2")
END: Final = Sql(f"UPDATE games SET {_set(SET_AT_END)} WHERE id = $1 AND seq = $2")
JOIN: Final = Sql(f"UPDATE games SET {_set(SET_BY_JOINING)} WHERE id = $1 AND seq = $2 AND opponent_id IS NULL")
WAITS: Final = Sql("UPDATE games SET waits_until = $2 WHERE id = $1 AND status = 'open'")
OVERDUE: Final = Query(
    f"SELECT {ALL} FROM games WHERE status = 'playing' AND time IS NOT NULL AND deadline <= $1 AND id > $2"
    " ORDER BY id LIMIT $3",
    Game,
)
GIVEN_UP: Final = Query(
    f"SELECT {ALL} FROM games WHERE status = 'open' AND seat = 'anyone' AND waits_until <= $1 ORDER BY id LIMIT $2",
    Game,
)
CHALLENGES: Final = Query(
    f"SELECT {ALL} FROM games WHERE invited_id = $1 AND status = 'open' AND id > $2 ORDER BY id LIMIT $3", Game
)
VERSUS: Final = Query(_both(_between("$1", "$2"), _between("$2", "$1"), "$3"), Game)
SCORE: Final = Query(f"{_score('$1', '$2', owns=True)} UNION ALL {_score('$2', '$1', owns=False)}", Tally)
WIDEST: Final = 1_000_000

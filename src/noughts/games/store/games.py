"""The `games` table, and every statement about it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

import msgspec

from noughts.games.model.games import Game, GameId, Status, Variant
from noughts.games.model.matches import DAY
from noughts.games.model.records import Tally
from noughts.games.rules import Mark
from noughts.games.store import statements as sql
from noughts.kit.database import Database, Missed, Orphaned, Taken, Then, Write, padded
from noughts.kit.errors import InvalidToken
from noughts.kit.idempotency import UNIQUE_KEY
from noughts.kit.tokens import UserId
from noughts.ports.games import ASKED_AT_ONCE, Fared

_Values = Callable[[Game], tuple[str | int | datetime | None, ...]]
_BY_MOVE: Final[_Values] = attrgetter(*sql.SET_BY_MOVE)
_IN_PLAY: Final[_Values] = attrgetter(*sql.SET_IN_PLAY)
_AT_END: Final[_Values] = attrgetter(*sql.SET_AT_END)
_BY_JOINING: Final[_Values] = attrgetter(*sql.SET_BY_JOINING)


class Overtaken(Exception):
    """Something else happened first; nothing was written."""


class KeyUsed(Exception):
    """The creation's Idempotency-Key has been used before; nothing was written."""


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
    """Which games of a player a viewer wants listed: newest first, from the one after `after` on.

    `since` is the first id that may be among them, `until` the first that may not; `result` is how the player fared.
    """

    player: UserId
    viewer: UserId
    status: Status | None = None
    variant: Variant | None = None
    opponent: UserId | None = None
    rated: bool | None = None
    result: Fared | None = None
    since: str | None = None
    until: str | None = None
    after: GameId | None = None
    limit: int = 20


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
        return await self._database.fetch(sql.BY_ID, game_id)

    async def oldest_fitting(self, wanted: Search) -> Game | None:
        """Return the game that has waited longest for somebody like that."""
        rating = wanted.rating or 0
        within = sql.WIDEST if wanted.within is None else wanted.within
        return await self._database.fetch(
            sql.OLDEST_FITTING, wanted.variant, wanted.unwanted or "", wanted.user_id, wanted.time or "", wanted.rated,
            wanted.at, rating, within, wanted.at - DAY,
        )  # fmt: skip

    async def overdue(self, at: datetime, after: GameId | None, limit: int) -> list[Game]:
        """Return games in which the time of who is to move is over, by id."""
        return await self._database.scan(sql.OVERDUE, at, after or sql.FIRST_ID, limit)

    async def given_up(self, at: datetime, limit: int) -> list[Game]:
        """Return games whose owners do not wait any more."""
        return await self._database.scan(sql.GIVEN_UP, at, limit)

    async def wait(self, game_id: GameId, until: datetime) -> None:
        """Say how long the owner of a waiting game goes on waiting, unless it has begun."""
        await self._database.write(Write(sql.WAITS, (game_id, until), rows=None))

    async def challenges(self, user_id: UserId, after: GameId | None, limit: int) -> list[Game]:
        """Return the challenges to somebody that wait for an answer, the oldest first."""
        return await self._database.scan(sql.CHALLENGES, user_id, after or sql.FIRST_ID, limit)

    async def versus(self, one: UserId, other: UserId, limit: int) -> list[Game]:
        """Return the latest finished games between two that were open to anyone, the newest first."""
        return await self._database.scan(sql.VERSUS, one, other, limit)

    async def score(self, one: UserId, other: UserId) -> list[Tally]:
        """Return how many of the finished games between two ended in which way for the first, without those by invitation."""
        return await self._database.scan(sql.SCORE, one, other)

    async def shelf(self, wanted: Shelf) -> list[Game]:
        """Return a player's games as far as the viewer may see them, newest first."""
        args = (
            wanted.player,
            min(wanted.after or sql.LAST_ID, wanted.until or sql.LAST_ID),
            wanted.viewer,
            wanted.status or "",
            wanted.variant or "",
            wanted.limit,
            wanted.since or sql.FIRST_ID,
            "" if wanted.rated is None else "yes" if wanted.rated else "no",
            wanted.result or "",
        )
        if wanted.opponent is None:
            return await self._database.scan(sql.SHELF, *args)
        return await self._database.scan(sql.SHELF_BETWEEN, *args, wanted.opponent)

    async def unfinished_of(self, user_id: UserId, limit: int) -> list[Game]:
        """Return games of a person that are not over."""
        return await self._database.scan(sql.UNFINISHED, user_id, limit)

    async def how_far(self, game_ids: Sequence[GameId]) -> dict[GameId, int]:
        """Return the `seq` of those among at most 100 games that are there."""
        return {row.id: row.seq for row in await self._database.scan(sql.AT, *padded(game_ids, ASKED_AT_ONCE))}

    async def played_humans(self, user_ids: Sequence[UserId]) -> set[UserId]:
        """Return those among at most 100 people who finished a game with another person."""
        rows = await self._database.scan(sql.PLAYED_HUMANS, *padded(user_ids, ASKED_AT_ONCE))
        return {row.user_id for row in rows}

    async def tallies(self, user_id: UserId) -> list[Tally]:
        """Return how many of somebody's finished games ended in which way, without those by invitation."""
        return await self._database.scan(sql.TALLIES, user_id)

    async def latest_public(self, user_id: UserId, limit: int) -> list[Game]:
        """Return the latest finished games of a person that were open to anyone, the newest first."""
        return await self._database.scan(sql.LATEST, user_id, limit)

    async def waiting(self, limit: int) -> list[Game]:
        """Return games that wait for anyone, the oldest first."""
        return await self._database.scan(sql.WAITING, limit)

    async def playing_since(self, since: datetime, newest: int) -> int:
        """Return in how many of the newest unfinished games something happened after that time."""
        return sum(count.games for count in await self._database.scan(sql.PLAYING, since, newest))

    async def awaiting_computer(self, until: datetime, after: GameId | None, limit: int) -> list[Game]:
        """Return games in which the computer has been to move since `until` at the latest, by id."""
        return await self._database.scan(sql.PENDING, until, after or sql.FIRST_ID, limit)

    async def add(self, game: Game, *rows: Write) -> None:
        """Store a new game; raises KeyUsed, InvalidToken for somebody erased a moment ago."""
        await self._write(added(game), *rows)

    async def add_if_alone(self, game: Game, wanted: Search, *rows: Write) -> None:
        """Store a game that waits for anyone; raises Overtaken while one waits that its owner could join, KeyUsed."""
        within = sql.WIDEST if wanted.within is None else wanted.within
        args = (*msgspec.structs.astuple(game), wanted.unwanted or "", wanted.time or "", within, wanted.at - DAY)
        await self._write(Write(sql.INSERT_IF_ALONE, args), *rows)

    async def play(self, before: Game, after: Game, *rows: Write) -> None:
        """Store what happened in a game and what belongs to it; raises Overtaken unless nothing happened since `before`.

        Whatever happens raises `seq`, so that one comparison stands for position, turn and status.
        """
        await self._write(_changed(before, after), *rows)
        self.remember(after)

    def go_on(self, before: Game, after: Game, then: Then) -> None:
        """Store a move after which the game goes on, while nobody waits; it is for `then` to have it remembered."""
        self._database.submit(then, _changed(before, after))

    async def join(self, before: Game, after: Game, *rows: Write) -> None:
        """Store who took the free seat; raises Overtaken when somebody else did, KeyUsed."""
        await self._write(Write(sql.JOIN, (before.id, before.seq, *_BY_JOINING(after))), *rows)
        self.remember(after)

    def remember(self, game: Game) -> None:
        """Keep an unfinished game in mind as it was written."""
        self._recent.pop(game.id, None)
        if game.is_over:
            return
        if len(self._recent) >= sql.REMEMBERED:
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
    return Write(sql.INSERT, msgspec.structs.astuple(game))


def ended(before: Game, after: Game) -> Write:
    """Return the write that stores how a game ended, or what came after, and misses where something else happened first."""
    return Write(sql.END, (before.id, before.seq, *_AT_END(after)))


def _changed(before: Game, after: Game) -> Write:
    """Return the write that stores a change, of no more columns than may have changed: an index costs more than a game."""
    if not before.status == after.status == "playing":
        return ended(before, after)
    if before.time is None and before.offers == after.offers and before.takebacks == after.takebacks:
        return Write(sql.PLAY, (before.id, before.seq, *_BY_MOVE(after)))
    return Write(sql.GO_ON, (before.id, before.seq, *_IN_PLAY(after)))

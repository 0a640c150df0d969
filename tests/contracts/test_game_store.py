"""What the store of games promises, on every database."""

import asyncio
import itertools
import random
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from noughts import migrations
from noughts.games.model.games import Game, GameId, Variant, Wish
from noughts.games.model.lives import begun, joined, resigned
from noughts.games.model.moves import Attempt, played
from noughts.games.rules import Mark
from noughts.games.store import GameStore, KeyUsed, Overtaken, Search, Shelf, statements
from noughts.kit import ids
from noughts.kit.database import Database, Query, Sql, Write
from noughts.kit.idempotency import Idempotency
from noughts.kit.tokens import UserId
from noughts.ports.users import computer_id
from noughts.users.model import accounts
from noughts.users.store import AccountStore

THEN = datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC)
CLASSIC: Variant = "classic"
Couple = tuple[UserId, UserId]
_COUNT = itertools.count()
_ERASE = Sql("DELETE FROM users WHERE id = $1")


@pytest.fixture
def store(database: Database) -> GameStore:
    return GameStore(database)


@pytest.fixture
async def couple(database: Database) -> Couple:
    """Two people who exist."""
    return await person(database), await person(database)


async def person(database: Database) -> UserId:
    account = accounts.guest(UserId(ids.new()), random.randbytes(8), THEN)
    await AccountStore(database).add(account)
    return account.id


def game_of(user_id: UserId, wish: Wish | None = None, mark: Mark = "X") -> Game:
    """Return a new game with a later id than the one before, which chance decides within a millisecond."""
    game_id = GameId(f"00000000-0000-7000-8000-{next(_COUNT):012x}")
    return begun(game_id, wish or Wish(seat="anyone"), by=user_id, mark=mark, invite="ab" * 32, at=THEN)


def sought(user_id: UserId, unwanted: Mark | None = None) -> Search:
    """Return what somebody looks for who wants a game without a clock."""
    return Search(variant=CLASSIC, time=None, rated=False, user_id=user_id, unwanted=unwanted, at=THEN)


async def test_a_game_comes_back_as_it_was_stored(store: GameStore, couple: Couple) -> None:
    waiting = game_of(couple[0], Wish(seat="computer", level=6))
    await store.add(waiting)
    assert await store.get(waiting.id) == waiting


async def test_a_move_is_stored_once_however_many_try(store: GameStore, couple: Couple) -> None:
    before = await playing(store, couple)
    moves = [played(before, "X", Attempt(0, cell), THEN) for cell in range(9)]
    outcomes = await asyncio.gather(*(store.play(before, move) for move in moves), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(Overtaken) == 8
    assert await store.get(before.id) == moves[outcomes.index(None)]


async def test_a_seat_is_taken_once_however_many_try(store: GameStore, database: Database, couple: Couple) -> None:
    before = game_of(couple[0])
    await store.add(before)
    joins = [joined(before, await person(database), THEN) for _ in range(5)]
    outcomes = await asyncio.gather(*(store.join(before, join) for join in joins), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(Overtaken) == 4
    assert await store.get(before.id) == joins[outcomes.index(None)]


async def test_what_was_written_last_is_remembered_until_the_game_is_over(store: GameStore, couple: Couple) -> None:
    before = await playing(store, couple)
    after = played(before, "X", Attempt(0, 4), THEN)
    await store.play(before, after)
    assert store.recent(before.id) == after
    await store.play(after, resigned(after, "O", THEN))
    assert store.recent(before.id) is None


async def test_the_oldest_game_that_fits_is_found(store: GameStore, couple: Couple) -> None:
    games = [game_of(couple[0], mark="O"), game_of(couple[0]), game_of(couple[0]), game_of(couple[1])]
    for game in games:
        await store.add(game)
    assert await store.oldest_fitting(sought(couple[1], None)) == games[0]
    assert await store.oldest_fitting(sought(couple[1], "O")) == games[1]
    assert await store.oldest_fitting(sought(couple[0], "X")) is None


async def test_a_game_by_invitation_or_of_somebody_gone_fits_nobody(
    store: GameStore, database: Database, couple: Couple
) -> None:
    await store.add(game_of(couple[0], Wish(seat="invite")))
    await store.add(game_of(couple[1]))
    await database.write(Write(_ERASE, (couple[1],)))
    assert await store.oldest_fitting(sought(await person(database), None)) is None


async def test_nobody_waits_while_somebody_fitting_does(store: GameStore, couple: Couple) -> None:
    await store.add_if_alone(game_of(couple[0]), sought(couple[0]))
    await store.add_if_alone(game_of(couple[0]), sought(couple[0]))
    await store.add_if_alone(game_of(couple[1]), sought(couple[1], "X"))
    with pytest.raises(Overtaken):
        await store.add_if_alone(game_of(couple[1]), sought(couple[1]))


async def test_a_key_creates_once_and_its_second_use_writes_nothing(
    store: GameStore, database: Database, couple: Couple
) -> None:
    idempotency = Idempotency(database, b"key", lambda: THEN)
    once = idempotency.once(couple[0], "POST /games", "key", Wish(seat="anyone"))
    first, second = game_of(couple[0]), game_of(couple[0])
    await store.add(first, *idempotency.rows(once, first.id, couple[0]))
    with pytest.raises(KeyUsed):
        await store.add(second, *idempotency.rows(once, second.id, couple[0]))
    assert await store.get(second.id) is None
    assert await idempotency.earlier(once) == first.id


async def test_a_shelf_shows_every_game_once_newest_first_page_by_page(store: GameStore, couple: Couple) -> None:
    games = [(await playing(store, couple[::step])).id for step in (1, -1, 1, -1, 1)]
    seen, after = [], None
    while page := await store.shelf(Shelf(player=couple[0], viewer=couple[0], after=after, limit=2)):
        seen += [game.id for game in page]
        after = seen[-1]
    assert seen == sorted(games, reverse=True)


async def test_a_shelf_keeps_to_what_was_asked_and_may_be_seen(
    store: GameStore, database: Database, couple: Couple
) -> None:
    public, private = game_of(couple[0]), game_of(couple[0], Wish(seat="invite"))
    over = resigned(public, "X", THEN)
    for game in (public, private):
        await store.add(game)
    await store.play(public, over)

    async def listed(wanted: Shelf) -> list[Game]:
        return await store.shelf(wanted)

    mine = Shelf(player=couple[0], viewer=couple[0])
    assert await listed(mine) == [private, over]
    assert await listed(msgspec.structs.replace(mine, viewer=couple[1])) == [over]
    assert await listed(msgspec.structs.replace(mine, status="open", variant=CLASSIC)) == [private]
    assert await listed(msgspec.structs.replace(mine, player=await person(database))) == []


async def test_a_shelf_is_narrowed_to_an_opponent_a_result_and_what_counted(
    store: GameStore, database: Database, couple: Couple
) -> None:
    me, other = couple
    third = await person(database)
    won = await ended(store, couple, loser="O")
    lost = await ended(store, (other, me), loser="O", rated=True)
    drawn = await ended(store, (me, third), loser=None)
    mine = Shelf(player=me, viewer=me)

    async def listed(**different: Any) -> list[str]:
        return [game.id for game in await store.shelf(msgspec.structs.replace(mine, **different))]

    assert await listed() == [drawn, lost, won]
    assert await listed(opponent=other) == [lost, won]
    assert await listed(opponent=third) == [drawn]
    assert await listed(opponent=other, limit=1, after=lost) == [won]
    assert [await listed(result=fared) for fared in ("won", "lost", "drawn")] == [[won], [lost], [drawn]]
    assert [await listed(rated=wanted) for wanted in (True, False)] == [[lost], [drawn, won]]
    assert await listed(opponent=other, result="lost", rated=True, status="finished", variant=CLASSIC) == [lost]


async def test_a_shelf_is_bounded_from_one_game_on_and_before_another(store: GameStore, couple: Couple) -> None:
    first, second, third = [(await playing(store, couple)).id for _ in range(3)]
    mine = Shelf(player=couple[0], viewer=couple[0])

    async def listed(**different: Any) -> list[str]:
        return [game.id for game in await store.shelf(msgspec.structs.replace(mine, **different))]

    assert await listed(since=second) == [third, second]
    assert await listed(until=third) == [second, first]
    assert await listed(since=second, until=third) == [second]
    assert await listed(until=third, after=second) == [first]


async def test_two_are_compared_by_the_games_everybody_may_see(store: GameStore, couple: Couple) -> None:
    me, other = couple
    won = await ended(store, couple, loser="O")
    lost = await ended(store, (other, me), loser="O")
    private = msgspec.structs.replace(game_of(me, Wish(seat="invite")), opponent_id=other, status="playing")
    await store.add(private)
    await store.play(private, resigned(private, "X", THEN))
    await playing(store, couple)
    assert [game.id for game in await store.versus(me, other, 10)] == [lost, won]
    assert [game.id for game in await store.versus(other, me, 1)] == [lost]
    assert sorted((tally.outcome, tally.games) for tally in await store.score(me, other)) == [("lost", 1), ("won", 1)]


async def test_unfinished_games_are_found_on_either_side(store: GameStore, couple: Couple) -> None:
    games = [await playing(store, couple), await playing(store, couple[::-1]), game_of(couple[0])]
    await store.add(games[2])
    await store.play(games[0], resigned(games[0], "X", THEN))
    assert {game.id for game in await store.unfinished_of(couple[0], 10)} == {games[1].id, games[2].id}
    assert len(await store.unfinished_of(couple[0], 1)) == 1


async def test_games_that_await_the_computer_are_found_by_age(store: GameStore, couple: Couple) -> None:
    games = [game_of(couple[0], Wish(seat="computer", level=1), mark) for mark in ("O", "X", "O")]
    for game in games:
        await store.add(game)
    assert await store.awaiting_computer(THEN, None, 10) == [games[0], games[2]]
    assert await store.awaiting_computer(THEN, games[0].id, 10) == [games[2]]
    assert await store.awaiting_computer(THEN - timedelta(milliseconds=1), None, 10) == []


async def test_finished_games_are_tallied_by_how_they_ended(store: GameStore, couple: Couple) -> None:
    for loser in ("X", "O", "O"):
        game = await playing(store, couple)
        await store.play(game, resigned(game, loser, THEN))
    private = msgspec.structs.replace(game_of(couple[0], Wish(seat="invite")), opponent_id=couple[1], status="playing")
    await store.add(private)
    await store.play(private, resigned(private, "X", THEN))
    for player, owns in zip(couple, (True, False), strict=True):
        found = await store.tallies(player)
        assert sorted((tally.owns, tally.seat, tally.result, tally.games) for tally in found) == [
            (owns, "anyone", "O", 1),
            (owns, "anyone", "X", 2),
        ]


async def test_the_newest_unfinished_games_are_looked_at_for_how_much_is_played(
    store: GameStore, couple: Couple
) -> None:
    games = [await playing(store, couple) for _ in range(3)]
    await store.add(game_of(couple[0]))
    later = THEN + timedelta(seconds=1)
    await store.play(games[0], played(games[0], "X", Attempt(0, 4), later))
    await store.play(games[2], resigned(games[2], "X", later))
    assert await store.playing_since(THEN - timedelta(seconds=1), 10) == 2
    assert await store.playing_since(THEN, 10) == 1
    assert await store.playing_since(THEN, 1) == 0


async def test_what_everybody_may_ask_looks_at_no_more_games_than_it_tells_of(tmp_path: Path) -> None:
    await migrations.upgrade(f"sqlite:///{tmp_path / 'noughts.db'}")
    connection = sqlite3.connect(tmp_path / "noughts.db")

    def plan(query: Query[Any], *args: Any) -> str:
        return "; ".join(step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {query.sqlite}", args))

    assert plan(statements.TALLIES, "x").count("USING COVERING INDEX games_finished_of_") == 4
    assert plan(statements.LATEST, "x", 10).count("USING INDEX games_finished_of_") == 2
    assert "SCAN games USING INDEX games_playing" in plan(statements.PLAYING, "x", 10)
    assert "SCAN games USING INDEX games_waiting" in plan(statements.WAITING, 10)
    for query, index in (
        (statements.SHELF, "games_of_"),
        (statements.SHELF_BETWEEN, "games_between"),
        (statements.VERSUS, "games_between"),
        (statements.SCORE, "games_between"),
    ):
        arguments = query.sqlite.count("?") and max(map(int, re.findall(r"\?(\d+)", query.sqlite)))
        assert plan(query, *["x"] * arguments).count(f"SEARCH games USING INDEX {index}") == 2
    connection.close()


async def test_a_game_outlives_the_account_of_a_player(store: GameStore, database: Database, couple: Couple) -> None:
    game = await playing(store, couple)
    await database.write(Write(_ERASE, (couple[0],)))
    assert await store.get(game.id) == msgspec.structs.replace(game, user_id=None)


@pytest.mark.parametrize("level", range(1, 8))
async def test_the_computer_has_an_account_for_every_level(database: Database, level: int) -> None:
    (card,) = await AccountStore(database).cards([computer_id(level)])
    assert (card.username, card.kind) == (f"computer-{level}", "computer")


async def ended(store: GameStore, couple: tuple[UserId, ...], *, loser: Mark | None, rated: bool = False) -> str:
    """Return a game of the first of the two (X), joined by the second, that one side lost, or neither."""
    waiting = msgspec.structs.replace(game_of(couple[0]), rated=rated)
    await store.add(waiting)
    game = joined(waiting, couple[1], THEN)
    await store.join(waiting, game)
    over = resigned(game, loser or "X", THEN)
    await store.play(game, over if loser else msgspec.structs.replace(over, result="draw", reason="agreed"))
    return game.id


async def playing(store: GameStore, couple: tuple[UserId, ...]) -> Game:
    """Return a stored game of the first of the two, joined by the second."""
    waiting = game_of(couple[0])
    await store.add(waiting)
    game = joined(waiting, couple[1], THEN)
    await store.join(waiting, game)
    return game

"""What live play promises of its tables, on every database, whatever several processes do at once."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from noughts.games.model import lives, matching, offers, ratings, series
from noughts.games.model.clocks import Clock, Turn, written
from noughts.games.model.games import Game, GameId, GameOver, Wish
from noughts.games.model.moves import Attempt, played
from noughts.games.store import Overtaken, Shelf
from noughts.kit import ids
from noughts.kit.database import Missed, Sql, Write
from noughts.kit.errors import Forbidden, InvalidToken
from noughts.kit.tokens import Principal, UserId
from noughts.ports.messages import Points, Series
from noughts.users.model import accounts
from tests.fakes import NOON, caller
from tests.services import Services

MINUTE = Clock(60_000, 1_000)
ANYONE = Wish(seat="anyone")
_RATED = Sql("INSERT INTO ratings VALUES ($1, 'classic', 'people', $2, 50.0, 0.06, 9, $3)")
_NOTHING = Sql("UPDATE games SET ply = ply WHERE id = 'ffffffff-ffff-7fff-bfff-ffffffffffff'")


async def beside(house: Services) -> Services:
    """Return the services of another process on the same database."""
    return await Services(house.database, house.clock, house.passwords).ready()


async def people(house: Services, count: int) -> list[Principal]:
    """Return so many members, none of whom has a password worth hashing."""
    found = [accounts.guest(UserId(ids.new()), random.randbytes(8), NOON) for _ in range(count)]
    found = [msgspec.structs.replace(account, kind="member") for account in found]
    await asyncio.gather(*(house.user_store.accounts.add(account) for account in found))
    return [caller(account.id) for account in found]


async def sat_down(house: Services, one: Principal, other: Principal, **wish: object) -> Game:
    """Return a game of two that is played, rated unless it is said otherwise."""
    wanted = Wish(**({"seat": "invite", "opponent": other.user_id, "mark": "X", "rated": True} | wish))  # type: ignore[arg-type]
    game = await house.games.seats.create(wanted, one.user_id)
    return await house.games.seats.join(game.id, None, other.user_id)


async def rating_of(house: Services, who: Principal) -> ratings.Rating:
    return await house.games.table.rating(who.user_id, "classic")


async def stored(house: Services, game: GameId | None) -> Game:
    assert game is not None
    found = await house.games._store.get(game)
    assert found is not None
    return found


async def test_everything_about_a_game_comes_back_as_it_was_stored(house: Services) -> None:
    one, other = await people(house, 2)
    wish = Wish(seat="invite", opponent=other.user_id, time=written(MINUTE), rated=True)
    game = lives.begun(GameId(ids.new()), wish, by=one.user_id, mark="O", invite=None, at=NOON, rating=1512)
    store = house.games._store
    await store.add(game)
    assert await store.get(game.id) == game
    joined = lives.joined(game, other.user_id, NOON, 1488)
    await store.join(game, joined)
    for change in (
        lambda game: offers.made(game, "X", "draw", NOON),
        lambda game: played(game, "X", Attempt(0, 4, 0), NOON + timedelta(seconds=7)),
        lambda game: offers.taken_back(game, "X", NOON + timedelta(seconds=9)),
        lambda game: lives.resigned(game, "O", NOON),
        lambda game: offers.followed(game, GameId(ids.new()), NOON),
    ):
        after = change(joined)
        await store.play(joined, after)
        assert await store.get(game.id) == after
        joined = after


async def test_two_rated_games_of_one_person_that_end_at_once_count_both_and_once(house: Services) -> None:
    alice, *others = await people(house, 6)
    games = [await sat_down(house, alice, other) for other in others]
    houses = [house, await beside(house)]
    resigning = [
        houses[n % 2].games.endings.resign(game.id, other.user_id)
        for n, (game, other) in enumerate(zip(games, others, strict=True))
    ]
    again = [houses[(n + 1) % 2].games.endings.resign(game.id, alice.user_id) for n, game in enumerate(games)]
    await asyncio.gather(*resigning, *again)
    after = await rating_of(house, alice)
    history = await house.games.table._ratings.history(alice.user_id, "classic", "people", 100)
    assert (after.games, len(history)) == (5, 5)
    assert {row.game_id for row in history} == {game.id for game in games}
    assert abs(1500 + sum(row.change for row in history) - after.rating) <= 3  # each is rounded
    assert [(await rating_of(house, other)).games for other in others] == [1] * 5


async def test_an_ending_its_ratings_and_the_next_game_are_stored_together_or_not_at_all(house: Services) -> None:
    one, other = await people(house, 2)
    before = await sat_down(house, one, other)
    over = lives.resigned(before, "X", NOON)
    with pytest.raises(Overtaken):
        await house.games.table.put(before, over, Write(_NOTHING, ()))
    assert await stored(house, before.id) == before
    assert (await rating_of(house, one)).games == 0
    assert await house.games._store.unfinished_of(one.user_id, 10) == [before]
    after = await house.games.table.put(before, over)
    following = await stored(house, after.next_id)
    assert (following.series_no, following.mark, following.status) == (2, "O", "playing")
    assert [(await rating_of(house, who)).games for who in (one, other)] == [1, 1]
    assert following.user_rating == (await rating_of(house, one)).shown < 1500
    with pytest.raises(Overtaken):
        await house.games.table.put(before, over)
    assert (await rating_of(house, one)).games == 1


async def test_a_series_of_four_counts_four_games_and_ends(house: Services) -> None:
    one, other = await people(house, 2)
    game = await sat_down(house, one, other)
    played_by = []
    while True:
        played_by.append(game.mark)
        game = await house.games.endings.resign(game.id, other.user_id)
        if game.next_id is None:
            break
        game = await stored(house, game.next_id)
    assert played_by == ["X", "O", "X", "O"]
    assert (await stored(house, game.id)).series_points == 6  # of who won each time, before the last
    assert series.standing(game) == Series(game.series_id or "", 4, 4, Points(X=0, O=4))
    assert (await rating_of(house, one)).games == 4
    offered = await house.games.endings.offer(game.id, "rematch", one.user_id)
    again = await house.games.endings.accept(game.id, offers.standing(offered)[0].id, other.user_id)
    new = await stored(house, again.next_id)
    assert (new.series_no, new.series_id, new.user_rating) == (1, new.id, (await rating_of(house, one)).shown)


async def test_another_game_is_begun_once_however_many_take_the_offer(house: Services) -> None:
    one, other = await people(house, 2)
    game = await sat_down(house, one, other, rated=False)
    await house.games.endings.resign(game.id, one.user_id)
    houses = [house, await beside(house)]
    offered = [h.games.endings.offer(game.id, "rematch", who.user_id) for h in houses for who in (one, other)]
    found = await asyncio.gather(*offered, return_exceptions=True)
    after = await stored(house, game.id)
    assert {type(one) for one in found} <= {Game, Forbidden}
    assert [one.id for one in await house.games._store.unfinished_of(one.user_id, 10)] == [after.next_id]


async def test_the_computer_takes_moves_back_at_once_and_begins_the_next_game_itself(house: Services) -> None:
    (one,) = await people(house, 1)
    game = await house.games.seats.create(Wish(seat="computer", level=3, mark="X"), one.user_id)
    await house.games._moves.play(game.id, Attempt(0, 4), one.user_id)
    await house.games.close()
    assert (await stored(house, game.id)).ply == 2
    back = await house.games.endings.offer(game.id, "takeback", one.user_id)
    assert (back.ply, back.takebacks, back.offers) == (0, 1, "")
    with pytest.raises(Forbidden):
        await house.games.endings.offer(game.id, "draw", one.user_id)
    over = await house.games.endings.resign(game.id, one.user_id)
    again = await house.games.endings.offer(over.id, "rematch", one.user_id)
    await house.games.close()
    new = await stored(house, again.next_id)
    assert (new.mark, new.ply, new.turn) == ("O", 1, "O")


async def test_a_ticket_is_used_once_however_many_show_it(house: Services) -> None:
    (one,) = await people(house, 1)
    houses = [house, await beside(house), await beside(house)]
    ticket = await house.games.tickets.give(one)
    found = await asyncio.gather(*(houses[n % 3].games.tickets.take(ticket) for n in range(30)), return_exceptions=True)
    assert Counter(type(each) for each in found) == {Principal: 1, InvalidToken: 29}
    by = next(each for each in found if isinstance(each, Principal))
    assert (by.user_id, by.session_id, by.role, by.epoch) == (one.user_id, one.session_id, one.role, one.epoch)


async def test_a_ticket_is_good_for_thirty_seconds_and_then_forgotten(house: Services) -> None:
    (one,) = await people(house, 1)
    young, old = await house.games.tickets.give(one), await house.games.tickets.give(one)
    house.clock.forward(seconds=29.999)
    assert (await house.games.tickets.take(young)).user_id == one.user_id
    house.clock.forward(milliseconds=1)
    with pytest.raises(InvalidToken):
        await house.games.tickets.take(old)
    await house.games.tickets.purge()
    with pytest.raises(Missed):
        await house.database.write(Write(Sql("UPDATE live_tickets SET epoch = 1 WHERE user_id = $1"), (one.user_id,)))


async def test_what_is_overdue_ends_once_however_many_sweep(house: Services) -> None:
    alice, *others = await people(house, 11)
    games = [await sat_down(house, alice, other, time=written(Turn(3_000))) for other in others]
    house.clock.forward(milliseconds=2_999)
    await house.games._sweeper.finish_overdue()
    assert (await stored(house, games[0].id)).status == "playing"
    house.clock.forward(milliseconds=1)
    houses = [house, *[await beside(house) for _ in range(3)]]
    while await house.games._store.unfinished_of(alice.user_id, 1):
        await asyncio.gather(*(each.games._sweeper.finish_overdue() for each in houses))
    for game in games:
        over = await stored(house, game.id)
        assert (over.seq, over.reason, over.result, over.x_ms, over.next_id) == (game.seq + 1, "timeout", "O", 0, None)
    assert (await rating_of(house, alice)).games == 10
    assert [(await rating_of(house, other)).games for other in others] == [1] * 10


async def test_time_is_over_for_whoever_looks_or_moves_first(house: Services) -> None:
    one, other = await people(house, 2)
    looked, moved, listed = [
        await sat_down(house, one, other, time=written(Turn(3_000)), rated=False) for _ in range(3)
    ]
    house.clock.forward(seconds=3)
    assert (await house.games.game(looked.id, other)).reason == "timeout"
    with pytest.raises(GameOver):
        await house.games.play(moved.id, Attempt(0, 4), one)
    assert (await stored(house, moved.id)).reason == "timeout"
    found = await house.games.shelf(Shelf(player=one.user_id, viewer=one.user_id))
    assert {shown.reason for shown in found.games} == {"timeout"}
    assert (await stored(house, listed.id)).reason == "timeout"


async def matched_by(houses: list[Services], waiting: list[GameId]) -> list[Game]:
    """Let several processes look for pairs, until nobody is matched any more; return everybody's games."""
    for _ in range(12):
        await asyncio.gather(*(each.games.seats.match() for each in houses))
        houses[0].clock.forward(seconds=1)
    return [await stored(houses[0], game) for game in waiting]


async def test_twenty_who_come_to_two_processes_at_once_are_all_paired_and_nobody_twice(house: Services) -> None:
    houses, come = [house, await beside(house)], await people(house, 20)
    made = await asyncio.gather(*(houses[n % 2].games.seats.create(ANYONE, who.user_id) for n, who in enumerate(come)))
    games = {game.id: game for game in await matched_by(houses, [game.id for game in made])}
    playing = [game for game in games.values() if game.status == "playing"]
    assert Counter(user for game in playing for user in (game.user_id, game.opponent_id)) == Counter(
        who.user_id for who in come
    )
    assert {game.status for game in games.values()} <= {"playing", "aborted"}


@pytest.mark.parametrize("marks", [("X", "X"), ("O", "O"), ("X", "O"), ("random", "X"), ("X", "random")])
async def test_who_waits_side_by_side_is_paired_unless_both_insist_on_the_same_mark(
    house: Services, marks: tuple[str, str]
) -> None:
    come = await people(house, 2)
    made = []
    for who, mark in zip(come, marks, strict=True):  # as two processes would make them in the same moment
        wish = Wish(seat="anyone", mark=mark)  # type: ignore[arg-type]
        chosen = "X" if mark == "random" else mark
        game = lives.begun(GameId(ids.new()), wish, by=who.user_id, mark=chosen, invite=None, at=NOON, rating=1500)  # type: ignore[arg-type]
        await house.games._store.add(game)
        made.append(game.id)
    found = await matched_by([house], made)
    if marks[0] == marks[1]:
        assert [game.status for game in found] == ["open", "open"]
        return
    kept = next(game for game in found if game.status == "playing")
    assert sorted(game.status for game in found) == ["aborted", "playing"]
    for who, mark in zip(come, marks, strict=True):
        assert mark in ("random", kept.mark_of(who.user_id))


async def test_who_is_far_apart_is_paired_once_they_have_waited(house: Services) -> None:
    come = await people(house, 2)
    await house.database.write(Write(_RATED, (come[1].user_id, 1800.0, NOON)))
    made = [(await house.games.seats.create(ANYONE, who.user_id)).id for who in come]
    assert len(set(made)) == 2
    house.clock.forward(seconds=2.9)
    await house.games.seats.match()
    assert {(await stored(house, game)).status for game in made} == {"open"}
    house.clock.forward(seconds=0.1)
    await house.games.seats.match()
    assert sorted([(await stored(house, game)).status for game in made]) == ["aborted", "playing"]


async def test_who_waits_no_more_is_not_found_and_called_off(house: Services) -> None:
    gone, comes, later = await people(house, 3)
    left = await house.games.seats.create(Wish(seat="anyone", mark="X"), gone.user_id)
    await house.games.seats.wait(left.id)
    house.clock.forward(seconds=matching.WAITS.total_seconds())
    here = await house.games.seats.create(Wish(seat="anyone", mark="O"), comes.user_id)
    assert here.id != left.id
    await matched_by([house], [])
    assert (await stored(house, here.id)).status == "open"
    await house.games.seats.give_up()
    assert [(await stored(house, game.id)).status for game in (left, here)] == ["aborted", "open"]
    assert (await house.games.seats.create(ANYONE, later.user_id)).id == here.id


async def test_who_is_connected_goes_on_waiting_and_who_leaves_does_not(house: Services) -> None:
    connected, other = await people(house, 2)
    game = await house.games.seats.create(Wish(seat="anyone", mark="X"), connected.user_id)
    assert (await stored(house, game.id)).waits_until is None
    live = house.games.lives.open(connected, lambda *_: None, lambda: None)
    await live.watch(game.id, None)
    for _ in range(6):
        assert (await stored(house, game.id)).waits_until == house.clock.at + matching.WAITS
        house.clock.forward(seconds=10)
        await house.games.lives.wait()
        await house.games.seats.give_up()
    house.games.lives.close(live)
    house.clock.forward(seconds=10)
    await house.games.lives.wait()
    await house.games.seats.give_up()
    assert (await stored(house, game.id)).status == "open"
    house.clock.forward(seconds=20)
    await house.games.seats.give_up()
    assert (await stored(house, game.id)).status == "aborted"
    assert (await house.games.seats.create(ANYONE, other.user_id)).id != game.id


async def test_who_only_looks_keeps_nobody_waiting(house: Services) -> None:
    owner, other = await people(house, 2)
    game = await house.games.seats.create(ANYONE, owner.user_id)
    live = house.games.lives.open(other, lambda *_: None, lambda: None)
    await live.watch(game.id, None)
    await house.games.lives.wait()
    assert (await stored(house, game.id)).waits_until is None
    house.games.lives.close(live)

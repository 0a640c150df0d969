"""How often the same two are rated in a day, on every database, whatever several processes do at once."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from noughts.games.model import offers
from noughts.games.model.games import Game, Wish
from noughts.games.model.matches import DAY, GAMES_A_DAY, PlayedEnough
from noughts.kit.errors import Problem
from noughts.kit.tokens import Principal
from tests.contracts.test_live_games import beside, people, sat_down, stored
from tests.services import Services

ANYONE = Wish(seat="anyone", rated=True)


async def played(house: Services, one: Principal, other: Principal, matches: int = 3) -> Game:
    """Return the last game of so many rated matches of two, every game given up at once."""
    for _ in range(matches):
        game = await sat_down(house, one, other)
        while (game := await house.games.endings.resign(game.id, one.user_id)).next_id is not None:
            game = await stored(house, game.next_id)
        house.clock.forward(minutes=1)
    return game


async def counted(house: Services, who: Principal, variant: str = "classic") -> int:
    """Return how many rated games with people somebody has finished."""
    return (await house.games.table.rating(who.user_id, variant)).games


async def test_three_matches_of_two_a_day_are_rated_and_the_next_once_a_day_has_passed(house: Services) -> None:
    one, other, third = await people(house, 3)
    at = house.clock.at
    await played(house, one, other)
    assert await counted(house, one) == GAMES_A_DAY
    for by, to in ((one, other), (other, one)):
        with pytest.raises(PlayedEnough) as refused:
            await sat_down(house, by, to)
        assert refused.value.members == {"again_at": (at + DAY).strftime("%Y-%m-%dT%H:%M:%S.000Z")}
    assert (await sat_down(house, one, other, rated=False)).status == "playing"
    assert (await sat_down(house, one, other, variant="misere")).status == "playing"
    assert (await sat_down(house, one, third)).status == "playing"
    house.clock.at = at + DAY - timedelta(milliseconds=1)
    with pytest.raises(PlayedEnough):
        await sat_down(house, one, other)
    house.clock.at = at + DAY
    assert (await sat_down(house, one, other)).status == "playing"
    with pytest.raises(PlayedEnough):
        await sat_down(house, one, other)


async def test_challenges_made_beforehand_are_refused_as_they_are_taken(house: Services) -> None:
    one, other = await people(house, 2)
    wish = Wish(seat="invite", opponent=other.user_id, rated=True)
    ahead = [await house.games.seats.create(wish, one.user_id) for _ in range(4)]
    house.clock.forward(days=2)
    await played(house, one, other)
    with pytest.raises(PlayedEnough):
        await house.games.seats.join(ahead[0].id, None, other.user_id)
    assert (await stored(house, ahead[0].id)).status == "open"
    waits = await house.games.seats.create(ANYONE, one.user_id)
    with pytest.raises(PlayedEnough):
        await house.games.seats.join(waits.id, None, other.user_id)


async def test_many_taken_at_once_in_several_processes_are_three(house: Services) -> None:
    one, other = await people(house, 2)
    houses = [house, await beside(house), await beside(house)]
    wish = Wish(seat="invite", opponent=other.user_id, rated=True)
    ahead = [await house.games.seats.create(wish, one.user_id) for _ in range(24)]
    taken = [houses[n % 3].games.seats.join(game.id, None, other.user_id) for n, game in enumerate(ahead)]
    found = Counter(type(each) for each in await asyncio.gather(*taken, return_exceptions=True))
    assert found[Game] == 3
    assert all(issubclass(kind, Problem) for kind in found if kind is not Game)
    statuses = Counter([(await stored(house, game.id)).status for game in ahead])
    assert statuses == {"playing": 3, "open": 21}


async def test_a_match_that_has_begun_is_rated_to_its_end(house: Services) -> None:
    one, other = await people(house, 2)
    games = [await sat_down(house, one, other) for _ in range(3)]
    for game in games:
        while (game := await house.games.endings.resign(game.id, one.user_id)).next_id is not None:
            game = await stored(house, game.next_id)  # noqa: PLW2901
            assert game.rated
    assert await counted(house, other) == GAMES_A_DAY


async def test_another_match_is_refused_to_who_offers_it(house: Services) -> None:
    one, other = await people(house, 2)
    last = await played(house, one, other)
    with pytest.raises(PlayedEnough):
        await house.games.endings.offer(last.id, "rematch", one.user_id)
    assert (await stored(house, last.id)).offers == ""
    house.clock.forward(days=1)
    offered = await house.games.endings.offer(last.id, "rematch", one.user_id)
    await played(house, other, one)
    with pytest.raises(PlayedEnough):
        await house.games.endings.accept(last.id, offers.standing(offered)[0].id, other.user_id)
    house.clock.forward(days=1)
    again = await house.games.endings.accept(last.id, offers.standing(offered)[0].id, other.user_id)
    assert (await stored(house, again.next_id)).rated


async def test_a_game_called_off_before_both_moved_does_not_count(house: Services) -> None:
    one, other = await people(house, 2)
    for _ in range(4):
        game = await sat_down(house, one, other)
        await house.games.endings.abort(game.id, other.user_id)
    await played(house, one, other)
    with pytest.raises(PlayedEnough):
        await sat_down(house, one, other)


async def test_who_played_each_other_enough_is_not_brought_together_and_others_still_are(house: Services) -> None:
    one, other, third = await people(house, 3)
    await played(house, one, other)
    unrated = [await house.games.seats.create(Wish(seat="anyone"), who.user_id) for who in (one, other)]
    made = [await house.games.seats.create(ANYONE, one.user_id), await house.games.seats.create(ANYONE, other.user_id)]
    house.clock.forward(minutes=1)
    await house.games.seats.match()
    assert [(await stored(house, game.id)).status for game in made] == ["open", "open"]
    assert [(await stored(house, game.id)).status for game in unrated] == ["playing", "aborted"]
    made.append(await house.games.seats.create(ANYONE, third.user_id))  # who stands too far from both to join at once
    house.clock.forward(minutes=1)
    await house.games.seats.match()
    found = [await stored(house, game.id) for game in made]
    assert [game.status for game in found] == ["playing", "open", "aborted"]
    assert {found[0].user_id, found[0].opponent_id} == {one.user_id, third.user_id}


async def test_two_who_come_in_the_same_moment_are_not_brought_together_once_it_is_enough(house: Services) -> None:
    one, other = await people(house, 2)
    last = await played(house, one, other, matches=2)
    houses = [house, await beside(house)]
    made = [await house.games.seats.create(ANYONE, one.user_id) for _ in range(3)]
    taken = await asyncio.gather(*(houses[n % 2].games.seats.create(ANYONE, other.user_id) for n in range(3)))
    house.clock.forward(minutes=1)
    await asyncio.gather(*(each.games.seats.match() for each in houses))
    found = [await stored(house, game_id) for game_id in {game.id for game in (*made, *taken)}]
    assert [game.status for game in found if game.series_id != last.series_id].count("playing") == 1


async def test_games_against_the_computer_are_rated_however_many(house: Services) -> None:
    (one,) = await people(house, 1)
    for _ in range(GAMES_A_DAY + 1):
        game = await house.games.seats.create(Wish(seat="computer", level=1, rated=True), one.user_id)
        await house.games.endings.resign(game.id, one.user_id)
    assert (await house.games.table.rating(one.user_id, "classic", "computer")).games == GAMES_A_DAY + 1
    await house.games.close()


async def test_matches_are_forgotten_once_they_count_no_more(house: Services) -> None:
    one, other = await people(house, 2)
    await played(house, one, other, matches=2)
    latest = house.games.matches._store.latest
    house.clock.at = (await latest(one.user_id, other.user_id, "classic"))[1].began_at + DAY
    await house.games.matches.purge()
    assert [match.number for match in await latest(other.user_id, one.user_id, "classic")] == [2]

"""The seam to the Game Service: its promises kept near, by the service, and far, by the client over HTTP."""

from collections.abc import AsyncIterator

import pytest
from msgspec import UnsetType

from noughts.games.client import GamesClient
from noughts.games.model.games import Seat, Wish
from noughts.games.model.moves import Attempt
from noughts.kit.errors import Forbidden
from noughts.kit.tokens import Principal, UserId
from noughts.ports.games import LATEST, WAITING, Games, Record, Score, Versus
from noughts.ports.users import computer_id
from tests import seams
from tests.services import Services

NOBODY = UserId("00000000-0000-7000-8000-00000000ffff")


@pytest.fixture(params=["near", "far"])
async def games(request: pytest.FixtureRequest, house: Services) -> AsyncIterator[Games]:
    """The Game Service, asked directly and over HTTP."""
    if request.param == "near":
        yield house.games
        return
    async with seams.far(house.games_door(), house.service_tokens.issue) as remote:
        yield GamesClient(remote)


async def guest(house: Services) -> Principal:
    """Return somebody who plays."""
    return house.verifier.verify((await house.guest()).access_token)


async def played(house: Services, first: Principal, second: Principal) -> str:
    """Let two meet and the first give up; return the game."""
    wish = Wish(seat="anyone", mark="X", variant="classic")
    game = await house.games.create(wish, first)
    met = await house.games.create(Wish(seat="anyone", mark="O", variant="classic"), second)
    assert met.id == game.id
    await house.games.play(game.id, Attempt(0, 4, None), first)
    await house.games.resign(game.id, first)
    return game.id


async def test_who_finished_a_game_with_a_person_is_told(games: Games, house: Services) -> None:
    alice, bob, carol = [await guest(house) for _ in range(3)]
    await played(house, alice, bob)
    await house.games.create(Wish(seat="computer", level=1, mark="X", variant="classic"), carol)
    wanted = [alice.user_id, bob.user_id, carol.user_id, NOBODY]
    assert await games.played_humans(wanted) == {alice.user_id, bob.user_id}
    assert await games.played_humans([]) == set()


async def test_the_games_of_somebody_are_told_as_they_are_kept(games: Games, house: Services) -> None:
    alice, bob = await guest(house), await guest(house)
    mine = [await played(house, alice, bob) for _ in range(3)]
    held = await games.held(alice.user_id, None)
    assert [game.id for game in held] == mine[::-1]
    assert {(game.mark, game.opponent, tuple(game.moves), game.reason) for game in held} == {
        ("X", bob.user_id, (4,), "resigned")
    }
    assert [game.id for game in await games.held(alice.user_id, held[0].id)] == mine[1::-1]


async def test_the_games_of_somebody_deleted_are_given_up_however_often_that_is_asked(
    games: Games, house: Services
) -> None:
    alice = await guest(house)
    game = await house.games.create(Wish(seat="computer", level=1, mark="X", variant="classic"), alice)
    for _ in range(2):
        await games.close_deleted(alice.user_id)
    shown = await house.games.game(game.id, alice)
    assert (shown.status, shown.reason) == ("finished", "resigned")


async def begun(house: Services, seat: Seat, by: Principal) -> str:
    """Let somebody begin a game, and play the first move where there is somebody to play with."""
    game = await house.games.create(Wish(seat=seat, level=1 if seat == "computer" else None, mark="X"), by)
    return game.id


async def given_up(house: Services, seat: Seat, first: Principal, second: Principal, loser: Principal) -> str:
    """Let two play a game of a kind, and one of them give up; return it."""
    game = await house.games.create(Wish(seat=seat, mark="X"), first)
    secret = None if isinstance(game.invite_url, UnsetType) else game.invite_url.partition("#invite=")[2]
    await house.games.join(game.id, secret, second)
    await house.games.resign(game.id, loser)
    return game.id


async def test_a_record_counts_what_everybody_may_know(games: Games, house: Services) -> None:
    alice, bob = await guest(house), await guest(house)
    for first, loser in [(alice, alice), (alice, bob), (bob, bob), (bob, bob)]:
        await given_up(house, "anyone", first, bob if first is alice else alice, loser)
    await given_up(house, "invite", alice, bob, bob)
    await house.games.resign(await begun(house, "computer", alice), alice)
    await begun(house, "computer", alice)
    await begun(house, "anyone", alice)
    assert await games.record(alice.user_id) == Record(people=Score(3, 1, 0), computer=Score(0, 1, 0), complete=True)
    assert await games.record(bob.user_id) == Record(people=Score(1, 3, 0), computer=Score(0, 0, 0), complete=True)


async def test_the_computer_has_a_record_too(games: Games, house: Services) -> None:
    alice = await guest(house)
    await house.games.resign(await begun(house, "computer", alice), alice)
    assert (await games.record(computer_id(1))).computer == Score(1, 0, 0)


async def test_who_never_played_has_an_empty_record(games: Games) -> None:
    nothing = Score(0, 0, 0)
    assert await games.record(NOBODY) == Record(people=nothing, computer=nothing, complete=True)
    assert await games.latest(NOBODY) == []


async def test_the_latest_games_are_the_public_ones_that_are_over(games: Games, house: Services) -> None:
    alice, bob = await guest(house), await guest(house)
    public = [await given_up(house, "anyone", first, second, alice) for first, second in [(alice, bob), (bob, alice)]]
    await given_up(house, "invite", alice, bob, alice)
    await house.games.resign(await begun(house, "computer", alice), alice)
    await begun(house, "anyone", alice)
    for player, opponent, marks in ((alice, bob, ["O", "X"]), (bob, alice, ["X", "O"])):
        found = await games.latest(player.user_id)
        assert [game.id for game in found] == public[::-1]
        assert [game.mark for game in found] == marks
        assert {(game.opponent, game.status, game.reason) for game in found} == {
            (opponent.user_id, "finished", "resigned")
        }


async def test_so_many_of_the_latest_games_are_told(games: Games, house: Services) -> None:
    alice, bob = await guest(house), await guest(house)
    played = [await given_up(house, "anyone", alice, bob, bob) for _ in range(LATEST + 1)]
    assert [game.id for game in await games.latest(alice.user_id)] == played[:0:-1]


async def test_how_two_fared_is_told_from_the_side_of_the_first(games: Games, house: Services) -> None:
    alice, bob, carol = [await guest(house) for _ in range(3)]
    won = await given_up(house, "anyone", alice, bob, bob)
    lost = await given_up(house, "anyone", bob, alice, alice)
    await given_up(house, "invite", alice, bob, bob)
    await given_up(house, "anyone", alice, carol, carol)
    found = await games.versus(alice.user_id, bob.user_id)
    assert found.score == Score(1, 1, 0)
    assert [(game.id, game.mark, game.opponent) for game in found.games] == [
        (lost, "O", bob.user_id),
        (won, "X", bob.user_id),
    ]
    assert (await games.versus(NOBODY, bob.user_id)).games == []


async def test_games_with_the_computer_are_scored_and_not_shown(games: Games, house: Services) -> None:
    alice = await guest(house)
    await house.games.resign(await begun(house, "computer", alice), alice)
    assert await games.versus(computer_id(1), alice.user_id) == Versus(score=Score(1, 0, 0), games=[])


async def test_ratings_are_told_with_what_made_them(games: Games, house: Services) -> None:
    people = [
        house.verifier.verify((await house.login((await house.member(name)).username)).access_token)
        for name in ("alice", "bob")
    ]
    game = await house.games.create(Wish(seat="anyone", mark="X", rated=True), people[0])
    await house.games.join(game.id, None, people[1])
    await house.games.resign(game.id, people[1])
    own = await house.games.create(Wish(seat="computer", level=1, mark="X", rated=True), people[0])
    house.clock.forward(seconds=1)
    await house.games.resign(own.id, people[0])
    against_computer, against_people = await games.standings(people[0].user_id)
    assert (against_people.variant, against_people.against, against_people.games) == ("classic", "people", 1)
    assert [(one.game, one.change, one.rating) for one in against_people.history] == [
        (game.id, against_people.rating - 1500, against_people.rating)
    ]
    assert against_people.rating > 1500 > against_computer.rating
    assert [one.game for one in against_computer.history] == [own.id]
    assert await games.standings(NOBODY) == []


async def test_who_waits_for_anyone_is_told_the_longest_first(games: Games, house: Services) -> None:
    alice, bob, carol = [await guest(house) for _ in range(3)]
    first = await begun(house, "anyone", alice)
    await begun(house, "invite", bob)
    house.clock.forward(seconds=30)
    second = await house.games.create(Wish(seat="anyone", mark="X"), carol)
    waiting = (await games.waiting()).games
    assert [(game.id, game.user_id, game.mark, game.created_at[11:19]) for game in waiting] == [
        (first, alice.user_id, "O", "12:00:00"),
        (second.id, carol.user_id, "O", "12:00:30"),
    ]


async def test_who_waits_is_looked_up_once_a_second(games: Games, house: Services) -> None:
    alice, bob = await guest(house), await guest(house)
    assert (await games.waiting()).games == []
    game = await begun(house, "anyone", alice)
    assert (await games.waiting()).games == []
    house.clock.forward(seconds=1)
    assert [game.id for game in (await games.waiting()).games] == [game]
    await house.games.join(game, None, bob)
    house.clock.forward(seconds=1)
    assert (await games.waiting()).games == []


async def test_so_many_who_wait_are_told(games: Games, house: Services) -> None:
    for _ in range(WAITING + 1):
        await begun(house, "anyone", await guest(house))
    assert len((await games.waiting()).games) == WAITING


async def test_games_are_played_in_which_something_happens(games: Games, house: Services) -> None:
    alice, bob = await guest(house), await guest(house)
    game = await house.games.create(Wish(seat="anyone", mark="X"), alice)
    await house.games.join(game.id, None, bob)
    await begun(house, "computer", alice)
    await begun(house, "anyone", alice)
    assert (await games.waiting()).playing == 2
    house.clock.forward(minutes=4)
    await house.games.play(game.id, Attempt(0, 4, None), alice)
    house.clock.forward(minutes=4)
    assert (await games.waiting()).playing == 1
    await house.games.resign(game.id, bob)
    house.clock.forward(seconds=1)
    assert (await games.waiting()).playing == 0


async def test_who_may_read_may_not_give_up_games(house: Services) -> None:
    async with seams.far(house.games_door(), lambda _: house.service_tokens.issue("games:read")) as remote:
        with pytest.raises(Forbidden):
            await GamesClient(remote).close_deleted(NOBODY)

"""The seam to the Game Service: its promises kept near, by the service, and far, by the client over HTTP."""

from collections.abc import AsyncIterator

import pytest

from noughts.games.client import GamesClient
from noughts.games.model.games import Wish
from noughts.games.model.moves import Attempt
from noughts.kit.errors import Forbidden
from noughts.kit.tokens import Principal, UserId
from noughts.ports.games import Games
from tests.contracts import seams
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


async def test_who_may_read_may_not_give_up_games(house: Services) -> None:
    async with seams.far(house.games_door(), lambda _: house.service_tokens.issue("games:read")) as remote:
        with pytest.raises(Forbidden):
            await GamesClient(remote).close_deleted(NOBODY)

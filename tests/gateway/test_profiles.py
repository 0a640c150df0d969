"""What is composed of several services, and what of it is there when one of them is not."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from tests.fakes import caller
from tests.services import Services, services

from noughts.games.client import GamesClient
from noughts.games.model.games import Seat, Wish
from noughts.gateway.profiles import Profiles
from noughts.kit import server
from noughts.kit.database import Database
from noughts.kit.errors import NotFound, Unavailable
from noughts.kit.neighbours import Neighbour
from noughts.kit.remote import Remote
from noughts.kit.tokens import Principal, UserId
from noughts.ports.games import Card, Games, HeldGame, Record, Score, Standing, Waiting
from noughts.ports.users import Card as Person
from noughts.ports.users import Users
from noughts.users.client import UsersClient

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
DEADLINE_S = 0.2
GENEROUS_S = 5.0


@pytest.fixture
async def house(database: Database) -> AsyncIterator[Services]:
    """The services."""
    async with services(database) as found:
        yield found


@pytest.fixture(params=["dead", "silent"])
async def nobody(request: pytest.FixtureRequest, house: Services) -> AsyncIterator[Remote]:
    """The way to a service that is not there, or hears and says nothing."""
    with server.listen("127.0.0.1", 0) as listener:
        neighbour = Neighbour([f"http://127.0.0.1:{listener.getsockname()[1]}"])
        if request.param == "dead":
            listener.close()
        yield Remote(neighbour, house.service_tokens.issue)
        await neighbour.close()


class Strangers:
    """Users whose names are known, but whose cards nobody can tell."""

    def __init__(self, users: Users) -> None:
        self.named = users.named

    async def cards(self, user_ids: Sequence[UserId]) -> dict[UserId, Person]:
        raise Unavailable


class Slow:
    """Games of which each answer comes once the other was asked for too."""

    def __init__(self, games: Games) -> None:
        self._games = games
        self._both = asyncio.Barrier(3)

    async def record(self, user_id: UserId) -> Record:
        await self._both.wait()
        return await self._games.record(user_id)

    async def standings(self, user_id: UserId) -> list[Standing]:
        await self._both.wait()
        return await self._games.standings(user_id)

    async def latest(self, user_id: UserId) -> list[HeldGame]:
        await self._both.wait()
        return await self._games.latest(user_id)

    async def waiting(self) -> Waiting:
        return await self._games.waiting()


async def guest(house: Services) -> Principal:
    """Return somebody who plays."""
    return house.verifier.verify((await house.guest()).access_token)


async def someone(house: Services) -> Principal:
    """Return Alice."""
    await house.member()
    return await house.sign_in()


async def lost(house: Services, first: Principal, second: Principal, seat: Seat = "anyone") -> str:
    """Let two play, and the first give up."""
    game = await house.games.create(Wish(seat=seat, mark="X"), first)
    invite = game.invite_url.partition("=")[2] if isinstance(game.invite_url, str) else None
    await house.games.join(game.id, invite, second)
    await house.games.resign(game.id, first)
    return game.id


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Hold an answer to its deadline, as far as a busy machine can."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < GENEROUS_S


async def test_a_profile_says_who_how_they_fared_and_what_they_played(house: Services) -> None:
    alice, bob = await someone(house), await guest(house)
    game = await lost(house, alice, bob)
    await lost(house, alice, bob, "invite")
    profile = await Profiles(house.users.directory, house.games).player("ALICE")
    assert (profile.id, profile.username, profile.kind) == (alice.user_id, "alice", "member")
    assert profile.record == Record(people=Score(0, 1, 0), computer=Score(0, 0, 0), complete=True)
    (shown,) = profile.games or ()
    assert (shown.id, shown.mark, shown.result, shown.reason) == (game, "X", "O", "resigned")
    assert shown.opponent == Card(id=bob.user_id, username=(await house.stored(bob.user_id)).username, kind="guest")
    assert profile.partial == []


async def test_an_opponent_who_was_deleted_is_nobody(house: Services) -> None:
    alice, bob = await someone(house), await guest(house)
    await lost(house, alice, bob)
    profiles = Profiles(house.users.directory, house.games)
    deleted = Card(id=None, username=None, kind="deleted")
    await house.delete(bob.user_id, caller(bob.user_id))
    assert [game.opponent for game in (await profiles.player("alice")).games or []] == [deleted]
    house.clock.forward(minutes=10)
    await house.erasure.sweep()
    profile = await profiles.player("alice")
    assert [game.opponent for game in profile.games or []] == [deleted]
    assert profile.record is not None
    assert (profile.record.people, profile.partial) == (Score(0, 1, 0), [])


async def test_two_players_are_compared_by_their_names(house: Services) -> None:
    alice, bob = await someone(house), await guest(house)
    name = (await house.stored(bob.user_id)).username
    game = await lost(house, alice, bob)
    found = await Profiles(house.users.directory, house.games).versus("ALICE", name)
    assert [player.username for player in found.players] == ["alice", name]
    assert (found.score, found.partial) == (Score(0, 1, 0), [])
    (shown,) = found.games or ()
    assert (shown.id, shown.mark, shown.opponent) == (game, "X", found.players[1])


async def test_nobody_is_compared_with_nobody_or_with_themselves(house: Services) -> None:
    await house.member()
    profiles = Profiles(house.users.directory, house.games)
    for other in ("nobody", "Alice"):
        with pytest.raises(NotFound):
            await profiles.versus("alice", other)


async def test_without_the_game_service_two_are_named_and_not_compared(house: Services, nobody: Remote) -> None:
    await house.member()
    await house.member("bob")
    found = await Profiles(house.users.directory, GamesClient(nobody), DEADLINE_S).versus("alice", "bob")
    assert ([player.username for player in found.players], found.score, found.games, found.partial) == (
        ["alice", "bob"],
        None,
        None,
        ["games"],
    )


async def test_there_is_no_profile_of_nobody(house: Services) -> None:
    with pytest.raises(NotFound):
        await Profiles(house.users.directory, house.games).player("nobody")


async def test_what_does_not_depend_on_each_other_is_asked_at_once(house: Services) -> None:
    await house.member()
    profile = await Profiles(house.users.directory, Slow(house.games), GENEROUS_S).player("alice")
    assert profile.partial == []


async def test_without_the_game_service_a_profile_says_who_somebody_is(house: Services, nobody: Remote) -> None:
    alice = await house.member()
    async with in_time():
        profile = await Profiles(house.users.directory, GamesClient(nobody), DEADLINE_S).player("alice")
    assert (profile.id, profile.record, profile.games, profile.partial) == (alice.id, None, None, ["games"])
    assert profile.ratings is None


async def test_without_the_user_service_nobody_can_say_whether_somebody_exists(house: Services, nobody: Remote) -> None:
    await house.member()
    async with in_time():
        with pytest.raises(Unavailable):
            await Profiles(UsersClient(nobody), house.games, DEADLINE_S).player("alice")


async def test_games_are_shown_even_when_nobody_can_say_against_whom(house: Services) -> None:
    alice, bob = await someone(house), await guest(house)
    game = await lost(house, alice, bob)
    profile = await Profiles(Strangers(house.users.directory), house.games).player("alice")
    assert [(shown.id, shown.opponent) for shown in profile.games or []] == [(game, None)]
    assert profile.record is not None
    assert (profile.record.people, profile.partial) == (Score(0, 1, 0), ["users"])


async def test_the_lobby_says_who_waits_and_how_much_is_played(house: Services) -> None:
    alice, bob = await someone(house), await guest(house)
    await house.games.create(Wish(seat="computer", level=1), bob)
    await house.games.create(Wish(seat="invite"), bob)
    game = await house.games.create(Wish(seat="anyone", mark="O"), alice)
    lobby = await Profiles(house.users.directory, house.games).lobby()
    assert lobby.waiting is not None
    assert [(open_.id, open_.mark, open_.player) for open_ in lobby.waiting] == [
        (game.id, "X", Card(id=alice.user_id, username="alice", kind="member"))
    ]
    assert (lobby.playing, lobby.partial) == (1, [])


async def test_an_empty_lobby_is_whole(house: Services) -> None:
    lobby = await Profiles(house.users.directory, house.games).lobby()
    assert (lobby.waiting, lobby.playing, lobby.partial) == ([], 0, [])


async def test_who_is_being_deleted_waits_for_nobody(house: Services) -> None:
    alice = await someone(house)
    await house.games.create(Wish(seat="anyone"), alice)
    await house.delete(alice.user_id, alice)
    assert (await Profiles(house.users.directory, house.games).lobby()).waiting == []


async def test_without_the_user_service_the_lobby_says_that_somebody_waits(house: Services, nobody: Remote) -> None:
    game = await house.games.create(Wish(seat="anyone"), await guest(house))
    async with in_time():
        lobby = await Profiles(UsersClient(nobody), house.games, DEADLINE_S).lobby()
    assert [(open_.id, open_.player) for open_ in lobby.waiting or []] == [(game.id, None)]
    assert (lobby.playing, lobby.partial) == (0, ["users"])


async def test_without_the_game_service_the_lobby_says_that_it_knows_nothing(house: Services, nobody: Remote) -> None:
    async with in_time():
        lobby = await Profiles(house.users.directory, GamesClient(nobody), DEADLINE_S).lobby()
    assert (lobby.waiting, lobby.playing, lobby.partial) == (None, None, ["games"])


async def test_what_a_service_does_wrong_is_not_taken_for_silence(house: Services) -> None:
    class Broken(Strangers):
        async def cards(self, user_ids: Sequence[UserId]) -> dict[UserId, Person]:
            raise KeyError

    await house.games.create(Wish(seat="anyone"), await guest(house))
    with pytest.raises(KeyError):
        await Profiles(Broken(house.users.directory), house.games).lobby()

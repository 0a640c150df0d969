"""What one process does, another knows by events alone: without looking into the table, without waiting for a cache."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from noughts.kit import revocation
from noughts.kit.broadcast import USERS
from noughts.kit.database.postgres import Postgres
from noughts.kit.errors import InvalidToken
from noughts.kit.tokens import Principal
from noughts.users.model.wishes import Wish
from tests import servers
from tests.databases import Copies
from tests.fakes import caller
from tests.security.attacks import Person, guest, member, some_name
from tests.services import HERE, PASSWORD, Services, services

SOON_S = 20.0
Houses = tuple[Services, Services]
End = Callable[[Services, Principal], Awaitable[object]]
ENDS: dict[str, End] = {
    "a logout": lambda house, by: house.logout(by),
    "a logout everywhere": lambda house, by: house.logout(by, everywhere=True),
    "an administrator's word": lambda house, by: house.users.administration.set_status(
        by.user_id, "disabled", None, HERE
    ),
    "leaving": lambda house, by: house.delete(by.user_id, by),
}


@pytest.fixture(params=["postgres", "redis"])
def events(request: pytest.FixtureRequest) -> str:
    """What NOUGHTS_EVENTS says: nothing, or the address of a real Redis."""
    return str(request.getfixturevalue("redis")) if request.param == "redis" else ""


@asynccontextmanager
async def listening(house: Services) -> AsyncIterator[Services]:
    """Let a process hear the others for the length of a block, and do nothing else that comes round."""
    connected = asyncio.Event()
    house.broadcast.subscribe(USERS, lambda _: None, missed=connected.set)
    tasks = [asyncio.create_task(work) for work in house.broadcast.workers()]
    await asyncio.wait_for(connected.wait(), SOON_S)
    yield house
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def houses(shared_database: str, events: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Houses]:
    """Two processes' worth of services on one PostgreSQL, that only listen to each other."""
    monkeypatch.setattr(revocation, "STALE_S", math.inf)
    database = await Postgres.open(shared_database)
    chosen = {"NOUGHTS_DATABASE": shared_database, "NOUGHTS_EVENTS": events}
    async with AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(listening(await stack.enter_async_context(services(database, **chosen))))
            for _ in range(2)
        ]
        yield one, other
    await database.close()


async def until_refused(house: Services, by: Principal) -> None:
    """Return once a process refuses a token."""
    async with asyncio.timeout(SOON_S):
        while True:
            try:
                house.revocations.check(by)
            except InvalidToken:
                return
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("ending", ENDS)
async def test_what_ends_a_token_in_one_process_ends_it_in_the_others(houses: Houses, ending: str) -> None:
    one, other = houses
    await one.member()
    by = await one.sign_in()
    other.revocations.check(by)
    await ENDS[ending](one, by)
    await until_refused(other, by)


async def test_a_new_password_spares_the_session_that_asked_in_every_process(houses: Houses) -> None:
    one, other = houses
    alice = await one.verified()
    asking, forgotten = await one.sign_in(), await one.sign_in()
    await one.change(alice.id, Wish(password="quite another secret", current_password=PASSWORD), asking)
    await until_refused(other, forgotten)
    other.revocations.check(asking)


async def test_operators_see_what_was_sent_and_received(houses: Houses) -> None:
    one, other = houses
    alice = await one.member()
    await one.change(alice.id, Wish(username="ally"), caller(alice.id))
    sent = one.requests.gauges["noughts_events_sent_total"][1]
    received = other.requests.gauges["noughts_events_received_total"][1]
    async with asyncio.timeout(SOON_S):
        while not sent() == received() == 1:  # noqa: ASYNC110 - a gauge tells nobody that it moved
            await asyncio.sleep(0.002)


@pytest.fixture(scope="session")
def two_servers_with_redis(
    copies: Copies, redis: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[servers.Process]]:
    """Two servers of one installation on one PostgreSQL, whose events go over Redis."""
    folder = tmp_path_factory.mktemp("with_redis")
    with servers.together(folder, 2, database=copies.take(), events=redis, rate_limits="off") as started:
        yield started


@pytest.fixture(params=["postgres", "redis"])
def two(request: pytest.FixtureRequest) -> list[servers.Process]:
    """Two servers on one PostgreSQL that hear each other, over it or over Redis."""
    return list(request.getfixturevalue("two_servers" if request.param == "postgres" else "two_servers_with_redis"))


def opponents(one: httpx.Client, alice: Person, bob: Person) -> str:
    """Return the address of a game of two people."""
    wish = {"opponent": {"kind": "invite"}, "mark": "X"}
    game = one.post("/games", json=wish, headers=alice.signed).json()
    address = f"/games/{game['id']}"
    invite = game["invite_url"].partition("=")[2]
    assert one.post(f"{address}/join", json={"invite": invite}, headers=bob.signed).status_code == 200
    return address


def test_a_name_changed_through_one_server_is_seen_in_the_games_of_the_other_long_before_it_forgets(
    two: list[servers.Process],
) -> None:
    with two[0].client() as one, two[1].client() as other:
        alice, bob = member(one), guest(one)
        game = opponents(one, alice, bob)

        def shown() -> str:
            return str(other.get(game, headers=bob.signed).json()["players"]["X"]["username"])

        assert shown() == alice.username
        name = some_name()
        assert one.put("/users/me", json={"username": name}, headers=alice.signed).status_code == 200
        deadline = time.monotonic() + SOON_S
        while shown() != name:
            assert time.monotonic() < deadline


def test_without_redis_servers_stay_ready_and_refuse_all_the_same_what_another_ended(
    copies: Copies, tmp_path: Path
) -> None:
    with ExitStack() as running:
        address = running.enter_context(servers.redis(tmp_path))
        chosen = {"database": copies.take(), "events": address, "rate_limits": "off"}
        with servers.together(tmp_path, 2, **chosen) as two, two[0].client() as one, two[1].client() as other:
            whom = guest(one)
            assert other.get("/users/me", headers=whom.signed).status_code == 200
            running.close()
            assert one.post("/logout", headers=whom.signed).status_code == 204
            deadline = time.monotonic() + SOON_S
            while other.get("/users/me", headers=whom.signed).status_code != 401:
                assert time.monotonic() < deadline
            assert [client.get("/readyz").status_code for client in (one, other)] == [200, 200]

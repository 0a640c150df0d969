"""The seam to the User Service: its promises kept near, by the service, and far, by the client over HTTP."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from tests.fakes import Clock, caller
from tests.services import SECRET, Services, by_code, services

from noughts.kit import ids, server
from noughts.kit.address import resolver
from noughts.kit.database import Database
from noughts.kit.edge import Threshold
from noughts.kit.errors import Forbidden, InvalidToken, NotFound, Unavailable
from noughts.kit.metrics import Requests
from noughts.kit.remote import Remote
from noughts.kit.service_tokens import ServiceTokens
from noughts.kit.tokens import UserId
from noughts.ports.users import CARDS_AT_ONCE, Card, Users, computer_id
from noughts.users.client import UsersClient
from noughts.users.service.directory import view

NOBODY = UserId("00000000-0000-7000-8000-00000000ffff")


@asynccontextmanager
async def door(house: Services) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the User Service's own door on loopback, and yield a client of it."""
    entrance = Threshold(house.users_door(), Requests(), resolver(()), secure=False)
    listener = server.listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with server.serving(entrance, listener), httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


def over(client: httpx.AsyncClient, tokens: ServiceTokens, scope: str = "users") -> UsersClient:
    """Return the far side over an HTTP client."""
    return UsersClient(Remote(client, lambda: tokens.issue(scope), InvalidToken, Forbidden))


@pytest.fixture
async def far(house: Services) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the User Service's own door."""
    async with door(house) as client:
        yield client


@pytest.fixture(params=["near", "far"])
async def users(request: pytest.FixtureRequest, house: Services) -> AsyncIterator[Users]:
    """The User Service, asked directly and over HTTP."""
    if request.param == "near":
        yield house.users.directory
        return
    async with door(house) as client:
        yield over(client, house.service_tokens)


def answering(status: int, body: bytes) -> UsersClient:
    """Return a client whose neighbour always answers that."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body))
    client = httpx.AsyncClient(transport=transport, base_url="http://users")
    return over(client, ServiceTokens(SECRET, Clock()))


async def test_a_new_guest_has_a_reserved_name_and_nothing_else(users: Users) -> None:
    guest = await users.create_guest()
    assert guest.username.startswith("guest-")
    assert (guest.kind, guest.role, guest.status, guest.email, guest.version) == ("guest", "player", "active", None, 1)


async def test_every_guest_is_another(users: Users) -> None:
    first, second = await users.create_guest(), await users.create_guest()
    assert first.id != second.id
    assert first.username != second.username


async def test_a_user_is_seen_as_the_owner_sees_them(users: Users, house: Services) -> None:
    alice = await house.member()
    assert await users.user(alice.id) == view(alice)


async def test_somebody_unknown_is_not_found(users: Users) -> None:
    with pytest.raises(NotFound):
        await users.user(NOBODY)


async def test_somebody_being_deleted_is_not_found(users: Users, house: Services) -> None:
    alice = await house.member()
    await house.delete(alice.id, caller(alice.id), None)
    with pytest.raises(NotFound):
        await users.user(alice.id)


@pytest.mark.parametrize("identifier", ["alice", "ALICE", "ａｌｉｃｅ", "alice@example.com", "Alice@EXAMPLE.com"])
async def test_somebody_is_identified_however_they_write_their_name(
    users: Users, house: Services, identifier: str
) -> None:
    alice = await house.member()
    assert (await users.identify(identifier)).user_id == alice.id


@pytest.mark.parametrize(
    "identifier", ["bob", "", "@", "a@b", "\u200b", "a\x00b", "a\x00@example.com", "x" * 300, "é@ü"]
)
async def test_an_identifier_nobody_has_is_nobodys(users: Users, identifier: str) -> None:
    assert (await users.identify(identifier)).user_id is None


@pytest.mark.parametrize("side", ["near", "far"])
async def test_where_addresses_are_concealed_only_a_verified_one_is_somebodys(database: Database, side: str) -> None:
    async with services(database, NOUGHTS_DUPLICATE_EMAIL="conceal") as house, door(house) as client:
        users: Users = house.users.directory if side == "near" else over(client, house.service_tokens)
        alice = await house.member()
        assert (await users.identify("alice@example.com")).user_id is None
        await house.verify(by_code((await house.mails("alice@example.com"))[0]))
        assert (await users.identify("alice@example.com")).user_id == alice.id
        assert (await users.user(alice.id)).email_verified


async def test_cards_are_given_of_those_who_exist(users: Users, house: Services) -> None:
    alice = await house.member()
    cards = await users.cards([alice.id, NOBODY, computer_id(6)])
    assert cards == {
        alice.id: Card(id=alice.id, username="alice", kind="member"),
        computer_id(6): Card(id=computer_id(6), username="computer-6", kind="computer"),
    }


async def test_no_cards_are_given_of_nobody(users: Users) -> None:
    assert await users.cards([]) == {}


async def test_as_many_cards_are_given_at_once_as_promised(users: Users, house: Services) -> None:
    guests = [await house.users.directory.create_guest() for _ in range(3)]
    strangers = [UserId(ids.new()) for _ in range(CARDS_AT_ONCE - 3)]
    assert (await users.cards([*strangers, *(guest.id for guest in guests)])).keys() == {guest.id for guest in guests}


async def test_the_same_person_may_be_asked_for_twice(users: Users, house: Services) -> None:
    alice = await house.member()
    assert (await users.cards([alice.id, alice.id])).keys() == {alice.id}


async def test_a_neighbour_that_is_down_is_unavailable() -> None:
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1", trust_env=False) as client:
        users = over(client, ServiceTokens(SECRET, Clock()))
        for asking in (users.create_guest(), users.user(NOBODY), users.identify("a"), users.cards([NOBODY])):
            with pytest.raises(Unavailable):
                await asking


async def test_a_neighbour_that_takes_too_long_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("noughts.kit.remote.DEADLINE_S", 0.1)
    started = time.monotonic()
    with server.listen("127.0.0.1", 0) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            with pytest.raises(Unavailable):
                await over(client, ServiceTokens(SECRET, Clock())).create_guest()
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"id": 1}'])
async def test_a_neighbour_that_answers_nonsense_is_unavailable(body: bytes) -> None:
    with pytest.raises(Unavailable):
        await answering(200, body).user(NOBODY)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 502, 503])
async def test_a_refusal_without_a_known_problem_is_unavailable(status: int) -> None:
    for body in (b"", b"<html>", b"[]", b'{"type": 7}', b'{"type": "/problems/other"}'):
        with pytest.raises(Unavailable):
            await answering(status, body).user(NOBODY)


async def test_a_repeatable_question_is_asked_again_once_and_creating_never() -> None:
    asked: list[str] = []

    def fail(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        raise httpx.ConnectError("down")

    async with httpx.AsyncClient(transport=httpx.MockTransport(fail), base_url="http://users") as client:
        users = over(client, ServiceTokens(SECRET, Clock()))
        with pytest.raises(Unavailable):
            await users.user(NOBODY)
        with pytest.raises(Unavailable):
            await users.create_guest()
    assert asked == [f"/internal/users/{NOBODY}"] * 2 + ["/internal/users/guests"]


async def test_nobody_is_me_inside(house: Services, far: httpx.AsyncClient) -> None:
    with pytest.raises(NotFound):
        await over(far, house.service_tokens).user(UserId("me"))


async def test_more_cards_than_promised_are_refused(house: Services, far: httpx.AsyncClient) -> None:
    headers = {"authorization": f"Bearer {house.service_tokens.issue('users')}"}
    answer = await far.post("/internal/users/cards", json={"user_ids": [NOBODY] * 129}, headers=headers)
    assert answer.status_code == 422


async def test_a_token_signed_with_another_key_is_refused(house: Services, far: httpx.AsyncClient) -> None:
    with pytest.raises(InvalidToken):
        await over(far, ServiceTokens(b"x" * 32, house.clock)).create_guest()


async def test_a_token_for_something_else_is_refused(house: Services, far: httpx.AsyncClient) -> None:
    with pytest.raises(Forbidden):
        await over(far, house.service_tokens, "games").create_guest()


async def test_an_expired_token_is_refused(house: Services, far: httpx.AsyncClient) -> None:
    long_ago = Clock(house.clock.at - timedelta(days=365))
    with pytest.raises(InvalidToken):
        await over(far, ServiceTokens(SECRET, long_ago)).create_guest()


@pytest.mark.parametrize("path", ["/internal/users/guests", "/internal/users/identify", "/internal/users/cards"])
async def test_an_internal_call_needs_a_token(far: httpx.AsyncClient, path: str) -> None:
    assert (await far.post(path, json={})).status_code == 401


@pytest.mark.parametrize("path", ["/internal/users/guests", "/internal/users/identify", "/internal/users/cards"])
async def test_a_persons_token_is_worth_nothing_inside(house: Services, far: httpx.AsyncClient, path: str) -> None:
    token = (await house.guest()).access_token
    answer = await far.post(path, json={}, headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/invalid-token")


@pytest.mark.parametrize("path", ["/users/me", f"/users/{NOBODY}"])
async def test_a_services_token_is_worth_nothing_outside(house: Services, far: httpx.AsyncClient, path: str) -> None:
    headers = {"authorization": f"Bearer {house.service_tokens.issue('users')}"}
    answer = await far.get(path, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/invalid-token")


async def test_no_hash_crosses_the_seam(house: Services, far: httpx.AsyncClient) -> None:
    alice = await house.member()
    headers = {"authorization": f"Bearer {house.service_tokens.issue('users')}"}
    answer = await far.get(f"/internal/users/{alice.id}", headers=headers)
    assert alice.password is not None
    assert alice.password not in answer.text
    assert "epoch" not in answer.text

"""The seam to the User Service: its promises kept near, by the service, and far, by the client over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from noughts.kit import ids
from noughts.kit.database import Database
from noughts.kit.errors import Forbidden, InvalidToken, NotFound, Unavailable
from noughts.kit.service_tokens import ServiceTokens
from noughts.kit.tokens import UserId
from noughts.ports.users import CARDS_AT_ONCE, Card, PublicUser, Users, computer_id
from noughts.users.client import UsersClient
from noughts.users.service.directory import view
from tests import seams
from tests.fakes import Clock, caller
from tests.seams import Token
from tests.services import SECRET, Services, by_code, services

NOBODY = UserId("00000000-0000-7000-8000-00000000ffff")


@asynccontextmanager
async def over(house: Services, token: Token | None = None) -> AsyncIterator[UsersClient]:
    """Yield the far side of a house's User Service, asking with its own tokens or others."""
    async with seams.far(house.users_door(), token or house.service_tokens.issue) as remote:
        yield UsersClient(remote)


@pytest.fixture
async def door(house: Services) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the User Service's own door."""
    async with seams.served(house.users_door()) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


@pytest.fixture(params=["near", "far"])
async def users(request: pytest.FixtureRequest, house: Services) -> AsyncIterator[Users]:
    """The User Service, asked directly and over HTTP."""
    if request.param == "near":
        yield house.users.directory
        return
    async with over(house) as client:
        yield client


def someone() -> UserId:
    """Return the id of somebody new."""
    return UserId(ids.new())


async def test_a_new_guest_has_a_reserved_name_and_nothing_else(users: Users) -> None:
    guest = await users.create_guest(someone())
    assert guest.username.startswith("guest-")
    assert (guest.kind, guest.role, guest.status, guest.email, guest.version) == ("guest", "player", "active", None, 1)


async def test_every_guest_is_another(users: Users) -> None:
    first, second = await users.create_guest(someone()), await users.create_guest(someone())
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
    async with services(database, NOUGHTS_DUPLICATE_EMAIL="conceal") as house, over(house) as client:
        users: Users = house.users.directory if side == "near" else client
        alice = await house.member()
        assert (await users.identify("alice@example.com")).user_id is None
        await house.verify(by_code((await house.mails("alice@example.com"))[0]))
        assert (await users.identify("alice@example.com")).user_id == alice.id
        assert (await users.user(alice.id)).email_verified


@pytest.mark.parametrize("written", ["alice", "ALICE", "ａｌｉｃｅ"])
async def test_somebody_is_known_by_their_name_however_it_is_written(
    users: Users, house: Services, written: str
) -> None:
    alice = await house.member()
    wanted = PublicUser(id=alice.id, username="alice", kind="member", created_at="2026-11-22T12:00:00.000Z")
    assert await users.named(written) == wanted


async def test_guests_and_the_computer_are_known_by_their_names(users: Users) -> None:
    guest = await users.create_guest(someone())
    assert (await users.named(guest.username)).id == guest.id
    assert (await users.named("Computer-6")).id == computer_id(6)


@pytest.mark.parametrize(
    "written", ["bob", "", "@", "alice@example.com", "a\x00b", "\u200b", "a" * 8_000, "a" * 80, "\ufffd", " alice"]
)
async def test_a_name_nobody_has_is_not_found(users: Users, house: Services, written: str) -> None:
    await house.member()
    with pytest.raises(NotFound):
        await users.named(written)


async def test_somebody_being_deleted_has_no_name_any_more(users: Users, house: Services) -> None:
    alice = await house.member()
    await house.delete(alice.id, caller(alice.id), None)
    with pytest.raises(NotFound):
        await users.named("alice")


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
    guests = [await house.users.directory.create_guest(someone()) for _ in range(3)]
    strangers = [someone() for _ in range(CARDS_AT_ONCE - 3)]
    assert (await users.cards([*strangers, *(guest.id for guest in guests)])).keys() == {guest.id for guest in guests}


async def test_the_same_person_may_be_asked_for_twice(users: Users, house: Services) -> None:
    alice = await house.member()
    assert (await users.cards([alice.id, alice.id])).keys() == {alice.id}


async def test_a_guest_made_twice_is_one(users: Users) -> None:
    wanted = someone()
    assert await users.create_guest(wanted) == await users.create_guest(wanted)


async def test_nobody_becomes_the_guest_of_somebody_elses_id(users: Users, house: Services) -> None:
    alice = await house.member()
    with pytest.raises(NotFound):
        await users.create_guest(alice.id)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"id": 1}'])
async def test_a_neighbour_that_answers_nonsense_is_unavailable(body: bytes) -> None:
    with pytest.raises(Unavailable):
        await UsersClient(seams.answering(200, body)).user(NOBODY)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 502, 503])
async def test_a_refusal_without_a_known_problem_is_unavailable(status: int) -> None:
    for body in (b"", b"<html>", b"[]", b'{"type": 7}', b'{"type": "/problems/other"}'):
        with pytest.raises(Unavailable):
            await UsersClient(seams.answering(status, body)).user(NOBODY)


async def test_nobody_is_me_inside(house: Services) -> None:
    async with over(house) as client:
        with pytest.raises(NotFound):
            await client.user(UserId("me"))


async def test_more_cards_than_promised_are_refused(house: Services, door: httpx.AsyncClient) -> None:
    headers = {"authorization": f"Bearer {house.service_tokens.issue('users:read')}"}
    answer = await door.post("/internal/users/cards", json={"user_ids": [NOBODY] * 129}, headers=headers)
    assert answer.status_code == 422


async def test_a_token_signed_with_another_key_is_refused(house: Services) -> None:
    async with over(house, ServiceTokens(b"x" * 32, house.clock).issue) as client:
        with pytest.raises(InvalidToken):
            await client.create_guest(someone())


async def test_a_token_for_something_else_is_refused(house: Services) -> None:
    async with over(house, lambda _: house.service_tokens.issue("games:read")) as client:
        with pytest.raises(Forbidden):
            await client.create_guest(someone())


async def test_who_may_read_may_not_make_guests(house: Services) -> None:
    async with over(house, lambda _: house.service_tokens.issue("users:read")) as client:
        with pytest.raises(Forbidden):
            await client.create_guest(someone())


async def test_an_expired_token_is_refused(house: Services) -> None:
    long_ago = Clock(house.clock.at - timedelta(days=365))
    async with over(house, ServiceTokens(SECRET, long_ago).issue) as client:
        with pytest.raises(InvalidToken):
            await client.create_guest(someone())


@pytest.mark.parametrize(
    "path", [f"/internal/users/{NOBODY}/guest", "/internal/users/identify", "/internal/users/cards"]
)
async def test_an_internal_call_needs_a_token(door: httpx.AsyncClient, path: str) -> None:
    assert (await door.post(path, json={})).status_code == 401


@pytest.mark.parametrize(
    "path", [f"/internal/users/{NOBODY}/guest", "/internal/users/identify", "/internal/users/cards"]
)
async def test_a_persons_token_is_worth_nothing_inside(house: Services, door: httpx.AsyncClient, path: str) -> None:
    token = (await house.guest()).access_token
    answer = await door.post(path, json={}, headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/invalid-token")


@pytest.mark.parametrize("path", ["/users/me", f"/users/{NOBODY}"])
async def test_a_services_token_is_worth_nothing_outside(house: Services, door: httpx.AsyncClient, path: str) -> None:
    headers = {"authorization": f"Bearer {house.service_tokens.issue('users:read')}"}
    answer = await door.get(path, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/invalid-token")


async def test_no_hash_crosses_the_seam(house: Services, door: httpx.AsyncClient) -> None:
    alice = await house.member()
    headers = {"authorization": f"Bearer {house.service_tokens.issue('users:read')}"}
    answer = await door.get(f"/internal/users/{alice.id}", headers=headers)
    assert alice.password is not None
    assert alice.password not in answer.text
    assert "epoch" not in answer.text

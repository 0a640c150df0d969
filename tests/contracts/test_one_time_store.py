"""What the stores of one-time links and recovery requests promise, on both databases."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from noughts.kit import ids
from noughts.kit.database import Write
from noughts.kit.errors import NotFound
from noughts.kit.tokens import UserId
from noughts.users.model.accounts import Account
from noughts.users.model.one_time import OneTimeToken, Purpose
from noughts.users.store import OneTimeStore, Request
from tests.fakes import NOON
from tests.services import HERE, Services

KEY = "alice@example.com"


@pytest.fixture
def store(house: Services) -> OneTimeStore:
    """The store of links and codes."""
    return house.user_store.one_time


@pytest.fixture
async def alice(house: Services) -> Account:
    """A member whom nothing was sent."""
    account = await house.member()
    await house.database.write(*OneTimeStore.voided(account.id, "verify"))
    return account


def token(user_id: UserId, purpose: Purpose = "recover", **different: object) -> OneTimeToken:
    """Return a link and a code."""
    made = OneTimeToken(
        id=ids.new(),
        user_id=user_id,
        purpose=purpose,
        email=KEY,
        digest=ids.new(),
        code_mac="mac",
        code_expires_at=NOON + timedelta(minutes=10),
        tries=0,
        expires_at=NOON + timedelta(minutes=30),
        created_at=NOON,
    )
    return msgspec.structs.replace(made, **different)


async def sent(store: OneTimeStore, *tokens: OneTimeToken) -> None:
    """Store links and codes, each with its letter."""
    for one in tokens:
        await store.send(*store.added(one))


async def test_a_link_is_read_as_it_was_stored(store: OneTimeStore, alice: Account) -> None:
    one = token(alice.id)
    await sent(store, one)
    assert await store.by_digest(one.digest) == one
    assert await store.sent_to(KEY, "recover") == [one]
    assert await store.sent_to(KEY, "verify") == []
    assert await store.by_digest("another") is None


async def test_a_newer_link_takes_the_place_of_the_last_of_its_purpose(store: OneTimeStore, alice: Account) -> None:
    other, first, second = token(alice.id, "verify"), token(alice.id), token(alice.id)
    await sent(store, other, first, second)
    assert await store.sent_to(KEY, "recover") == [second]
    assert await store.stands(other)


async def test_of_twenty_sent_at_once_one_stands(store: OneTimeStore, alice: Account) -> None:
    await asyncio.gather(*[sent(store, token(alice.id)) for _ in range(20)])
    assert len(await store.sent_to(KEY, "recover")) == 1


async def test_every_way_back_stays_open_until_an_earlier_one_is_taken(store: OneTimeStore, alice: Account) -> None:
    first, second, third = (token(alice.id, "undo", code_mac=None) for _ in range(3))
    await sent(store, first, second, third)
    await store.send(*store.spent(second))
    assert [await store.stands(one) for one in (first, second, third)] == [True, False, False]


async def test_what_is_used_is_used_once(store: OneTimeStore, alice: Account) -> None:
    one = token(alice.id)
    await sent(store, one)
    outcomes = await asyncio.gather(*[store.send(*store.spent(one)) for _ in range(10)], return_exceptions=True)
    assert outcomes.count(None) == 1


async def test_a_try_is_counted_only_in_the_state_it_was_judged_in(store: OneTimeStore, alice: Account) -> None:
    one = token(alice.id)
    await sent(store, one)
    outcomes = await asyncio.gather(*[store.tried([one]) for _ in range(10)])
    assert sorted(outcomes) == [False] * 9 + [True]
    assert [found.tries for found in await store.sent_to(KEY, "recover")] == [1]
    assert await store.tried([])


async def test_nothing_is_sent_to_whom_nobody_is(store: OneTimeStore) -> None:
    with pytest.raises(NotFound):
        await sent(store, token(UserId(ids.new())))


async def test_what_has_expired_goes_and_the_rest_stays(store: OneTimeStore, alice: Account) -> None:
    old, young = token(alice.id, expires_at=NOON), token(alice.id, "verify")
    await sent(store, old, young)
    await store.purge(NOON)
    assert [await store.stands(one) for one in (old, young)] == [False, True]


async def test_a_request_is_answered_once_and_the_oldest_first(house: Services) -> None:
    requests = [Request(ids.new(), b"sealed", NOON) for _ in range(3)]
    for request in requests:
        await house.user_store.requests.add(request)
    assert await house.user_store.requests.oldest(2) == requests[:2]
    told: Write = house.fittings.audit.row("recovery-requested", None, HERE)
    answers = await asyncio.gather(*[house.user_store.requests.answer(requests[0], told) for _ in range(5)])
    assert sorted(answers) == [False] * 4 + [True]
    assert await house.user_store.requests.oldest(5) == requests[1:]

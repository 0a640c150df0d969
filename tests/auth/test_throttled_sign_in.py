"""Signing in while somebody else guesses, on both databases and by a clock that is moved."""

import asyncio
from typing import Any

import msgspec
import pytest
from tests.services import PASSWORD, Services

from noughts.auth.model.sessions import LoginFailed
from noughts.auth.service import Grant
from noughts.kit.audit import Origin
from noughts.kit.database import Query, Write
from noughts.kit.passwords import HashQueueFull
from noughts.kit.throttling import LONGEST_WAIT_S, TooManyAttempts


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """How many counters there are."""

    counters: int


KEPT = Query("SELECT count(*) FROM attempts", Kept)
HOME, AWAY = "203.0.113.7", "198.51.100.9"


async def sign_in(
    house: Services, address: str, password: str = PASSWORD, cookie: str | None = None
) -> Grant | int | None:
    """Sign in as alice from somewhere: return what that gave, how many seconds to wait, or nothing."""
    try:
        return await house.auth.sign_in.login("alice", password, Origin(address, "", "a test"), cookie)
    except TooManyAttempts as refused:
        return int(dict(refused.headers)["Retry-After"])
    except LoginFailed:
        return None


async def attack(house: Services, times: int = 60) -> None:
    """Let somebody fail so often, from so many addresses, a second between any two."""
    for n in range(times):
        await sign_in(house, f"192.0.{2 + n // 250}.{n % 250}", "a wrong one")
        house.clock.forward(seconds=1)


async def test_after_a_thousand_failures_of_others_a_known_address_is_let_in_at_once(house: Services) -> None:
    await house.member()
    await house.login()
    await attack(house, 1_000)
    assert isinstance(await sign_in(house, HOME), Grant)


async def test_after_many_failures_of_others_a_new_address_is_let_in_within_a_minute(house: Services) -> None:
    await house.member()
    await attack(house)
    wait = await sign_in(house, AWAY)
    assert isinstance(wait, int)
    assert wait <= LONGEST_WAIT_S
    house.clock.forward(seconds=wait)
    assert isinstance(await sign_in(house, AWAY), Grant)


async def test_an_address_is_known_for_ninety_days_after_the_last_sign_in(house: Services) -> None:
    await house.member()
    await house.login()
    house.clock.forward(days=90, seconds=-120)
    await attack(house)
    assert isinstance(await sign_in(house, HOME), Grant)
    house.clock.forward(days=90)
    await attack(house)
    assert isinstance(await sign_in(house, HOME), int)


async def test_an_address_is_known_to_the_account_it_signed_in_to_alone(house: Services) -> None:
    await house.member()
    await house.member("bob")
    await house.login("bob")
    await attack(house)
    assert isinstance(await sign_in(house, HOME), int)


async def test_addresses_nobody_signs_in_from_any_more_are_forgotten(house: Services) -> None:
    alice = await house.member()
    await house.login()
    devices, here = house.auth.devices, Origin(HOME, "", None)
    house.clock.forward(days=89)
    await devices.purge()
    assert await devices.knows(alice.id, here)
    house.clock.forward(days=1)
    await devices.purge()
    house.clock.forward(days=-1)
    assert not await devices.knows(alice.id, here)


async def test_a_browser_signed_in_with_before_is_let_in_from_anywhere(house: Services) -> None:
    await house.member()
    cookie = (await house.login()).device_cookie
    await attack(house)
    for _ in range(6):
        await sign_in(house, AWAY, "a wrong one")
    assert isinstance(await sign_in(house, AWAY), int)
    assert isinstance(await sign_in(house, AWAY, PASSWORD, cookie), Grant)


async def test_a_browser_of_somebody_else_helps_nobody(house: Services) -> None:
    await house.member()
    await house.member("bob")
    cookie = (await house.login("bob")).device_cookie
    await attack(house)
    assert isinstance(await sign_in(house, AWAY, PASSWORD, cookie), int)


async def test_a_right_password_forgives_the_slips_before_it(house: Services) -> None:
    await house.member()
    for _ in range(3):
        for _ in range(4):
            assert await sign_in(house, HOME, "a slip") is None
        assert isinstance(await sign_in(house, HOME), Grant)


async def test_of_a_hundred_guesses_at_once_the_free_ones_alone_are_judged(house: Services) -> None:
    await house.member()
    outcomes: list[Grant | int | None] = []
    for _ in range(2):
        outcomes += await asyncio.gather(*(sign_in(house, AWAY, "a wrong one") for _ in range(50)))
    assert outcomes.count(None) == 5


async def test_whoever_finds_the_queue_full_was_not_counted(house: Services) -> None:
    await house.member()
    places = [f"192.0.2.{n}" for n in range(200)]
    outcomes = await asyncio.gather(*(sign_in(house, place, "a wrong one") for place in places), return_exceptions=True)
    late = sum(isinstance(outcome, HashQueueFull) for outcome in outcomes)
    kept = await house.database.fetch(KEPT)
    assert late > 100
    assert kept is not None
    assert kept.counters <= 1 + 2 * (len(places) - late)


@pytest.fixture
def statements(house: Services, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the database is asked, in order."""
    asked: list[str] = []
    fetch, write = house.database.fetch, house.database.write

    async def fetching(query: Query[Any], *args: Any) -> Any:
        asked.append(query.postgres)
        return await fetch(query, *args)

    async def writing(*writes: Write) -> None:
        asked.append("; ".join(sql.postgres for sql, _, _ in writes))
        await write(*writes)

    monkeypatch.setattr(house.database, "fetch", fetching)
    monkeypatch.setattr(house.database, "write", writing)
    return asked


async def test_the_same_statements_are_run_for_somebody_and_for_nobody(house: Services, statements: list[str]) -> None:
    alice, carol, guest = await house.member(), await house.member("carol"), await house.guest()
    await house.user_store.accounts.replace(carol, msgspec.structs.replace(carol, status="disabled", version=2))
    by_name, by_mail = (alice.username, "nobody", "carol", guest.user.username, "computer-6"), (alice.email, "no@body")
    for names in (by_name, by_mail):
        found = [await asked_for(house, statements, str(name), f"192.0.2.{len(name or '')}") for name in names]
        assert len(found[0]) > 30
        assert all(each == found[0] for each in found)


async def asked_for(house: Services, statements: list[str], name: str, address: str) -> list[str]:
    """Return what is asked when somebody guesses seven times, the last two of them too soon."""
    statements.clear()
    for _ in range(7):
        with pytest.raises((LoginFailed, TooManyAttempts)):
            await house.auth.sign_in.login(name, "a wrong one", Origin(address, "", "a test"))
    return list(statements)

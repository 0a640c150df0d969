"""What the throttle promises whoever guesses, and whoever is guessed about, on both databases."""

import asyncio
from typing import Any

import msgspec
import pytest

from noughts.kit.database import Query
from noughts.kit.throttling import LONGEST_WAIT_S, Charge, Throttle, TooManyAttempts
from tests.services import Services

HERE, THERE = "203.0.113.7", "198.51.100.9"


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One counter."""

    key: str
    failures: int


ROWS = Query("SELECT key, failures FROM attempts", Row)


async def guess(house: Services, identifier: str = "alice", address: str = HERE, **trusted: Any) -> Charge | int:
    """Guess, and return the charge, or how many seconds to wait."""
    try:
        return await house.fittings.throttle.charge("sign-in", identifier, address, **trusted)
    except TooManyAttempts as refused:
        return int(dict(refused.headers)["Retry-After"])


async def heard(house: Services, identifier: str = "alice", address: str = HERE, **trusted: Any) -> int:
    """Guess as soon as one may, and return how many seconds that took."""
    waited = 0
    while isinstance(wait := await guess(house, identifier, address, **trusted), int):
        house.clock.forward(seconds=wait)
        waited += wait
    return waited


async def heat(house: Services, identifier: str = "alice") -> None:
    """Let others fail about somebody, each from elsewhere, until whoever is new has to wait for a minute."""
    for n in range(16):
        await heard(house, identifier, f"192.0.2.{n}")


async def test_five_failures_are_free_then_each_makes_wait_longer_up_to_a_minute(house: Services) -> None:
    assert [await heard(house) for _ in range(13)] == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_guess_that_comes_too_soon_makes_no_wait_longer(house: Services) -> None:
    for _ in range(8):
        await heard(house)
    waits = []
    for _ in range(8):
        waits.append(await guess(house))
        house.clock.forward(seconds=1)
    assert waits == [8, 7, 6, 5, 4, 3, 2, 1]
    assert isinstance(await guess(house), Charge)


async def test_failures_are_forgotten_after_an_hour_without_any(house: Services) -> None:
    for _ in range(12):
        await heard(house)
    house.clock.forward(hours=1)
    assert [await heard(house) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


async def test_failures_about_one_person_from_everywhere_make_the_next_wait(house: Services) -> None:
    waits = [await heard(house, address=f"192.0.2.{n}") for n in range(18)]
    assert waits == [0] * 10 + [1, 2, 4, 8, 16, 32, 60, 60]


async def test_failures_from_one_address_about_everyone_make_it_wait(house: Services) -> None:
    waits = [await heard(house, f"person-{n}") for n in range(58)]
    assert waits == [0] * 50 + [1, 2, 4, 8, 16, 32, 60, 60]


async def test_the_addresses_of_one_ipv6_network_are_one(house: Services) -> None:
    waits = [await heard(house, address=f"2001:db8:1:2::{n:x}") for n in range(6)]
    assert waits == [0, 0, 0, 0, 0, 1]


async def test_whoever_waits_for_others_guesses_is_heard_when_told_whatever_others_do_meanwhile(
    house: Services,
) -> None:
    await heat(house)
    wait = await guess(house, address=THERE)
    assert isinstance(wait, int)
    assert wait <= LONGEST_WAIT_S
    for n in range(wait):
        house.clock.forward(seconds=1)
        for other in range(5):
            await guess(house, address=f"192.0.2.{(5 * n + other) % 200}")
    assert isinstance(await guess(house, address=THERE), Charge)


async def test_a_slot_is_good_for_one_guess(house: Services) -> None:
    await heat(house)
    await heard(house, address=THERE)
    assert await guess(house, address=THERE) == LONGEST_WAIT_S


async def test_a_slot_nobody_used_is_forgotten_with_the_hour(house: Services) -> None:
    await heat(house)
    assert isinstance(await guess(house, address=THERE), int)
    house.clock.forward(hours=1)
    await heat(house)
    assert await guess(house, address=THERE) == LONGEST_WAIT_S


async def test_a_known_address_neither_waits_for_others_guesses_nor_makes_others_wait(house: Services) -> None:
    await heat(house)
    assert [await heard(house, known=True) for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert [await heard(house, "bob", known=True) for _ in range(9)][:5] == [0] * 5
    assert [await heard(house, "bob", f"192.0.2.{n}") for n in range(10)] == [0] * 10


async def test_on_a_device_of_ones_own_nothing_counts_but_its_own_failures(house: Services) -> None:
    for n in range(60):
        await heard(house, f"person-{n}")
    for _ in range(12):
        await heard(house)
    assert [await heard(house, device="hers") for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert await heard(house, device="another of hers") == 0


async def test_of_a_hundred_guesses_at_once_from_one_address_only_the_free_ones_are_heard(house: Services) -> None:
    outcomes = await asyncio.gather(*(guess(house) for _ in range(100)))
    assert sum(isinstance(outcome, Charge) for outcome in outcomes) == 5


async def test_of_a_hundred_guesses_at_once_from_everywhere_only_the_free_ones_are_heard(house: Services) -> None:
    outcomes = await asyncio.gather(*(guess(house, address=f"192.0.2.{n}") for n in range(100)))
    assert sum(isinstance(outcome, Charge) for outcome in outcomes) == 10


async def test_of_guesses_at_once_about_everyone_from_everywhere_none_is_in_the_way_of_another(house: Services) -> None:
    pairs = [(f"person-{n % 20}", f"192.0.2.{n // 20}") for n in range(100)]
    outcomes = await asyncio.gather(*(guess(house, *pair) for pair in pairs))
    assert all(isinstance(outcome, Charge) for outcome in outcomes)


async def test_two_processes_count_together(house: Services) -> None:
    other = await Services(house.database, house.clock, house.passwords).ready()
    outcomes = [await guess(each) for each in (house, other) * 3]
    assert [isinstance(outcome, Charge) for outcome in outcomes] == [True] * 5 + [False]


async def test_a_right_guess_forgives_what_failed_before_it_from_there(house: Services) -> None:
    for _ in range(8):
        await heard(house)
    house.clock.forward(seconds=8)
    right = await guess(house)
    assert isinstance(right, Charge)
    await house.database.write(*house.fittings.throttle.cleared(right))
    assert [await heard(house) for _ in range(2)] == [0, 0]


async def test_right_guesses_do_not_count_against_an_address(house: Services) -> None:
    for n in range(70):
        charge = await guess(house, f"person-{n}")
        assert isinstance(charge, Charge)
        await house.database.write(*house.fittings.throttle.cleared(charge))


async def test_a_right_guess_forgives_no_failures_of_others(house: Services) -> None:
    await heat(house)
    right = await guess(house, known=True)
    assert isinstance(right, Charge)
    await house.database.write(*house.fittings.throttle.cleared(right))
    assert await guess(house, address=THERE) == LONGEST_WAIT_S


async def test_one_may_not_wash_an_address_with_an_account_of_ones_own(house: Services) -> None:
    for n in range(49):
        await heard(house, f"person-{n}")
        own = await guess(house, "mallory")
        assert isinstance(own, Charge)
        await house.database.write(*house.fittings.throttle.cleared(own))
    assert [await heard(house, f"other-{n}") for n in range(3)] == [0, 1, 2]


async def test_what_may_be_asked_for_five_times_may_be_again_an_hour_after_the_last(house: Services) -> None:
    ration = house.fittings.throttle.ration
    for _ in range(5):
        await ration("recovery", "alice@example.com")
        house.clock.forward(minutes=10)
    with pytest.raises(TooManyAttempts) as refused:
        await ration("recovery", "alice@example.com")
    assert dict(refused.value.headers)["Retry-After"] == "3000"
    await ration("recovery", "bob@example.com")
    house.clock.forward(minutes=50)
    for _ in range(5):
        await ration("recovery", "alice@example.com")


@pytest.mark.parametrize("odd", ["", "\0", "a\0b", "x" * 60_000, "' OR 1=1--", "\udcff", "\u202e", "é"])
async def test_whatever_is_guessed_about_is_counted(house: Services, odd: str) -> None:
    assert [await heard(house, odd) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("odd", ["", "unknown", "256.1.1.1", "\0", "::1%eth0"])
async def test_whatever_an_address_is_it_is_counted(house: Services, odd: str) -> None:
    assert [await heard(house, address=odd) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


async def test_purposes_do_not_count_for_each_other(house: Services) -> None:
    for _ in range(6):
        await heard(house)
    await house.fittings.throttle.charge("current-password", "alice", HERE)


async def test_a_refusal_says_how_long_in_the_headers_everyone_reads(house: Services) -> None:
    for _ in range(9):
        await heard(house)
    with pytest.raises(TooManyAttempts) as refused:
        await house.fittings.throttle.charge("sign-in", "alice", HERE)
    headers = dict(refused.value.headers)
    assert headers["Retry-After"] == "16"
    assert headers["RateLimit"] == '"attempts";r=0;t=16'
    assert refused.value.status == 429


async def test_neither_addresses_nor_names_are_kept(house: Services) -> None:
    await heat(house)
    await guess(house, "alice", THERE)
    rows = await house.database.scan(ROWS)
    assert all(set(row.key) <= set("0123456789abcdef") and len(row.key) == 64 for row in rows)
    other = Throttle(house.database, b"another key", house.clock, on=True)
    assert await other.charge("sign-in", "alice", THERE)


async def test_counters_are_purged_once_they_are_forgotten(house: Services) -> None:
    await heat(house)
    await house.fittings.throttle.purge()
    assert await house.database.scan(ROWS)
    house.clock.forward(hours=1, seconds=1)
    await house.fittings.throttle.purge()
    assert await house.database.scan(ROWS) == []


async def test_switched_off_nobody_waits_and_nothing_is_kept(house: Services) -> None:
    off = await Services(house.database, house.clock, house.passwords, NOUGHTS_RATE_LIMITS="off").ready()
    charges = [await off.fittings.throttle.charge("sign-in", "alice", HERE) for _ in range(100)]
    assert off.fittings.throttle.cleared(charges[0]) == ()
    assert await house.database.scan(ROWS) == []

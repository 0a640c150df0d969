"""Hashing passwords without slowing anyone else."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from threading import Event

import argon2
import msgspec
import pytest
from tests.fakes import CHEAP

from noughts.kit.passwords import Hashing, HashQueueFull, Passwords


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """Hashing that costs nothing."""
    made = Passwords(CHEAP)
    yield made
    made.close()


async def test_a_password_fits_its_hash_and_no_other(passwords: Passwords) -> None:
    stored = await passwords.hash("a proper secret")
    assert await passwords.verify(stored, "a proper secret")
    assert not await passwords.verify(stored, "a proper secret ")


async def test_the_same_password_is_never_hashed_the_same(passwords: Passwords) -> None:
    assert await passwords.hash("a proper secret") != await passwords.hash("a proper secret")


async def test_a_password_is_not_cut_off(passwords: Passwords) -> None:
    stored = await passwords.hash("x" * 255 + "y")
    assert await passwords.verify(stored, "x" * 255 + "y")
    assert not await passwords.verify(stored, "x" * 256)


async def test_composed_and_decomposed_letters_are_the_same(passwords: Passwords) -> None:
    assert await passwords.verify(await passwords.hash("caf\u00e9 secret"), "cafe\u0301 secret")


async def test_a_null_is_a_character_like_others(passwords: Passwords) -> None:
    assert not await passwords.verify(await passwords.hash("secret\0one"), "secret\0two")


@pytest.mark.parametrize("stored", [None, "", "!", "$argon2id$", "$2b$12$" + "x" * 53])
async def test_nothing_fits_what_is_no_hash(passwords: Passwords, stored: str | None) -> None:
    assert not await passwords.verify(stored, "a proper secret")


async def test_nobody_signs_in_with_the_password_nobody_has(passwords: Passwords) -> None:
    assert not await passwords.verify(None, "")


async def test_what_is_stored_is_argon2id_at_no_less_than_owasps_minimum() -> None:
    passwords = Passwords(Hashing())
    found = argon2.extract_parameters(await passwords.hash("a proper secret"))
    assert (found.type, found.memory_cost, found.time_cost) == (argon2.Type.ID, 19_456, 2)
    passwords.close()


@pytest.mark.parametrize("weak", [{"hash_memory_kib": 19_455}, {"hash_passes": 1}, {"hash_queue": 0}])
def test_no_setting_goes_below_owasps_minimum(weak: dict[str, int]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(weak, Hashing)


async def test_a_hash_of_another_cost_is_outdated(passwords: Passwords) -> None:
    dearer = Passwords(msgspec.structs.replace(CHEAP, hash_passes=2))
    assert not passwords.outdated(await passwords.hash("a proper secret"), "a proper secret")
    assert passwords.outdated(await dearer.hash("a proper secret"), "a proper secret")
    dearer.close()


async def test_past_the_queue_people_are_told_to_come_back_at_once() -> None:
    passwords = Passwords(msgspec.structs.replace(CHEAP, hash_threads=1, hash_queue=3))
    go_on = Event()
    held = [asyncio.ensure_future(passwords._run(go_on.wait)) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(HashQueueFull) as refused:
        await passwords.hash("one too many")
    assert refused.value.status == 503
    assert dict(refused.value.headers)["Retry-After"] == "2"
    go_on.set()
    await asyncio.gather(*held)
    assert await passwords.hash("there is room again")
    passwords.close()


async def test_who_watches_sees_the_queue_and_who_was_sent_away() -> None:
    passwords = Passwords(msgspec.structs.replace(CHEAP, hash_threads=1, hash_queue=3))

    def told() -> dict[str, float]:
        return {name.removeprefix("noughts_"): read() for name, (_, read) in passwords.gauges().items()}

    await passwords.hash("the thread is there")
    began, go_on = Event(), Event()
    held = [asyncio.ensure_future(passwords._run(lambda: began.set() or go_on.wait())) for _ in range(4)]
    await asyncio.to_thread(began.wait)
    with pytest.raises(HashQueueFull):
        await passwords.hash("one too many")
    full = {
        "hashes_running": 1,
        "hashes_waiting": 3,
        "hash_places": 4,
        "hash_places_taken": 4,
        "hashes_refused_total": 1,
    }
    assert told() == full
    go_on.set()
    await asyncio.gather(*held)
    free = {
        "hashes_running": 0,
        "hashes_waiting": 0,
        "hash_places": 4,
        "hash_places_taken": 0,
        "hashes_refused_total": 1,
    }
    assert told() == free
    passwords.close()


async def test_who_gives_up_waiting_makes_room_only_once() -> None:
    passwords = Passwords(msgspec.structs.replace(CHEAP, hash_threads=1, hash_queue=1))
    for _ in range(5):
        leaving = asyncio.ensure_future(passwords.hash("somebody who leaves"))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    assert passwords._room == 2
    passwords.close()


@pytest.mark.slow
async def test_an_unknown_person_costs_as_much_as_a_wrong_password() -> None:
    passwords = Passwords(msgspec.structs.replace(Hashing(), hash_threads=1))
    stored = await passwords.hash("a proper secret")
    took: dict[str | None, list[float]] = {stored: [], None: []}
    for _ in range(40):
        for whose, times in took.items():
            started = time.process_time()
            await passwords.verify(whose, "a wrong password")
            times.append(time.process_time() - started)
    known, unknown = (statistics.median(times) for times in took.values())
    assert unknown == pytest.approx(known, rel=0.15)
    passwords.close()

"""Signing keys: published before they sign, retired without signing anyone out, made by one process, on both databases."""

import asyncio
from datetime import timedelta

import jwt
import pytest
from tests.fakes import NOON, Clock
from tests.services import ISSUER, PASSWORD, Services

from noughts.auth.model import keys as model
from noughts.auth.model.keys import Algorithm
from noughts.auth.service.keys import Keys
from noughts.auth.signing import Signer
from noughts.kit.errors import InvalidToken, Refusal

PERIOD = timedelta(days=90)


async def states(house: Services) -> list[str]:
    """Return what the keys are for, the newest first."""
    return [key.state for key in await house.auth.keys.all()]


async def signing(house: Services) -> str:
    """Return the id of the key a sign-in is signed with."""
    return str(jwt.get_unverified_header((await house.login("alice", PASSWORD)).access_token)["kid"])


def published(house: Services) -> list[str]:
    """Return the ids of the published keys."""
    return [key["kid"] for key in house.auth.signer.jwks()["keys"]]


async def another(house: Services) -> Services:
    """Return another process on the same database."""
    return await Services(house.database, house.clock, house.passwords).ready()


async def test_the_first_key_signs_at_once(house: Services) -> None:
    (key,) = await house.auth.keys.all()
    assert (key.state, key.signs_from, key.retires_at) == ("active", NOON, None)


async def test_processes_that_start_at_once_make_one_key(house: Services) -> None:
    await house.auth_store.keys.remove(await house.auth_store.keys.all())
    processes = await asyncio.gather(*(another(house) for _ in range(5)))
    assert len({tuple(published(process)) for process in processes}) == 1


async def test_the_next_key_is_published_a_day_before_it_signs(house: Services) -> None:
    await house.member()
    house.clock.at = NOON + PERIOD - timedelta(hours=24, seconds=1)
    await house.auth.keys.keep()
    assert await states(house) == ["active"]
    house.clock.forward(seconds=1)
    await house.auth.keys.keep()
    await house.auth.keys.read()
    assert await states(house) == ["next", "active"]
    following, first = published(house)
    house.clock.at = NOON + PERIOD - timedelta(milliseconds=1)
    assert await signing(house) == first
    house.clock.forward(milliseconds=1)
    assert await signing(house) == following
    assert await states(house) == ["active", "retired"]


async def test_after_a_long_rest_the_next_key_still_has_its_notice(house: Services) -> None:
    late = house.clock.forward(days=400)
    await house.auth.keys.keep()
    assert (await house.auth.keys.all())[0].signs_from == late + timedelta(hours=24)


async def test_a_retired_key_stays_for_its_tokens_and_three_hours_and_then_goes(house: Services) -> None:
    key = await house.auth.keys.rotate(hurry=True)
    house.clock.at = key.signs_from + timedelta(hours=3, seconds=630)
    await house.auth.keys.keep()
    assert len(await states(house)) == 2
    house.clock.forward(seconds=1)
    await house.auth.keys.keep()
    await house.auth.keys.read()
    assert published(house) == [key.id]
    assert await states(house) == ["active"]


@pytest.mark.parametrize("hurry", [False, True])
async def test_nobody_is_signed_out_while_keys_change(house: Services, *, hurry: bool) -> None:
    await house.member()
    other = await another(house)
    key = await house.auth.keys.rotate(hurry=hurry)
    for _ in range(2):
        await house.auth.keys.read()
        await other.auth.keys.read()
        grants = [await process.login() for process in (house, other)]
        for process in (house, other):
            for grant in grants:
                assert process.verifier.verify(grant.access_token)
        house.clock.at = key.signs_from
    assert await signing(house) == await signing(other) == key.id


async def test_tokens_signed_before_a_change_hold_until_they_expire(house: Services) -> None:
    await house.member()
    key = await house.auth.keys.rotate(hurry=True)
    house.clock.at = key.signs_from - timedelta(seconds=1)
    grant = await house.login()
    house.clock.forward(seconds=600)
    fresh = await another(house)
    assert fresh.verifier.verify(grant.access_token)
    assert await house.refresh(grant.refresh_token)


async def test_what_a_retired_key_signs_anew_is_refused(house: Services) -> None:
    await house.member()
    thief = await another(house)
    key = await house.auth.keys.rotate(hurry=True)
    await house.auth.keys.read()
    house.clock.at = key.signs_from + timedelta(seconds=31)
    forged = (await thief.login()).access_token  # this process knows the old key alone
    with pytest.raises(InvalidToken, match="retired"):
        house.verifier.verify(forged)


async def test_a_change_in_a_hurry_leaves_time_to_read_the_key_and_drops_the_one_that_waits(house: Services) -> None:
    waiting = await house.auth.keys.rotate()
    key = await house.auth.keys.rotate(hurry=True)
    assert key.signs_from - house.clock() >= 5 * timedelta(seconds=model.READ_EVERY_S)
    assert [one.id for one in await house.auth.keys.all()].count(waiting.id) == 0
    assert await states(house) == ["next", "active"]


@pytest.mark.parametrize("hurry", [False, True])
async def test_processes_that_change_keys_at_once_make_one(house: Services, *, hurry: bool) -> None:
    processes = [house, *[await another(house) for _ in range(4)]]
    made = await asyncio.gather(*(process.auth.keys.rotate(hurry=hurry) for process in processes))
    assert len({key.id for key in made}) == 1
    assert await states(house) == ["next", "active"]


async def test_processes_that_find_a_change_due_at_once_make_one_key(house: Services) -> None:
    processes = [house, *[await another(house) for _ in range(4)]]
    house.clock.at = NOON + PERIOD
    await asyncio.gather(*(process.auth.keys.keep() for process in processes))
    assert await states(house) == ["next", "active"]


async def test_how_long_a_key_signs_is_a_setting(house: Services) -> None:
    often = await Services(house.database, house.clock, house.passwords, NOUGHTS_KEY_ROTATION_DAYS="7").ready()
    house.clock.forward(days=6)
    await often.auth.keys.keep()
    assert (await house.auth.keys.all())[0].signs_from == NOON + timedelta(days=7)


async def test_by_a_clock_that_is_behind_the_first_key_signs_all_the_same(house: Services) -> None:
    await house.member()
    behind = await Services(house.database, Clock(), house.passwords).ready()
    behind.clock.at = NOON - timedelta(seconds=5)
    assert await signing(behind) == await signing(house)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
async def test_whoever_has_another_secret_makes_no_key(house: Services, algorithm: Algorithm) -> None:
    stranger = Keys(house.auth_store.keys, Signer(b"x" * 32, algorithm, ISSUER), PERIOD, house.clock)
    for attempt in (stranger.load, stranger.rotate):
        with pytest.raises(Refusal, match="secret"):
            await attempt()
    assert await states(house) == ["active"]

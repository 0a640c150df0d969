"""Guests who are gone are removed; whoever may come back, or played with somebody, is not."""

import asyncio

import pytest
from tests.services import Services, services

from noughts.auth.model.sessions import IDLE
from noughts.games.model.games import Wish
from noughts.kit import ids
from noughts.kit.tokens import Principal, UserId
from noughts.users.service import Guests

ANYONE = Wish(seat="anyone")
COMPUTER = Wish(seat="computer", level=1, mark="X")


def worker(house: Services) -> Guests:
    """Return what removes them."""
    return Guests(house.user_store.accounts, house.games, house.auth.records, house.fittings)


async def guest(house: Services) -> Principal:
    """Return a new guest, signed in."""
    return house.verifier.verify((await house.guest()).access_token)


async def left(house: Services, *guests: Principal) -> list[bool]:
    """Let go of the idle, and return of each guest whether they are still there."""
    await worker(house).sweep()
    house.clock.forward(seconds=3)
    await house.erasure.sweep()
    return [await house.user_store.accounts.get(guest.user_id) is not None for guest in guests]


def a_month_passes(house: Services) -> None:
    """Move the clock past what a session survives unused."""
    house.clock.forward(seconds=IDLE.total_seconds() + 1)


async def test_a_guest_idle_for_thirty_days_is_removed_and_not_a_day_earlier(house: Services) -> None:
    idle = await guest(house)
    house.clock.forward(days=29)
    assert await left(house, idle) == [True]
    house.clock.forward(days=1)
    assert await left(house, idle) == [False]


async def test_a_guest_who_signed_out_is_kept_for_thirty_days_too(house: Services) -> None:
    gone = await guest(house)
    await house.logout(gone)
    assert await left(house, gone) == [True]
    a_month_passes(house)
    assert await left(house, gone) == [False]


async def test_a_guest_who_comes_back_now_and_then_stays(house: Services) -> None:
    grant = await house.guest()
    for _ in range(2):
        house.clock.forward(days=20)
        grant = await house.refresh(grant.refresh_token)
    assert await left(house, house.verifier.verify(grant.access_token)) == [True]


async def test_guests_who_finished_a_game_with_each_other_stay(house: Services) -> None:
    first, second = await guest(house), await guest(house)
    game = await house.games.create(ANYONE, first)
    await house.games.create(ANYONE, second)
    await house.games.resign(game.id, second)
    a_month_passes(house)
    assert await left(house, first, second) == [True, True]


@pytest.mark.parametrize("wish", [ANYONE, COMPUTER], ids=["waiting", "computer"])
async def test_a_game_nobody_joined_or_against_the_computer_keeps_no_guest(house: Services, wish: Wish) -> None:
    alone = await guest(house)
    game = await house.games.create(wish, alone)
    if wish is COMPUTER:
        await house.games.resign(game.id, alone)
    a_month_passes(house)
    assert await left(house, alone) == [False]


async def test_members_stay_however_long_they_are_away(house: Services) -> None:
    alice = await house.member()
    house.clock.forward(days=1_000)
    await worker(house).sweep()
    assert (await house.stored(alice.id)).status == "active"


async def test_more_guests_than_are_looked_at_at_once_all_go_and_younger_ones_stay(house: Services) -> None:
    old = [await house.users.directory.create_guest(UserId(ids.new())) for _ in range(203)]
    a_month_passes(house)
    young = await guest(house)
    assert await left(house, young) == [True]
    assert [await house.user_store.accounts.get(one.id) for one in old] == [None] * 203


async def test_two_processes_at_once_do_it_once(house: Services) -> None:
    idle = [await guest(house) for _ in range(5)]
    a_month_passes(house)
    async with services(house.database) as other:
        other.clock.at = house.clock.at
        await asyncio.gather(worker(house).sweep(), worker(other).sweep())
    stored = [await house.stored(one.user_id) for one in idle]
    assert [(one.status, one.version) for one in stored] == [("deleting", 2)] * 5

"""Threads that step back, and hand results over together while others wait."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from noughts.kit.idle_pool import IdlePool


@pytest.fixture
def pool() -> Iterator[IdlePool]:
    """One thread."""
    made = IdlePool(1, "test")
    yield made
    made.shutdown()


def fail() -> None:
    raise LookupError


async def test_everyone_gets_their_own_result(pool: IdlePool) -> None:
    assert await asyncio.gather(*(pool.run(lambda n=n: n) for n in range(50))) == list(range(50))


async def test_what_is_raised_reaches_whoever_asked_and_nobody_else(pool: IdlePool) -> None:
    outcomes = await asyncio.gather(pool.run(lambda: 1), pool.run(fail), pool.run(lambda: 3), return_exceptions=True)
    assert [outcomes[0], type(outcomes[1]), outcomes[2]] == [1, LookupError, 3]


async def test_a_single_result_waits_for_nobody(pool: IdlePool) -> None:
    assert await asyncio.wait_for(pool.run(lambda: 1), 5) == 1


async def test_results_are_handed_over_four_at_a_time_while_others_wait(pool: IdlePool) -> None:
    begun, told = threading.Event(), []
    first = asyncio.create_task(pool.run(begun.wait))
    others = [asyncio.create_task(pool.run(lambda: None)) for _ in range(8)]
    for task in (first, *others):
        task.add_done_callback(lambda _: told.append(sum(task.done() for task in (first, *others))))
    await asyncio.sleep(0)
    begun.set()
    await asyncio.gather(first, *others)
    assert told[0] >= 4
    assert len(told) == 9


async def test_whoever_gives_up_takes_nothing_from_the_others(pool: IdlePool) -> None:
    begun = threading.Event()
    impatient, patient = asyncio.create_task(pool.run(begun.wait)), asyncio.create_task(pool.run(lambda: 2))
    await asyncio.sleep(0)
    impatient.cancel()
    begun.set()
    assert await patient == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has idle threads")
async def test_its_threads_run_when_nobody_else_wants_to(pool: IdlePool) -> None:
    assert await pool.run(lambda: os.sched_getscheduler(threading.get_native_id())) == os.SCHED_IDLE

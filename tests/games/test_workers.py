"""Thinking in other processes: bounded, killed when late, and never in anybody's way."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from random import Random

import pytest
import pytest_asyncio
import uvloop

from noughts.games.engine import UnknownLevel, analysis, choose
from noughts.games.engine.opponents import quick
from noughts.games.engine.workers import Workers
from noughts.games.rules import classic, rules_of
from noughts.kit.errors import Unavailable

FIVES = rules_of("15x15x5")
OPEN_THREE = (112, 0, 113, 1, 114)
SILENT = (sys.executable, "-c", "import sys; sys.stdin.read()")
DYING = (sys.executable, "-c", "")
LOOP = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])


@pytest_asyncio.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(deadline_s=30)
    yield made
    await made.close()


def processes(workers: Workers) -> list[int]:
    return [process.pid for process in (*workers._busy, *workers._idle)]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(3000):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("It did not come about.")


async def test_a_cell_thought_about_elsewhere_is_the_one_that_would_be_chosen_here(workers: Workers) -> None:
    found = await workers.choose_soon(FIVES, OPEN_THREE, 6, seed=3)
    assert found == choose(FIVES, OPEN_THREE, 6, Random(3))


async def test_an_analysis_from_elsewhere_is_the_one_made_here(workers: Workers) -> None:
    small = rules_of("3x4x3")
    assert await workers.analyse_soon(small, (1,)) == analysis(small, (1,))


async def test_three_by_three_needs_no_process(workers: Workers) -> None:
    assert await workers.choose_soon(classic, (0,), 7, seed=1) == 4
    assert (await workers.analyse_soon(classic, (0,))).best == (4,)
    assert processes(workers) == []


async def test_who_never_looks_for_the_best_cell_needs_no_process(workers: Workers) -> None:
    assert await workers.choose_soon(FIVES, OPEN_THREE, 2, seed=1) in FIVES.legal(OPEN_THREE)
    assert processes(workers) == []


async def test_a_process_is_asked_again(workers: Workers) -> None:
    await workers.choose_soon(FIVES, OPEN_THREE, 3, seed=1)
    first = processes(workers)
    await workers.choose_soon(FIVES, OPEN_THREE, 3, seed=2)
    assert processes(workers) == first
    assert len(first) == 1


async def test_there_are_never_more_processes_than_allowed(workers: Workers) -> None:
    await asyncio.gather(*[workers.choose_soon(FIVES, OPEN_THREE, 3, seed=seed) for seed in range(8)])
    assert len(processes(workers)) == 2


async def test_a_process_gives_way_to_others(workers: Workers) -> None:
    await workers.choose_soon(FIVES, OPEN_THREE, 3, seed=1)
    [pid] = processes(workers)
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10


async def test_a_dead_process_is_replaced(workers: Workers) -> None:
    await workers.choose_soon(FIVES, OPEN_THREE, 3, seed=1)
    [pid] = processes(workers)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: workers._idle[0].returncode is not None)
    found = await workers.choose_soon(FIVES, OPEN_THREE, 6, seed=3)
    assert found == choose(FIVES, OPEN_THREE, 6, Random(3))
    assert processes(workers) != [pid]


async def test_nobody_waits_longer_than_the_deadline() -> None:
    workers = Workers(deadline_s=0.2, command=SILENT)
    assert await workers.choose_soon(FIVES, OPEN_THREE, 6, seed=1) == quick(FIVES, OPEN_THREE)
    assert processes(workers) == []
    await workers.close()


async def test_a_process_that_dies_over_a_question_leaves_the_quick_rules() -> None:
    workers = Workers(command=DYING)
    assert await workers.choose_soon(FIVES, OPEN_THREE, 6, seed=1) == quick(FIVES, OPEN_THREE)
    await workers.close()


async def test_a_program_that_is_not_there_leaves_the_quick_rules() -> None:
    workers = Workers(command=("/nowhere/at/all",))
    assert await workers.choose_soon(FIVES, OPEN_THREE, 6, seed=1) == quick(FIVES, OPEN_THREE)
    await workers.close()


async def test_one_too_many_is_answered_by_the_quick_rules_at_once() -> None:
    workers = Workers(most=1, waiting=1, deadline_s=30, command=SILENT)
    waiting = [asyncio.create_task(workers.choose_soon(FIVES, OPEN_THREE, 6, seed=1)) for _ in range(2)]
    await until(lambda: bool(workers._busy))
    assert await workers.choose_soon(FIVES, OPEN_THREE, 6, seed=1) == quick(FIVES, OPEN_THREE)
    with pytest.raises(Unavailable):
        await workers.analyse_soon(FIVES, OPEN_THREE)
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await workers.close()


async def test_who_no_longer_waits_ends_the_thinking() -> None:
    workers = Workers(command=SILENT)
    task = asyncio.create_task(workers.choose_soon(FIVES, OPEN_THREE, 6, seed=1))
    await until(lambda: bool(workers._busy))
    [pid] = processes(workers)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await workers.close()
    assert not is_alive(pid)


@LOOP
def test_closing_ends_every_process_and_whoever_still_asks_gets_a_quick_answer(loop) -> None:  # noqa: ANN001
    async def close_early() -> tuple[int, list[int]]:
        workers = Workers(command=SILENT)
        task = asyncio.create_task(workers.choose_soon(FIVES, OPEN_THREE, 6, seed=1))
        await until(lambda: bool(workers._busy))
        pids = processes(workers)
        await workers.close()
        return await task, pids

    with asyncio.Runner(loop_factory=loop) as runner:
        cell, pids = runner.run(close_early())
    assert cell == quick(FIVES, OPEN_THREE)
    assert not any(map(is_alive, pids))


@LOOP
def test_the_loop_goes_on_while_a_process_thinks(loop) -> None:  # noqa: ANN001
    async def turns_meanwhile() -> int:
        workers, turns = Workers(deadline_s=60), 0
        task = asyncio.create_task(workers.choose_soon(FIVES, (112,), 7, seed=1))
        while not task.done():
            await asyncio.sleep(0.001)
            turns += 1
        await workers.close()
        return turns

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(turns_meanwhile()) > 20


async def test_there_are_only_the_levels_there_are(workers: Workers) -> None:
    with pytest.raises(UnknownLevel):
        await workers.choose_soon(FIVES, (), 8, seed=1)


def test_a_process_ends_with_its_server() -> None:
    program = (
        "import asyncio, os\n"
        "from noughts.games.engine.workers import Workers\n"
        "from noughts.games.rules import rules_of\n"
        "async def main():\n"
        "    workers = Workers()\n"
        "    await workers.choose_soon(rules_of('15x15x5'), (112, 97), 3, seed=0)\n"
        "    await workers.choose_soon(rules_of('15x15x5'), (112, 97), 6, seed=0)\n"
        "    print(workers._idle[0].pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())"
    )
    ended = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=False)
    pid, deadline = int(ended.stdout), time.monotonic() + 20
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pid)

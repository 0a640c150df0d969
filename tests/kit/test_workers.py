"""Work that comes round again."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from noughts.kit.errors import Unavailable
from noughts.kit.workers import every


async def rounds(work: Callable[[], Awaitable[object]], seconds: float, enough: asyncio.Event) -> None:
    """Let the work come round until there was enough of it."""
    task = asyncio.create_task(every(seconds, work))
    async with asyncio.timeout(5):
        await enough.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("error", [Unavailable("down"), RuntimeError("broken")])
async def test_a_failure_ends_nothing(error: Exception) -> None:
    enough, calls = asyncio.Event(), 0

    async def work() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            enough.set()
        raise error

    await rounds(work, 0.001, enough)
    assert calls >= 3


async def test_work_begins_at_once() -> None:
    enough = asyncio.Event()

    async def work() -> None:
        enough.set()

    await rounds(work, 3_600, enough)


async def test_no_round_begins_before_the_last_has_ended() -> None:
    enough, running, calls = asyncio.Event(), 0, 0

    async def work() -> None:
        nonlocal running, calls
        running, calls = running + 1, calls + 1
        assert running == 1
        await asyncio.sleep(0.005)
        running -= 1
        if calls == 3:
            enough.set()

    await rounds(work, 0, enough)
    assert calls >= 3

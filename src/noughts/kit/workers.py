"""Work that comes round again: a failure is told and tried again, and ends nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from noughts.kit.errors import Problem
from noughts.kit.logging import log

Work = Coroutine[Any, Any, None]
HOUR: Final = 3_600.0
DAY: Final = 24 * HOUR


async def every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Run the work now and again after every so many seconds, for ever."""
    while True:
        try:
            await work()
        except Problem as problem:
            log.warning("worker_waited", worker=work.__qualname__, reason=problem.detail)
        except Exception:  # noqa: BLE001 - the last threshold of background work
            log.exception("worker_broke", worker=work.__qualname__)
        await asyncio.sleep(seconds)

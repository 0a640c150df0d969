"""Work beside the rest: what is done once, and what comes round again, where a failure is told and ends nothing."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from noughts.kit.errors import Problem
from noughts.kit.logging import log

Work = Coroutine[Any, Any, None]
HOUR: Final = 3_600.0
DAY: Final = 24 * HOUR


class Tasks(set[asyncio.Task[None]]):
    """What was started and is not done yet: the loop itself would forget it."""

    __slots__ = ()

    def start(self, work: Work, context: contextvars.Context | None = None) -> asyncio.Task[None]:
        """Do something beside the rest, in this context or another."""
        task = asyncio.get_running_loop().create_task(work, context=context)
        self.add(task)
        task.add_done_callback(self.discard)
        return task


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

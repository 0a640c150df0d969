"""Threads that work while nobody else wants the processor, and interrupt the event loop as seldom as they can."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

Result = TypeVar("Result")
_TOGETHER: Final = 4


class IdlePool:
    """A pool of idle-class threads. While others wait their turn, four results are handed over at a time.

    Heavy work leaves nothing but itself in the processor's caches: what the loop does for the second of two results costs
    half of what it does for the first, and one commit serves all of them.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(threads, name, initializer=_step_back)
        self._lock = threading.Lock()
        self.waiting = self.running = 0
        self._finished: list[Callable[[], None]] = []
        self.submit = self._threads.submit
        self.shutdown = self._threads.shutdown

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what the work returns, or raise what it raises; at most three others' work later."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Result] = loop.create_future()
        with self._lock:
            self.waiting += 1
        self.submit(self._work, work, answer, loop)
        return await answer

    def _work(
        self, work: Callable[[], Result], answer: asyncio.Future[Result], loop: asyncio.AbstractEventLoop
    ) -> None:
        with self._lock:
            self.waiting -= 1
            self.running += 1
        try:
            hand_over = partial(_settle, answer, work())
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            hand_over = partial(_settle, answer, error)
        if ready := self._ready_with(hand_over):
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever asked
                loop.call_soon_threadsafe(_call_all, ready)

    def _ready_with(self, hand_over: Callable[[], None]) -> list[Callable[[], None]]:
        """Add a result, and return those to hand over now: all of them, or none yet."""
        with self._lock:
            self.running -= 1
            self._finished.append(hand_over)
            if self.waiting and len(self._finished) < _TOGETHER:
                return []
            ready, self._finished = self._finished, []
        return ready


def _step_back() -> None:
    """Let this thread run only when nobody else wants to, where the system has such a thing for threads (Linux).

    Idle, not merely nice: since Linux 6.6 the least priority may still finish its slice of 3 ms before anyone who wakes.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(threading.get_native_id(), os.SCHED_IDLE, os.sched_param(0))


def _call_all(waiting: list[Callable[[], None]]) -> None:
    for call in waiting:
        call()


def _settle(answer: asyncio.Future[Result], outcome: Result | Exception) -> None:
    if answer.done():  # nobody waits any more
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)

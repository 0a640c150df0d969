"""Waiting until what was told has come back: then everybody who listens has had it."""

import asyncio
import contextlib
from collections import deque


class Echo:
    """Counts messages from when they are told until the envelope they travelled in comes back to its sender."""

    def __init__(self) -> None:
        self._told = self._back = 0
        self._under_way: deque[tuple[int, int]] = (
            deque()
        )  # an envelope's number, and how many messages were told by then
        self._came = asyncio.Event()

    def expect(self) -> None:
        """Note that one more was told."""
        self._told += 1

    def sent(self, number: int, *, still_waiting: int) -> None:
        """Note that all but those still waiting travel in envelopes up to this number."""
        self._under_way.append((number, self._told - still_waiting))

    def came_back(self, number: int) -> None:
        """Note that an envelope came back, and with it all before it."""
        while self._under_way and self._under_way[0][0] <= number:
            _, self._back = self._under_way.popleft()
        self._came.set()
        self._came = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Return once all that was told so far has come back, or after so long."""
        wanted = self._told
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._back < wanted:
                    await self._came.wait()

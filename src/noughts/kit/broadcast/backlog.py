"""Messages that wait to be sent: the newest ones, so many at most."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Final

_AT_ONCE: Final = 1_000


class Backlog:
    """A queue that never refuses: what waits longest makes room, and is counted."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._messages: deque[bytes] = deque()
        self._some = asyncio.Event()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: bytes) -> None:
        """Take in a message."""
        self._messages.append(message)
        self._make_room()
        self._some.set()

    def drop(self) -> None:
        """Count a message that is never sent, so that this can be told."""
        self.dropped += 1
        self._some.set()

    @contextlib.contextmanager
    def taken(self) -> Iterator[list[bytes]]:
        """Hand out the oldest messages, a thousand at most; where the block does not end well they wait again."""
        found = [self._messages.popleft() for _ in range(min(_AT_ONCE, len(self._messages)))]
        if not self._messages:
            self._some.clear()
        try:
            yield found
        except BaseException:
            self._messages.extendleft(reversed(found))
            self._make_room()
            self._some.set()
            raise

    async def wait(self, seconds: float) -> None:
        """Return once a message waits, or after so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._some.wait()

    def _make_room(self) -> None:
        while len(self._messages) > self._most:
            self._messages.popleft()
            self.drop()

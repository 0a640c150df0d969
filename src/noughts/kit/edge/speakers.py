"""What speaks on a connection: HTTP first, and whatever it is switched to; and who keeps an eye on them."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from typing import Final

from noughts.kit.edge.requests import Request
from noughts.kit.logging import log
from noughts.kit.metrics import Requests

_ROUND_S: Final = 0.5


class Speaker(asyncio.Protocol, ABC):
    """A protocol that watches no clock of its own."""

    @property
    @abstractmethod
    def is_live(self) -> bool:
        """Whether it lasts for as long as both sides like."""

    @abstractmethod
    def keep_time(self, now: float) -> None:
        """Do what is due; called twice a second with the loop's time."""

    @abstractmethod
    def finish(self) -> None:
        """Take leave, after what is under way: the process ends."""

    @abstractmethod
    def abort(self) -> None:
        """Hang up now."""


Leave = Callable[[Speaker], None]
Switch = Callable[[Request, asyncio.Transport, Leave], Speaker]
"""What makes the next speaker on a connection, for the request that asked for it; it leaves once it is over."""


class Switchboard:
    """What the connections of one listener share: today's date, and one look at each, which costs less than timers."""

    def __init__(self, requests: Requests) -> None:
        self.requests = requests
        self.speakers: set[Speaker] = set()
        self.is_draining = False
        requests.gauges |= {
            "noughts_connections_open": ("HTTP connections that are open.", lambda: len(self.speakers)),
            "noughts_live_connections": ("WebSockets and event streams that are open.", self._live),
        }
        self.date = b""
        self._empty = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._look_round()

    def leave(self, speaker: Speaker) -> None:
        """Forget a connection that is over."""
        self.speakers.discard(speaker)
        if not self.speakers:
            self._empty.set()

    async def close(self, grace_s: float) -> None:
        """Hang up on everyone, where requests are under way after their answer, or when the time is over."""
        self._empty.clear()
        for speaker in tuple(self.speakers):
            speaker.finish()
        if self.speakers:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), grace_s)
        self._next_round.cancel()
        for speaker in tuple(self.speakers):
            speaker.abort()

    def _look_round(self) -> None:
        self.date = b"date: %b\r\n" % formatdate(usegmt=True).encode()
        now = self._loop.time()
        for speaker in tuple(self.speakers):
            speaker.keep_time(now)
        self._next_round = self._loop.call_later(_ROUND_S, self._look_round)

    def _live(self) -> int:
        return sum(speaker.is_live for speaker in self.speakers)


def tell_end(path: str, seconds: float, **facts: object) -> None:
    """Tell that something live is over, in the same words everywhere; the query, which may hold a ticket, is left out."""
    log.info("live_closed", path=path, ms=round(seconds * 1000, 2), **facts)

"""News between processes, over whatever line: gathered while it waits, sent in batches, off the path of whoever tells it.

An empty envelope goes out where nothing else does. A process hears its own envelopes come back, which proves the whole way:
a line on which nothing comes back is given up and made anew. After that, and where another's numbers leave a gap, messages
may have been missed, and everyone who listens is told so.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import msgspec

from noughts.kit import ids
from noughts.kit.broadcast import envelopes
from noughts.kit.broadcast.backlog import Backlog
from noughts.kit.broadcast.echo import Echo
from noughts.kit.broadcast.listeners import Listeners
from noughts.kit.broadcast.senders import Senders
from noughts.kit.broadcast.topics import Message, Topic
from noughts.kit.logging import log
from noughts.kit.metrics import Gauges
from noughts.kit.workers import Work

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_CLOSING_S: Final = 2.0
_HEARD_S: Final = 0.1


class Lost(Exception):
    """The line is gone, or could not be made. Its text tells no secret."""


class Connection(Protocol):
    """A line that is open. Whatever was sent by anyone since it was, oneself included, is received in the order it was sent."""

    async def send(self, envelopes: Sequence[bytes]) -> None:
        """Return once they are on their way to every process; raises Lost when they may not be."""

    async def receive(self) -> bytes:
        """Return the next envelope; raises Lost."""


class Line(Protocol):
    """A way to every other process of this installation. The others hear what is sent at most `behind_s` after oneself."""

    behind_s: float

    def connected(self) -> AbstractAsyncContextManager[Connection]:
        """Open it for the length of a block; raises Lost."""


class Relay:
    """The listeners of this process, and a line to those of the others."""

    def __init__(self, line: Line, *, most: int = 10_000, beat_s: float = 5.0) -> None:
        """Keep at most so many messages that wait, and prove the line each so many seconds."""
        self._line = line
        self._beat_s = beat_s
        self._listeners = Listeners()
        self._waiting = Backlog(most)
        self._me = ids.new()
        self._number = 1
        self._dropped = 0
        self._senders = Senders()
        self._is_connected = False
        self._proved_at = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._echo = Echo()
        self._sent = self._received = self._ignored = self._reconnects = 0

    def subscribe(
        self, topic: Topic[Message], listener: Callable[[Message], None], *, missed: Callable[[], None] | None = None
    ) -> None:
        self._listeners.add(topic, listener, missed)

    def publish(self, topic: Topic[Message], message: Message) -> None:
        self._listeners.tell(topic.name, message)
        try:
            self._waiting.put(envelopes.written(topic, message))
            self._echo.expect()
        except (TypeError, ValueError) as error:
            self._waiting.drop()
            log.error("event_not_sent", topic=topic.name, reason=str(error))

    async def heard(self) -> None:
        if self._is_connected:
            await self._echo.wait(_HEARD_S)
            await asyncio.sleep(self._line.behind_s)

    def workers(self) -> list[Work]:
        return [self.run()]

    def gauges(self) -> Gauges:
        return {
            "noughts_events_sent_total": ("Messages sent to other processes.", lambda: self._sent),
            "noughts_events_received_total": ("Messages of other processes.", lambda: self._received),
            "noughts_events_ignored_total": ("Messages nobody here listens to, or can read.", lambda: self._ignored),
            "noughts_events_dropped_total": (
                "Messages that waited too long or were too large.",
                lambda: self._waiting.dropped,
            ),
            "noughts_events_waiting": ("Messages that wait to be sent.", lambda: len(self._waiting)),
            "noughts_events_reconnects_total": (
                "How often the line was lost or could not be made.",
                lambda: self._reconnects,
            ),
        }

    async def run(self) -> None:
        """Carry messages both ways for ever, over one line after the other."""
        while True:
            await self._carry()
            self._reconnects += 1
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    async def close(self) -> None:
        with contextlib.suppress(Lost, TimeoutError):
            async with asyncio.timeout(_CLOSING_S):
                if self._waiting:
                    async with self._line.connected() as connection:
                        while self._waiting:
                            await self._send(connection)

    async def _carry(self) -> None:
        """Return when the line is lost."""
        try:
            async with self._line.connected() as connection, asyncio.TaskGroup() as both:
                log.info("events_connected")
                self._is_connected, self._proved_at = True, time.monotonic()
                self._listeners.missed()
                both.create_task(self._send_all(connection))
                both.create_task(self._receive_all(connection))
        except* Lost as lost:
            log.warning("events_interrupted", reason=str(lost.exceptions[0]))
        except* Exception:  # noqa: BLE001 - the last threshold of background work
            log.exception("events_broke")
        finally:
            self._is_connected = False

    async def _send_all(self, connection: Connection) -> None:
        while time.monotonic() - self._proved_at < 2 * self._beat_s:
            await self._send(connection)
            await self._waiting.wait(self._beat_s)
        raise Lost("what is sent does not come back")

    async def _send(self, connection: Connection) -> None:
        """Send what has gathered. What may not have arrived is sent again: it may come twice, but in order."""
        with self._waiting.taken() as messages:
            envelopes_now = self._numbered(messages)
            self._echo.sent(self._number - 1, still_waiting=len(self._waiting))
            await connection.send(envelopes_now)
        self._sent += len(messages)

    def _numbered(self, messages: Sequence[bytes]) -> list[bytes]:
        """Return messages in envelopes; where some were dropped before, their numbers leave a gap."""
        first = self._number + (self._waiting.dropped > self._dropped)
        self._dropped = self._waiting.dropped
        found = envelopes.packed(self._me, first, messages)
        self._number = first + len(found)
        return found

    async def _receive_all(self, connection: Connection) -> None:
        while True:
            self._open(await connection.receive())

    def _open(self, found: bytes) -> None:
        try:
            envelope = envelopes.opened(found)
        except msgspec.MsgspecError:
            self._ignored += 1
            return
        if envelope.sender == self._me:
            self._proved_at, self._pause_s = time.monotonic(), _FIRST_PAUSE_S
            self._echo.came_back(envelope.number)
            return
        for message in envelope.messages:
            self._read(message)
        if self._senders.is_gap_before(envelope):
            self._listeners.missed()

    def _read(self, message: msgspec.Raw) -> None:
        try:
            self._listeners.read(*envelopes.read(message))
            self._received += 1
        except (msgspec.MsgspecError, KeyError):  # of a newer version, perhaps
            self._ignored += 1

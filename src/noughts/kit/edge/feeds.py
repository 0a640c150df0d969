"""A connection on which only we speak, as a handler sees it: events by and by, for as long as somebody listens."""

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from noughts.kit.edge.answers import Answer
from noughts.kit.logging import log

HEARTBEAT_S: Final = 15.0
UNSENT_LIMIT: Final = 256 * 1024
_UNBUFFERED: Final = (("X-Accel-Buffering", "no"),)
_Framed = Callable[[bytes, str, str], bytes]


class Feed:
    """One reader of events. Nothing here blocks or raises because the reader is gone: it is told by `closed` and `on_end`.

    All callbacks are plain functions, run in the context of the request: what they log and start carries its id.
    """

    def __init__(self, framed: _Framed) -> None:
        self.on_drain: Callable[[], None] | None = None
        """Called once when the process is about to end: what is sent in it still leaves, then the feed ends."""
        self.on_end: Callable[[], None] | None = None
        """Called once, when nothing can be sent any more, whichever side ended it."""
        self._framed, self._context = framed, contextvars.copy_context()
        self._unsent: list[bytes] = []
        self._size = 0
        self._more, self._over = asyncio.Event(), asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._over.is_set()

    def send(self, data: bytes | str, *, event: str = "", id: str = "") -> None:  # noqa: A002 - its name in the standard
        """Send an event, never waiting; to one that is closed, nothing. Whoever leaves 256 KiB unread is hung up on.

        Of newline-delimited JSON `data` is one line, and it has neither event nor id.
        """
        if self.closed:
            return
        piece = self._framed(data.encode() if isinstance(data, str) else data, event, id)
        self._unsent.append(piece)
        self._size += len(piece)
        if self._size > UNSENT_LIMIT:  # whoever comes again asks from the last event they have seen
            self._unsent.clear()
            self.close()
        self._more.set()

    def close(self) -> None:
        """End it after what was sent. May be repeated."""
        if self.closed:
            return
        self._over.set()
        self._more.set()
        self._call(self.on_end)

    async def ended(self) -> None:
        """Return once it is closed."""
        await self._over.wait()

    def drain(self) -> None:
        """Take leave: the process ends."""
        if not self.closed:
            self._call(self.on_drain)
            self.close()

    async def pieces(self, live: "Fed", heartbeat: bytes, heartbeat_s: float) -> AsyncGenerator[bytes, None]:
        """Yield what is sent while it is fed, joined where it came at once; and a heartbeat in silence."""
        feeding = asyncio.create_task(self._fed(live))
        try:
            while True:
                if self._unsent:
                    yield self._taken()
                elif self.closed:
                    return
                elif not await self._wait(heartbeat_s):
                    yield heartbeat
        finally:
            self.close()
            await feeding

    async def _fed(self, live: "Fed") -> None:
        try:
            await live(self)
        except Exception:  # noqa: BLE001 - half an answer cannot be taken back: the reader comes again
            log.exception("live_broke")
        finally:
            self.close()

    async def _wait(self, seconds: float) -> bool:
        """Return whether there is more within that time."""
        self._more.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._more.wait()
        except TimeoutError:
            return False
        return True

    def _taken(self) -> bytes:
        taken = b"".join(self._unsent)
        self._unsent.clear()
        self._size = 0
        return taken

    def _call(self, callback: Callable[[], None] | None) -> None:
        try:
            if callback is not None:
                self._context.run(callback)
        except Exception:  # noqa: BLE001 - the others are to be told too
            self._context.run(log.exception, "live_broke")


Fed = Callable[[Feed], Awaitable[None]]
"""What feeds a reader; the feed ends with it."""


def events(live: Fed, *, heartbeat_s: float = HEARTBEAT_S) -> Answer:
    """Return server-sent events (`text/event-stream`), with a comment in every 15 s of silence.

    A route that answers with it says `live="stream"`.
    """
    feed = Feed(_event)
    stream = feed.pieces(live, b":\n\n", heartbeat_s)
    return Answer(stream=stream, leave=feed.drain, media_type="text/event-stream", headers=_UNBUFFERED)


def lines(live: Fed, *, heartbeat_s: float = HEARTBEAT_S) -> Answer:
    """Return newline-delimited JSON (`application/x-ndjson`), with an empty line in every 15 s of silence.

    A route that answers with it says `live="lines"`.
    """
    feed = Feed(_line)
    stream = feed.pieces(live, b"\n", heartbeat_s)
    return Answer(stream=stream, leave=feed.drain, media_type="application/x-ndjson", headers=_UNBUFFERED)


def _event(data: bytes, event: str, event_id: str) -> bytes:
    """Return an event as the HTML standard has it (9.2.5); raises ValueError where a name would be more than one line."""
    if any(end in event + event_id for end in "\r\n\0"):
        raise ValueError("an event's name and its id are one line each")
    head = f"event: {event}\n" if event else ""
    head += f"id: {event_id}\n" if event_id else ""
    said = b"\n".join(b"data: " + text for text in data.splitlines() or [b""])
    return head.encode() + said + b"\n\n"


def _line(data: bytes, event: str, event_id: str) -> bytes:
    """Return a line; raises ValueError where it would be more than one."""
    if b"\n" in data:
        raise ValueError("a line holds a line break")
    return data + b"\n"

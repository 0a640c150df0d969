"""A connection on which only we speak, as a handler sees it: events by and by, for as long as somebody listens."""

from collections.abc import Awaitable, Callable
from typing import Final

from noughts.kit.edge.answers import Answer

HEARTBEAT_S: Final = 15.0


class Feed:
    """One reader of events. Nothing here blocks or raises because the reader is gone: it is told by `closed` and `on_end`.

    All callbacks are plain functions.
    """

    on_drain: Callable[[], None] | None = None
    """Called once when the process is about to end: what is sent in it still leaves, then the feed ends."""
    on_end: Callable[[], None] | None = None
    """Called once, when nothing can be sent any more, whichever side ended it."""

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        raise NotImplementedError

    def send(self, data: bytes | str, *, event: str = "", id: str = "") -> None:  # noqa: A002 - its name in the standard
        """Send an event, never waiting; to one that is closed, nothing. Whoever leaves 256 KiB unread is hung up on.

        Of newline-delimited JSON `data` is one line, and it has neither event nor id.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End it after what was sent. May be repeated."""
        raise NotImplementedError

    async def ended(self) -> None:
        """Return once it is closed."""
        raise NotImplementedError


Fed = Callable[[Feed], Awaitable[None]]
"""What feeds a reader; the feed ends with it."""


def events(live: Fed, *, heartbeat_s: float = HEARTBEAT_S) -> Answer:
    """Return server-sent events (`text/event-stream`), with a comment in every 15 s of silence."""
    raise NotImplementedError


def lines(live: Fed, *, heartbeat_s: float = HEARTBEAT_S) -> Answer:
    """Return newline-delimited JSON (`application/x-ndjson`), with an empty line in every 15 s of silence."""
    raise NotImplementedError

"""A connection on which both sides speak, as a handler sees it: whole texts in, whole texts out, and how it ended."""

from collections.abc import Callable
from typing import Final

TEXT_LIMIT: Final = 4 * 1024
UNSENT_LIMIT: Final = 256 * 1024

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
BROKE: Final = 1011
RESTARTING: Final = 1012
TOO_SLOW: Final = 1013


class Socket:
    """One WebSocket. Nothing here blocks or raises because the other side is gone: it is told by `closed` and `on_end`.

    Texts come in one of two ways: by `on_text`, called with each as it arrives, or by `receive` (and `async for`), which
    waits, and lets the other side send no faster than that. All callbacks are plain functions, run in the context of the
    request: what they log and start carries its id.
    """

    on_text: Callable[[bytes], None] | None = None
    """Called with each text, UTF-8 of at most 4 KiB. What it raises closes the connection (1011)."""
    on_drain: Callable[[], None] | None = None
    """Called once when the process is about to end: what is sent in it still leaves, then the connection closes (1012)."""
    on_end: Callable[[], None] | None = None
    """Called once, when nothing can be sent any more, whichever side ended it."""

    peer: str
    """The address of whoever speaks."""
    request_id: str
    code: int | None = None
    """How it ended (RFC 6455, 7.4.1): 1006 without a word, 1005 with a word but no code; nothing while it is open."""

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        raise NotImplementedError

    def send(self, text: bytes | str) -> None:
        """Send a text (bytes are UTF-8 already), never waiting; to one that is closed, nothing.

        Whoever leaves more than 256 KiB unread is hung up on (1013).
        """
        raise NotImplementedError

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say goodbye (a reason of at most 123 bytes); whoever does not answer in 5 s is hung up on. May be repeated."""
        raise NotImplementedError

    async def receive(self) -> bytes | None:
        """Return the next text, or nothing once it is closed; not to be used with `on_text`."""
        raise NotImplementedError

    async def ended(self) -> int:
        """Return the close code, once it is closed."""
        raise NotImplementedError

    def __aiter__(self) -> "Socket":
        return self

    async def __anext__(self) -> bytes:
        if (text := await self.receive()) is None:
            raise StopAsyncIteration
        return text

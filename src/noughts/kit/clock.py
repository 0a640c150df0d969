"""What time it is."""

import time
from datetime import UTC, datetime
from typing import Final


class _Clock:
    """Remembers the last millisecond: a busy process asks for the time many times in one."""

    def __init__(self) -> None:
        self._milliseconds = 0
        self._moment = datetime.fromtimestamp(0, UTC)

    def __call__(self) -> datetime:
        """Return the time in UTC, whole milliseconds, so that both databases and the wire hold the very same value."""
        milliseconds = time.time_ns() // 1_000_000
        if milliseconds != self._milliseconds:
            self._milliseconds, self._moment = milliseconds, datetime.fromtimestamp(milliseconds / 1000, UTC)
        return self._moment


now: Final = _Clock()

"""What time it is."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the time in UTC, whole milliseconds, so that both databases and the wire hold the very same value."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)

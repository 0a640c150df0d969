"""What time it is."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the time in UTC, whole milliseconds, so that both databases and the wire hold the very same value."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

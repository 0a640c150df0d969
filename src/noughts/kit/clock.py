"""What time it is, and how times are written."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the time in UTC, whole milliseconds, so that both databases and the wire hold the very same value."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def rfc3339(moment: datetime) -> str:
    """Return a UTC time as RFC 3339 with three decimals and `Z`."""
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"

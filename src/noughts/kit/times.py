"""How times are written."""

from datetime import datetime


def rfc3339(moment: datetime) -> str:
    """Return a UTC time as RFC 3339 with three decimals and `Z`."""
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"

"""Identifiers: UUIDs that sort by time for things, random ones for requests. Never secrets.

Their chance is Python's own generator, seeded by the system: asking the system each time gives the interpreter away.
"""

import random
import re
import time
import uuid
from datetime import datetime
from typing import Final

_VERSION_7: Final = 7 << 76
_VARIANT: Final = 2 << 62
_RANDOM: Final = (1 << 74) - 1
_BELOW_VARIANT: Final = (1 << 62) - 1
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Sequence:
    """Makes identifiers that only rise, within a millisecond too, so that lists by id are lists by age."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> str:
        value = (time.time_ns() // 1_000_000 << 74) | random.getrandbits(74)
        if value <= self._last:  # the same millisecond, or the clock was set back: go on a random step above
            value = self._last + 1 + random.getrandbits(32)
        self._last = value
        high, low = value >> 74, value & _RANDOM
        bits = high << 80 | _VERSION_7 | (low >> 62) << 64 | _VARIANT | low & _BELOW_VARIANT
        return str(uuid.UUID(int=bits))


_next: Final = _Sequence()


def new() -> str:
    """Return a UUID of version 7 (RFC 9562, 5.7 and 6.2) in lower case: 48 bits of milliseconds, then chance, always rising."""
    return _next()


def since(moment: datetime) -> str:
    """Return what sorts before every id made at that time or later, and after those made before."""
    return str(uuid.UUID(int=max(0, int(moment.timestamp() * 1_000)) << 80))


def is_id(text: str) -> bool:
    """Return whether the text has the form of an id."""
    return _UUID.fullmatch(text) is not None


def request_id() -> str:
    """Return 64 random bits in hexadecimal."""
    return f"{random.getrandbits(64):016x}"

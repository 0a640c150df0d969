"""Identifiers: UUIDs that sort by time for things, random ones for requests. Never secrets.

Their chance is Python's own generator, seeded by the system: asking the system each time gives the interpreter away.
"""

import random
import re
import time
import uuid
from typing import Final

_VERSION_7: Final = 7 << 76
_VARIANT: Final = 2 << 62
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def new() -> str:
    """Return a UUID of version 7 (RFC 9562, 5.7) in lower case: 48 bits of milliseconds, then chance."""
    chance = random.getrandbits(76)
    bits = (time.time_ns() // 1_000_000 << 80) | chance
    bits = bits & ~(0xF << 76) | _VERSION_7
    bits = bits & ~(0x3 << 62) | _VARIANT
    return str(uuid.UUID(int=bits))


def is_id(text: str) -> bool:
    """Return whether the text has the form of an id."""
    return _UUID.fullmatch(text) is not None


def request_id() -> str:
    """Return 64 random bits in hexadecimal."""
    return f"{random.getrandbits(64):016x}"

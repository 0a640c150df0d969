"""How times are written."""

from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec

_ENCODE: Final = msgspec.json.Encoder().encode


@lru_cache(1_024)
def rfc3339(moment: datetime) -> str:
    """Return a UTC time as RFC 3339 with three decimals and `Z`."""
    quoted = _ENCODE(moment)  # "2026-11-22T20:26:32.374000Z", without a fraction when there is none
    return quoted[1:24].decode() + "Z" if moment.microsecond else quoted[1:20].decode() + ".000Z"

"""Signing keys: from when each is published, signs, and is forgotten.

A key is published before it signs, and after, so that nobody who checks tokens ever meets one they do not know.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from noughts.kit.tokens import LEEWAY_S, LIFETIME_S

Algorithm = Literal["ES256", "RS256"]
State = Literal["next", "active", "retired"]
READ_EVERY_S: Final = 5.0
NOTICE: Final = timedelta(hours=24)
SHORT_NOTICE: Final = 6 * timedelta(seconds=READ_EVERY_S)
"""Within this every process of ours has read a new key; gateways, which keep what they read for two hours, may not have."""
_TOKENS: Final = timedelta(seconds=LIFETIME_S + LEEWAY_S)
_CACHED_ELSEWHERE: Final = timedelta(hours=3)


class StoredKey(msgspec.Struct, frozen=True, array_like=True):
    """A signing key, its private part sealed: the `generation`th of its algorithm."""

    id: str
    algorithm: Algorithm
    sealed: bytes
    generation: int
    signs_from: datetime
    created_at: datetime


def newest(keys: Sequence[StoredKey], algorithm: Algorithm) -> StoredKey | None:
    """Return the key of an algorithm that begins to sign last."""
    return max((key for key in keys if key.algorithm == algorithm), key=_order, default=None)


def signing(keys: Sequence[StoredKey], algorithm: Algorithm, at: datetime) -> StoredKey:
    """Return the key that signs: the newest of this algorithm to have begun, or of another while this one has none."""
    begun = [key for key in keys if key.signs_from <= at]
    own = [key for key in begun if key.algorithm == algorithm]
    # By a clock that is a moment behind the first key of all may not have begun.
    return max(own or begun or keys, key=_order)


def retires_at(key: StoredKey, keys: Sequence[StoredKey]) -> datetime | None:
    """Return when the next key of its algorithm begins to sign; nothing for the newest."""
    later = (other.signs_from for other in keys if other.algorithm == key.algorithm and _order(other) > _order(key))
    return min(later, default=None)


def state(key: StoredKey, keys: Sequence[StoredKey], at: datetime) -> State:
    """Return what a key is for just now."""
    if key.signs_from > at:
        return "next"
    ends = retires_at(key, keys)
    return "active" if ends is None or ends > at else "retired"


def is_over(key: StoredKey, keys: Sequence[StoredKey], at: datetime) -> bool:
    """Return whether no token of a key can be alive, nor anybody wait for it to be: 3 hours after the last expired."""
    ends = retires_at(key, keys)
    return ends is not None and at > ends + _TOKENS + _CACHED_ELSEWHERE


def first_signs_from(keys: Sequence[StoredKey], at: datetime) -> datetime:
    """Return when the first key of an algorithm begins: at once, or, where tokens are being checked, after a notice."""
    return at + SHORT_NOTICE if keys else at


def successor_signs_from(last: StoredKey, period: timedelta, at: datetime) -> datetime | None:
    """Return when the successor of the newest key begins to sign; nothing while it is too early to make it."""
    due = last.signs_from + period
    return None if at < due - NOTICE else max(due, at + NOTICE)


def _order(key: StoredKey) -> tuple[datetime, int]:
    return key.signs_from, key.generation

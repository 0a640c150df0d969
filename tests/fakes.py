"""Stand-ins for what tests cannot wait for: a clock that is moved, hashes that cost nothing; and a caller of any kind."""

from datetime import UTC, datetime, timedelta

import msgspec

from noughts.kit import ids
from noughts.kit.passwords import Hashing
from noughts.kit.tokens import LIFETIME_S, Principal, SessionId, UserId

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHEAP = Hashing(hash_memory_kib=8, hash_passes=1, hash_threads=2)
"""Far below what settings allow: for tests that are not about hashing."""


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **duration: float) -> datetime:
        """Move it, and return what it says then."""
        self.at += timedelta(**duration)
        return self.at


def caller(user_id: str | None = None, *, at: datetime = NOON, **different: object) -> Principal:
    """Return somebody who signed in at that time, different in the fields given."""
    seconds = int(at.timestamp())
    principal = Principal(
        user_id=UserId(user_id or ids.new()),
        session_id=SessionId(ids.new()),
        role="player",
        epoch=1,
        auth_time=seconds,
        issued_at=seconds,
        expires_at=seconds + LIFETIME_S,
    )
    return msgspec.structs.replace(principal, **different)

"""Waiting after failures: every guess is counted as failed before it is judged, by all processes together.

A guess climbs a ladder of its address, of whom it is about and of both together; past the free rungs it has to wait, a
minute at most. Whoever has to wait for what others guessed about the same person is given a slot: a time nobody else
can move, from which on they are heard. Keys are keyed digests, never an address or a name.
"""

import math
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

import msgspec

from noughts.kit import sealing
from noughts.kit.address import host_and_network
from noughts.kit.database import Database, Missed, Query, Sql, Write
from noughts.kit.errors import TooManyRequests

Purpose = Literal["sign-in", "second-factor", "current-password", "recovery", "verification", "password-change"]
FORGOTTEN: Final = timedelta(hours=1)
LONGEST_WAIT_S: Final = 60
_MOST: Final = 10_000
_WHENEVER: Final = timedelta(days=1)


class TooManyAttempts(TooManyRequests):
    """Too many attempts; wait before the next."""


class Ladder(NamedTuple):
    """How many failures are free, and how long each further one makes wait, in seconds; then always the last."""

    free: int
    waits_s: tuple[int, int, int, int, int, int, int] = (1, 2, 4, 8, 16, 32, LONGEST_WAIT_S)


BOTH: Final = Ladder(5)
IDENTIFIER: Final = Ladder(10)
ADDRESS: Final = Ladder(50)
HOURLY: Final = Ladder(5, (3_600,) * 7)


class Charge(msgspec.Struct, frozen=True):
    """A guess counted as failed: in counters `shared` with others, and in the guesser's `own`."""

    at: datetime
    shared: tuple[str, ...] = ()
    own: str | None = None


class _Until(msgspec.Struct, frozen=True, array_like=True):
    time: datetime | None


_STEPS: Final = " ".join(f"WHEN attempts.failures = $5 + {step} THEN ${6 + step}" for step in range(6))
_CLIMB: Final = Sql(
    "INSERT INTO attempts (key, failures, free_at, last_at) VALUES ($1, 1, $2, $2) ON CONFLICT (key) DO UPDATE SET"
    " failures = CASE WHEN attempts.last_at <= $3 THEN 1"
    f" WHEN attempts.failures < {_MOST} THEN attempts.failures + 1 ELSE attempts.failures END,"
    " free_at = CASE WHEN attempts.last_at <= $3 OR attempts.failures < $5 THEN $2"
    f" {_STEPS} ELSE $12 END, last_at = $2 WHERE attempts.free_at <= $4"
)
_TAKE_SLOT: Final = Sql("DELETE FROM attempts WHERE key = $1 AND free_at <= $2 AND last_at > $3")
_GIVE_SLOT: Final = Sql(
    "INSERT INTO attempts (key, failures, free_at, last_at)"
    " SELECT CAST($1 AS text), 0, free_at, $2 FROM attempts WHERE key = $4 AND free_at > $2"
    " ON CONFLICT (key) DO UPDATE SET free_at = excluded.free_at, last_at = excluded.last_at"
    " WHERE attempts.last_at <= $3"
)
_GIVE_BACK: Final = Sql(
    "UPDATE attempts SET failures = failures - 1, free_at = CASE WHEN last_at = $2 THEN $2 ELSE free_at END"
    " WHERE key = $1 AND failures > 0"
)
_CLEAR: Final = Sql("DELETE FROM attempts WHERE key = $1")
_UNTIL: Final = Query("SELECT max(free_at) FROM attempts WHERE key IN ($1, $2, $3)", _Until)
_PURGE: Final = Sql("DELETE FROM attempts WHERE last_at <= $1 AND free_at <= $2")


class _Guess(NamedTuple):
    """The counters a guess is counted in: nothing for those that do not concern it."""

    at: datetime
    own: str
    address: str = ""
    identifier: str = ""
    slot: str = ""

    def ways(self) -> Iterator[tuple[Write, ...]]:
        """Yield the transactions of which one must succeed for the guess to be heard, all locking in the same order."""
        rest = tuple(self._climb(key, ladder) for key, ladder in ((self.address, ADDRESS), (self.own, BOTH)) if key)
        if not self.identifier:
            yield rest
            return
        yield Write(_CLEAR, (self.slot,), rows=None), self._climb(self.identifier, IDENTIFIER), *rest
        slot = Write(_TAKE_SLOT, (self.slot, self.at, self.at - FORGOTTEN))
        yield slot, self._climb(self.identifier, IDENTIFIER, self.at + _WHENEVER), *rest

    def slot_given(self) -> Write:
        """Return the write that keeps a slot, if it is for others' guesses that this one has to wait."""
        return Write(_GIVE_SLOT, (self.slot, self.at, self.at - FORGOTTEN, self.identifier), rows=None)

    def _climb(self, key: str, ladder: Ladder, free_by: datetime | None = None) -> Write:
        return climb(key, ladder, self.at, free_by)


def climb(key: str, ladder: Ladder, at: datetime, free_by: datetime | None = None) -> Write:
    """Return the write that counts a failure, which misses unless the counter is free by then (now)."""
    waits = [at + timedelta(seconds=seconds) for seconds in ladder.waits_s]
    return Write(_CLIMB, (key, at, at - FORGOTTEN, free_by or at, ladder.free - 1, *waits))


class Throttle:
    """Counts guesses in the table `attempts`. Besides the problems its methods name they raise Unavailable."""

    def __init__(self, database: Database, key: bytes, now: Callable[[], datetime], *, on: bool) -> None:
        self._database = database
        self._key = key
        self._now = now
        self._on = on

    async def charge(
        self,
        purpose: Purpose,
        identifier: str,
        address: str,
        *,
        known: bool = False,
        device: str | None = None,
        told: tuple[Write, ...] = (),
    ) -> Charge:
        """Return the charge for a guess about somebody, counted as failed before it is judged; hand it to `cleared`.

        From an address `known` to be the person's it does not wait for what others guessed; on a `device` of theirs (its
        id) nothing counts but what failed there. Raises TooManyAttempts when it comes too soon, once `told` is written:
        it did not count, and made no wait longer. Not repeatable.
        """
        if not self._on:
            return Charge(self._now())
        guess = self._guess(purpose, identifier, host_and_network(address)[0], known=known, device=device)
        for way in guess.ways():
            try:
                await self._database.write(*way)
            except Missed:
                continue
            shared = tuple(key for key in (guess.identifier, guess.address) if key)
            return Charge(guess.at, shared, guess.own)
        await self._database.write(guess.slot_given(), *told)
        raise await self._too_many(guess.at, guess.address, guess.own, guess.slot)

    def cleared(self, charge: Charge) -> tuple[Write, ...]:
        """Return the writes that belong into the transaction of a guess that was right.

        It counts no longer, and what failed before it from the same place is forgiven (NIST SP 800-63B, 3.2.2).
        """
        if charge.own is None:
            return ()
        back = [Write(_GIVE_BACK, (key, charge.at), rows=None) for key in charge.shared]
        return (*back, Write(_CLEAR, (charge.own,), rows=None))

    async def ration(self, purpose: Purpose, identifier: str) -> None:
        """Count something that may be asked for five times; raises TooManyAttempts until an hour without it is over."""
        if not self._on:
            return
        at, key = self._now(), self._digest(purpose, "ration", identifier)
        try:
            await self._database.write(climb(key, HOURLY, at))
        except Missed:
            raise await self._too_many(at, key) from None

    def place(self, owner: str, address: str) -> str:
        """Return what may be kept of the address somebody uses: the digest of its host (/32 or /64) for them alone."""
        return self._digest("place", owner, host_and_network(address)[0])

    async def purge(self) -> None:
        """Forget failures after an hour without any."""
        now = self._now()
        await self._database.write(Write(_PURGE, (now - FORGOTTEN, now), rows=None))

    def _guess(self, purpose: Purpose, identifier: str, host: str, *, known: bool, device: str | None) -> _Guess:
        at = self._now()
        if device is not None:
            return _Guess(at, self._digest(purpose, "device", device, identifier))
        both, address = self._digest(purpose, "both", host, identifier), self._digest(purpose, "address", host)
        if known:
            return _Guess(at, both, address)
        subject, slot = self._digest(purpose, "identifier", identifier), self._digest(purpose, "slot", host, identifier)
        return _Guess(at, both, address, subject, slot)

    async def _too_many(self, at: datetime, *keys: str) -> TooManyAttempts:
        found = await self._database.fetch(_UNTIL, *keys, *[""] * (3 - len(keys)))
        until = at if found is None or found.time is None else found.time
        seconds = max(1, math.ceil((until - at).total_seconds()))
        return TooManyAttempts(
            f"Wait {seconds} s before you try again.",
            headers=(
                ("Retry-After", str(seconds)),
                ("RateLimit-Policy", f'"attempts";q=1;w={seconds}'),
                ("RateLimit", f'"attempts";r=0;t={seconds}'),
            ),
        )

    def _digest(self, *name: str) -> str:
        return sealing.mac(self._key, "\0".join(name))

"""What empties the outbox: each letter is sent until somebody takes it over, by whichever process comes first.

A letter is claimed by moving the time it is due at, so that a process that dies with it loses nothing: it is due again
when the claim ends. Whoever gets it twice then can tell by its Message-ID. The rounds come at fixed times and no request
starts one, so that nobody can tell by the time of an answer whether it caused a mail.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Final

import msgspec

from noughts.kit.database import Database, Missed, Query, Sql, Write
from noughts.kit.errors import Problem
from noughts.kit.logging import log
from noughts.kit.mail import Delayed, Mailer, Refused, Sender
from noughts.kit.metrics import Gauges
from noughts.kit.outbox import Outbox
from noughts.kit.workers import Tasks, Work, every

GIVEN_UP: Final = timedelta(days=3)
CLAIMED: Final = timedelta(minutes=3)
_FIRST_PAUSE: Final = timedelta(seconds=5)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_HANDS: Final = 8
_AT_ONCE: Final = 50
_ROUND_S: Final = 1.0
_MEASURED_S: Final = 15.0
_CLOSING_S: Final = 5.0


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """A row of `outbox`."""

    id: str
    sealed: bytes
    tries: int
    due_at: datetime
    created_at: datetime


class Backlog(msgspec.Struct, frozen=True, array_like=True):
    """How many letters wait, and since when the oldest does."""

    letters: int
    oldest: datetime | None


_DUE: Final = Query(
    "SELECT id, sealed, tries, due_at, created_at FROM outbox WHERE due_at <= $1 ORDER BY due_at LIMIT $2", Waiting
)
_BACKLOG: Final = Query("SELECT count(*), min(created_at) FROM outbox", Backlog)
_CLAIM: Final = Sql("UPDATE outbox SET due_at = $3, tries = tries + 1 WHERE id = $1 AND due_at = $2")
_PUT_OFF: Final = Sql("UPDATE outbox SET due_at = $3 WHERE id = $1 AND due_at = $2")
_REMOVE: Final = Sql("DELETE FROM outbox WHERE id = $1")


class Delivery:
    """The worker. Any number of them, in any number of processes, share the work."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        mailer: Mailer,
        *,
        sender: Sender,
        chance: Random,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._mailer = mailer
        self._sender = sender
        self._chance = chance
        self._now = now
        self._sending = Tasks()
        self._backlog = Backlog(0, None)

    def workers(self) -> list[Work]:
        """Return the work that comes round again."""
        return [every(_ROUND_S, self.round), every(_MEASURED_S, self.measure), *self._mailer.workers()]

    async def round(self) -> None:
        """Take up every letter that is due, as hands come free; some may still be on their way when this returns."""
        while due := await self._database.scan(_DUE, self._now(), _AT_ONCE):
            for waiting in due:
                if len(self._sending) >= _HANDS:
                    await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
                await self._take_up(waiting)

    async def measure(self) -> None:
        """Look how much is waiting."""
        self._backlog = await self._database.fetch(_BACKLOG) or Backlog(0, None)

    def gauges(self) -> Gauges:
        """Return what is worth watching, as of the last look."""
        return {
            "noughts_mails_waiting": ("Mails that wait to be sent.", lambda: self._backlog.letters),
            "noughts_oldest_mail_seconds": ("How long the oldest of them has waited.", self._oldest_s),
        }

    def _oldest_s(self) -> float:
        oldest = self._backlog.oldest
        return 0.0 if oldest is None else (self._now() - oldest).total_seconds()

    async def settled(self) -> None:
        """Return once nothing that was taken up is still on its way."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def close(self) -> None:
        """Finish what is under way, for five seconds; what is left is taken up again when its claim ends."""
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=_CLOSING_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _take_up(self, waiting: Waiting) -> None:
        claim = self._now() + CLAIMED
        try:
            await self._database.write(Write(_CLAIM, (waiting.id, waiting.due_at, claim)))
        except Missed:  # another process has it
            return
        claimed = msgspec.structs.replace(waiting, due_at=claim, tries=waiting.tries + 1)
        self._sending.start(self._deliver(claimed))

    async def _deliver(self, waiting: Waiting) -> None:
        outcome = await self._attempt(waiting)
        try:
            await self._database.write(outcome)
        except Problem as problem:  # it is due again when its claim ends
            log.warning("mail_still_claimed", mail=waiting.id, reason=problem.detail)

    async def _attempt(self, waiting: Waiting) -> Write:
        """Send one claimed letter; return what becomes of its row. Whatever is wrong with a letter stays with it."""
        from noughts.kit.mail.message import written  # most starts send nothing

        try:
            letter = self._outbox.opened(waiting.sealed)
            if letter.until is not None and letter.until <= self._now():
                return _given_up(waiting, "its time is over")
            await self._mailer.send(written(letter, self._sender, waiting.id, waiting.created_at))
        except Refused as refused:
            return _given_up(waiting, str(refused))
        except Delayed as delayed:
            return self._put_off(waiting, str(delayed))
        except Exception as error:  # noqa: BLE001 - a letter nobody can write must not hold up the others
            return self._put_off(waiting, type(error).__name__)
        return Write(_REMOVE, (waiting.id,), rows=None)

    def _put_off(self, waiting: Waiting, reason: str) -> Write:
        now = self._now()
        if now - waiting.created_at >= GIVEN_UP:
            return _given_up(waiting, reason)
        log.warning("mail_delayed", mail=waiting.id, tries=waiting.tries, reason=reason)
        due_at = now + _pause(waiting.tries) * self._chance.uniform(0.5, 1)
        return Write(_PUT_OFF, (waiting.id, waiting.due_at, due_at), rows=None)


def _given_up(waiting: Waiting, reason: str) -> Write:
    log.error("mail_given_up", mail=waiting.id, tries=waiting.tries, reason=reason)
    return Write(_REMOVE, (waiting.id,), rows=None)


def _pause(tries: int) -> timedelta:
    """Return how long to leave a letter at most after so many tries: twice as long each time, an hour in the end."""
    return min(_FIRST_PAUSE * (1 << min(tries - 1, 10)), _LONGEST_PAUSE)

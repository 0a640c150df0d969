"""How access tokens die before they expire: a row in the transaction that ends them, and a set in every process's memory.

A row lives as long as the longest token it concerns. Each process takes its own at once and tells the others, which is quick
and may fail; what counts is that each reads four times a second what others wrote, so that no request has to ask the database:
the rows of the last ten seconds, and once a second those of the last minute, because a commit may come later than its time says.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from noughts.kit import ids
from noughts.kit.broadcast import Topic
from noughts.kit.database import Database, Query, Sql, Write, columns
from noughts.kit.errors import InvalidToken, Unavailable
from noughts.kit.metrics import Gauges
from noughts.kit.tokens import LEEWAY_S, LIFETIME_S, Principal, SessionId, UserId

KEPT: Final = timedelta(seconds=LIFETIME_S + 2 * LEEWAY_S)
READ_EVERY_S: Final = 0.25
_RECENT: Final = timedelta(seconds=10)
_REREAD: Final = timedelta(seconds=60)
_REREAD_EVERY_S: Final = 1.0
STALE_S: Final = 5.0


class Revocation(msgspec.Struct, frozen=True, array_like=True):
    """One session is over (`session_id`), or a person's tokens of an epoch below `epoch` are, one session spared."""

    id: str
    user_id: UserId
    session_id: SessionId | None
    epoch: int | None
    except_session_id: SessionId | None
    created_at: datetime

    @classmethod
    def of_session(cls, user_id: UserId, session_id: SessionId, at: datetime) -> "Revocation":
        """Return the end of one session."""
        return cls(ids.new(), user_id, session_id, None, None, at)

    @classmethod
    def of_user(cls, user_id: UserId, epoch: int, at: datetime, spared: SessionId | None = None) -> "Revocation":
        """Return the end of a person's tokens below an epoch, except those of the session spared."""
        return cls(ids.new(), user_id, None, epoch, spared, at)

    def row(self) -> Write:
        """Return the write that belongs into the transaction of the change."""
        return Write(
            _INSERT, (self.id, self.user_id, self.session_id, self.epoch, self.except_session_id, self.created_at)
        )


REVOCATIONS: Final = Topic("revocations", Revocation)
_INSERT: Final = Sql(f"INSERT INTO revocations ({columns(Revocation)}) VALUES ($1, $2, $3, $4, $5, $6)")
_SINCE: Final = Query(f"SELECT {columns(Revocation)} FROM revocations WHERE created_at >= $1", Revocation)
_OF: Final = Query(f"SELECT {columns(Revocation)} FROM revocations WHERE created_at = $1 AND user_id = $2", Revocation)
_PURGE: Final = Sql("DELETE FROM revocations WHERE created_at < $1")


class Revocations:
    """What this process knows to be over."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._sessions: dict[SessionId, datetime] = {}
        self._users: dict[UserId, Revocation] = {}
        self._fresh_at = 0.0
        self._reread_at = 0.0

    def apply(self, revocation: Revocation) -> None:
        """Refuse from now on what this ends. May be repeated."""
        if revocation.session_id is not None:
            self._sessions[revocation.session_id] = revocation.created_at
            return
        known = self._users.get(revocation.user_id)
        if known is None or (known.epoch or 0) < (revocation.epoch or 0):
            self._users[revocation.user_id] = revocation

    def check(self, principal: Principal) -> None:
        """Raise InvalidToken for a token that was ended, Unavailable when nobody could know."""
        if time.monotonic() - self._fresh_at > STALE_S:
            raise Unavailable("It cannot be told which access tokens still hold.", retry_after=2)
        if principal.session_id in self._sessions:
            raise InvalidToken("The session is over.")
        ended = self._users.get(principal.user_id)
        if (
            ended is not None
            and principal.epoch < (ended.epoch or 0)
            and principal.session_id != ended.except_session_id
        ):
            raise InvalidToken("The session is over.")

    @property
    def age_s(self) -> float:
        """Seconds since the rows were last read."""
        return time.monotonic() - self._fresh_at

    def gauges(self) -> Gauges:
        """Return what is worth watching."""
        text = "Seconds since what ended access tokens was last read; past 5 nobody signed in is answered."
        return {"noughts_revocation_feed_age_seconds": (text, lambda: self.age_s)}

    async def read(self, back: timedelta = KEPT) -> None:
        """Take in the rows of the last `back`; raises Unavailable when they cannot be read."""
        asked_at = time.monotonic()
        for revocation in await self._database.scan(_SINCE, self._now() - back):
            self.apply(revocation)
        self._fresh_at = asked_at

    async def of(self, user_id: UserId, at: datetime) -> list[Revocation]:
        """Return what a change at that very time ended of a person; raises Unavailable."""
        return await self._database.scan(_OF, at, user_id)

    def reread(self) -> None:
        """Take in the rows of the last minute when it comes round again: others may have told of some in vain."""
        self._reread_at = -_REREAD_EVERY_S

    async def follow(self) -> None:
        """Read what is new; after an outage, everything that may have been missed. To be called four times a second."""
        if time.monotonic() - self._reread_at < _REREAD_EVERY_S:
            await self.read(_RECENT)
            return
        reread_at = time.monotonic()
        await self.read(_REREAD if self.age_s < STALE_S else KEPT)
        self._reread_at = reread_at

    async def forget(self) -> None:
        """Drop from memory what no living token can concern."""
        before = self._now() - KEPT
        self._sessions = {session: at for session, at in self._sessions.items() if at >= before}
        self._users = {user: ended for user, ended in self._users.items() if ended.created_at >= before}

    async def purge(self) -> None:
        """Remove the rows that no living token can concern."""
        await self._database.write(Write(_PURGE, (self._now() - KEPT,), rows=None))

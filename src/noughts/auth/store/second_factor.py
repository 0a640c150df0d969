"""The tables of second factors, recovery codes and sign-ins that wait for one of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from noughts.auth.model.second_factor import BEFORE_ANY_STEP, TRIES, Challenge, Totp, TotpEnabled, TotpNotStarted
from noughts.auth.model.sessions import LoginFailed
from noughts.auth.store.sessions import all_ended
from noughts.kit.database import Database, Missed, Query, Sql, Write, columns
from noughts.kit.tokens import SessionId, UserId


class _Count(msgspec.Struct, frozen=True, array_like=True):
    count: int


_OF: Final = Query(f"SELECT {columns(Totp)} FROM totp WHERE user_id = $1", Totp)
_START: Final = Sql(
    f"INSERT INTO totp ({columns(Totp)}) VALUES ($1, $2, NULL, $3, $4) ON CONFLICT (user_id)"
    " DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at WHERE totp.confirmed_at IS NULL"
)
_CONFIRM: Final = Sql(
    "UPDATE totp SET confirmed_at = $3, last_step = $4 WHERE user_id = $1 AND sealed = $2 AND confirmed_at IS NULL"
)
_STILL_STARTED: Final = Sql("UPDATE totp SET last_step = last_step WHERE user_id = $1 AND confirmed_at IS NULL")
_USE_STEP: Final = Sql("UPDATE totp SET last_step = $3 WHERE user_id = $1 AND sealed = $2 AND last_step < $3")
_REMOVE: Final = Sql("DELETE FROM totp WHERE user_id = $1 AND confirmed_at IS NOT NULL")
_WITHDRAW: Final = Sql("DELETE FROM totp WHERE user_id = $1 AND sealed = $2 AND confirmed_at IS NULL")
_ADD_CODE: Final = Sql("INSERT INTO recovery_codes (user_id, digest) VALUES ($1, $2)")
_CODES_LEFT: Final = Query("SELECT count(*) FROM recovery_codes WHERE user_id = $1", _Count)
_USE_CODE: Final = Sql("DELETE FROM recovery_codes WHERE user_id = $1 AND digest = $2")
_REMOVE_CODES: Final = Sql("DELETE FROM recovery_codes WHERE user_id = $1")
_ASK: Final = Sql(
    f"INSERT INTO mfa_tokens ({columns(Challenge)})"
    " SELECT $1, id, epoch, $4, $5, $6 FROM users WHERE id = $2 AND epoch = $3 AND status = 'active'"
)
_ASKED: Final = Query(f"SELECT {columns(Challenge)} FROM mfa_tokens WHERE digest = $1", Challenge)
_TRY: Final = Sql(f"UPDATE mfa_tokens SET tries = tries + 1 WHERE digest = $1 AND tries < {TRIES}")
_SPENT: Final = Sql(f"DELETE FROM mfa_tokens WHERE digest = $1 AND tries >= {TRIES}")
_ANSWERED: Final = Sql("DELETE FROM mfa_tokens WHERE digest = $1")
_REMOVE_ASKED: Final = Sql("DELETE FROM mfa_tokens WHERE user_id = $1")
_PURGE_ASKED: Final = Sql("DELETE FROM mfa_tokens WHERE expires_at <= $1")
_PURGE_STARTED: Final = Sql("DELETE FROM totp WHERE confirmed_at IS NULL AND created_at <= $1")


class SecondFactorStore:
    """Second factors in the database. Every method is one transaction, or the writes that belong into one.

    All lock in one order: the second factor, its recovery codes, waiting sign-ins. Sessions end last, so that one
    whose opening was waited for ends too.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, user_id: UserId) -> Totp | None:
        """Return somebody's second factor, confirmed or not."""
        return await self._database.fetch(_OF, user_id)

    async def codes_left(self, user_id: UserId) -> int:
        """Return how many recovery codes somebody has."""
        found = await self._database.fetch(_CODES_LEFT, user_id)
        return 0 if found is None else found.count

    async def start(self, user_id: UserId, sealed: bytes, at: datetime) -> None:
        """Store a second factor that waits to be confirmed, in the place of one that waited; raises TotpEnabled."""
        try:
            await self._database.write(Write(_START, (user_id, sealed, BEFORE_ANY_STEP, at)))
        except Missed:
            raise TotpEnabled from None

    async def enable(self, user_id: UserId, *rows: Write, spared: SessionId, at: datetime) -> None:
        """Write what enables a second factor and end every session but one; raises TotpNotStarted where something misses."""
        try:
            await self._database.write(*rows, *all_ended(user_id, spared, at))
        except Missed:  # another call was first
            raise TotpNotStarted from None

    async def disable(self, user_id: UserId, *rows: Write, spared: SessionId | None, at: datetime) -> bool:
        """Write what removes a second factor and end every session but one; return whether nothing missed."""
        try:
            await self._database.write(*rows, *all_ended(user_id, spared, at))
        except Missed:
            return False
        return True

    async def ask(self, challenge: Challenge, *rows: Write) -> None:
        """Store a sign-in that waits for its second factor; raises LoginFailed when the account changed meanwhile."""
        try:
            await self._database.write(Write(_ASK, msgspec.structs.astuple(challenge)), *rows)
        except Missed:
            raise LoginFailed from None

    async def asked(self, digest: str) -> Challenge | None:
        """Return a sign-in that waits for its second factor."""
        return await self._database.fetch(_ASKED, digest)

    async def count_try(self, challenge: Challenge) -> bool:
        """Count a try before it is judged, so that of many at once no more than five are; return whether it is one of them."""
        try:
            await self._database.write(Write(_TRY, (challenge.digest,)))
        except Missed:
            return False
        return True

    async def close_spent(self, challenge: Challenge, *rows: Write) -> bool:
        """Remove a sign-in without any try left and write what belongs to it; return whether this call was the one that did."""
        try:
            await self._database.write(Write(_SPENT, (challenge.digest,)), *rows)
        except Missed:
            return False
        return True

    async def purge(self, expired_before: datetime, started_before: datetime) -> None:
        """Remove sign-ins that can no longer be finished and second factors that can no longer be confirmed."""
        await self._database.write(
            Write(_PURGE_ASKED, (expired_before,), rows=None), Write(_PURGE_STARTED, (started_before,), rows=None)
        )


def confirmed(totp: Totp, step: int, codes: Sequence[str], at: datetime) -> list[Write]:
    """Return the writes that enable what was started, with its recovery codes; the first misses where it no longer waits."""
    added = [Write(_ADD_CODE, (totp.user_id, code)) for code in codes]
    return [Write(_CONFIRM, (totp.user_id, totp.sealed, at, step)), *added]


def withdrawn(totp: Totp) -> Write:
    """Return the write that removes what was started and is kept elsewhere now; misses where it no longer waits."""
    return Write(_WITHDRAW, (totp.user_id, totp.sealed))


def removed(user_id: UserId) -> list[Write]:
    """Return the writes that remove a second factor with all that belongs to it; the first misses where there is none."""
    everything = [Write(sql, (user_id,), rows=None) for sql in (_REMOVE_CODES, _REMOVE_ASKED)]
    return [Write(_REMOVE, (user_id,)), *everything]


def still_started(totp: Totp) -> Write:
    """Return the write that misses when a second factor was confirmed meanwhile, and makes its confirmation wait till then."""
    return Write(_STILL_STARTED, (totp.user_id,))


def step_used(totp: Totp, step: int) -> Write:
    """Return the write that misses unless no code of this step or a later one was used."""
    return Write(_USE_STEP, (totp.user_id, totp.sealed, step))


def code_used(user_id: UserId, digest: str) -> Write:
    """Return the write that misses unless the recovery code is one of theirs, which it then was."""
    return Write(_USE_CODE, (user_id, digest))


def answered(challenge: Challenge) -> Write:
    """Return the write that misses unless this sign-in still waits."""
    return Write(_ANSWERED, (challenge.digest,))

"""Passwords and second factors in an Amazon Cognito user pool, under the ids of the accounts here.

A second factor that was set up here before there was a pool goes on to be asked for, here, until its owner removes it.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

from noughts.auth.model.second_factor import Challenge, EmailNotVerified, InvalidMfaToken, Totp, TotpEnabled
from noughts.auth.model.sessions import Credentials
from noughts.auth.providers import Begun, Enabled, Shown, State
from noughts.auth.providers.local import Local
from noughts.auth.store.second_factor import withdrawn
from noughts.kit import sealing
from noughts.kit.audit import Origin
from noughts.kit.cognito import (
    CodeRefused,
    CodeWanted,
    NoSuchUser,
    NotConfirmed,
    Pool,
    Refused,
    ResetRequired,
    SignedIn,
)
from noughts.kit.database import Write
from noughts.kit.errors import InsufficientUserAuthentication, Invalid, Unavailable
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.proof import PasswordCheck
from noughts.kit.tokens import Principal, UserId

_NO_CODES: Final = 0
_SENT_AWAY: Final = ("RESET_REQUIRED", "FORCE_CHANGE_PASSWORD")
"""What the pool says of whom an operator wants to prove themselves anew."""


class Cognito:
    """The provider that asks a pool. `local` answers for second factors that were set up before."""

    def __init__(self, pool: Pool, check: PasswordCheck, local: Local, fittings: Fittings) -> None:
        self._pool = pool
        self._check = check
        self._local = local
        self._fittings = fittings
        self._key = sealing.derive(fittings.secret, "pool sessions")

    def seat(self) -> AbstractContextManager[None]:
        """Hold a place for a sign-in."""
        return self._check.seat()

    async def authenticate(self, user_id: UserId, credentials: Credentials | None, password: str) -> Shown | None:
        """Return what a right password leads to, once the pool has been asked, about nobody as well.

        Raises EmailNotVerified for a right password of somebody whose address was never confirmed.
        """
        try:
            found = await self._pool.sign_in(user_id, password)
        except (Refused, ResetRequired):
            return None
        except NotConfirmed:
            if not _may_sign_in(credentials):
                return None
            raise EmailNotVerified("Confirm your email address first, by the code that was sent there.") from None
        if not _may_sign_in(credentials):
            return None
        if isinstance(found, CodeWanted):
            return Shown(needs_code=True, sealed=sealing.seal(self._key_of(user_id), found.session.encode()))
        return Shown(needs_code=(await self._local.state(user_id)).enabled)

    async def may_go_on(self, credentials: Credentials) -> bool:
        """Return whether the pool lets somebody go on; guests are none of its people.

        A guest who became a member and has not confirmed the address yet goes on as before.
        """
        if credentials.kind == "guest":
            return True
        person = await self._pool.person(credentials.id)
        return person is not None and person.enabled and person.status not in _SENT_AWAY

    async def signed_out(self, user_id: UserId) -> None:
        """End what other applications of the pool hold. Ours ended already, so that a pool that is away stops nothing."""
        try:
            await self._pool.sign_out(user_id)
        except Unavailable:
            log.warning("pool_not_told_of_sign_out", user=user_id)

    async def answer(self, challenge: Challenge, code: str, origin: Origin) -> tuple[Write, ...] | None:
        """Return nothing to write for a right code; nothing at all for a wrong one. Raises InvalidMfaToken where the pool waits no more."""
        if challenge.sealed is None:
            return await self._local.answer(challenge, code, origin)
        session = sealing.unseal(self._key_of(challenge.user_id), challenge.sealed)
        if session is None:
            raise InvalidMfaToken
        try:
            await self._pool.answer(challenge.user_id, session.decode(), code)
        except (CodeRefused, Refused):
            return None
        except ResetRequired:
            raise InvalidMfaToken from None
        return ()

    async def state(self, user_id: UserId) -> State:
        """Return what the pool says, or what was set up before; the pool knows no recovery codes."""
        before = await self._local.state(user_id)
        if before.enabled:
            return before
        person = await self._pool.person(user_id)
        return State(person is not None and person.second_factor, _NO_CODES)

    async def begin(self, user_id: UserId, password: str | None, by: Principal, origin: Origin) -> Begun:
        """Return a new secret of the pool's. It takes the password, however young the sign-in: the pool wants to see it."""
        if password is None:
            raise InsufficientUserAuthentication("Send your current password.")
        await self._fittings.proof.require(by, None, password, origin)
        if (await self.state(user_id)).enabled:
            raise TotpEnabled
        try:
            found = await self._pool.sign_in(user_id, password)
        except NotConfirmed:
            raise EmailNotVerified("The pool of people knows no confirmed address of this account.") from None
        except (Refused, ResetRequired):  # since a moment ago
            raise Invalid.field("#/current_password", "wrong", "This is not the current password.") from None
        if not isinstance(found, SignedIn):
            raise TotpEnabled
        secret = await self._pool.start_totp(found.access_token)
        return Begun(secret, sealing.seal(self._key_of(user_id), found.access_token.encode()))

    async def enable(self, started: Totp, code: str, at: datetime) -> Enabled | None:
        """Return that the pool asks for codes from now on, without recovery codes; nothing where the code is wrong."""
        token = sealing.unseal(self._key_of(started.user_id), started.sealed)
        if token is None:
            return None
        try:
            await self._pool.confirm_totp(token.decode(), started.user_id, code)
        except (CodeRefused, Refused):
            return None
        return Enabled([], [withdrawn(started)])

    async def disable(self, user_id: UserId) -> Sequence[Write] | None:
        """Have the pool ask for no code any more; return what removes one that was set up before, too."""
        before = await self._local.disable(user_id)
        person = await self._pool.person(user_id)
        if person is None or not person.second_factor:
            return before
        try:
            await self._pool.remove_totp(user_id)
        except NoSuchUser:
            return before
        return before or ()

    def _key_of(self, user_id: UserId) -> bytes:
        return sealing.derive(self._key, user_id)


def _may_sign_in(credentials: Credentials | None) -> bool:
    """Return whether this is an active member: whoever else the pool may know, guests and the computer have no password."""
    return credentials is not None and credentials.status == "active" and credentials.kind == "member"

"""Passwords and second factors in our own database."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from noughts.auth.model import letters, second_factor
from noughts.auth.model.second_factor import Challenge, Totp
from noughts.auth.model.sessions import Credentials
from noughts.auth.providers import Begun, Enabled, Shown, State
from noughts.auth.providers.codes import Codes
from noughts.auth.store import AuthStore
from noughts.auth.store.second_factor import code_used, confirmed, removed, step_used, still_started
from noughts.kit.audit import Origin
from noughts.kit.database import Write
from noughts.kit.fittings import Fittings
from noughts.kit.tokens import Principal, UserId
from noughts.ports.users import Users


class Local:
    """The provider that asks nobody."""

    def __init__(self, store: AuthStore, users: Users, fittings: Fittings) -> None:
        self._store = store.second_factor
        self._sessions = store.sessions
        self._users = users
        self._codes = Codes(fittings.secret)
        self._passwords = fittings.passwords
        self._fittings = fittings
        self._now = fittings.now

    def seat(self) -> AbstractContextManager[None]:
        """Hold a place in the queue for hashes; raises HashQueueFull."""
        return self._passwords.seat()

    async def authenticate(self, user_id: UserId, credentials: Credentials | None, password: str) -> Shown | None:
        """Return what a right password leads to, after the same hash for whatever is wrong."""
        stored = None if credentials is None else credentials.password
        fits = await self._passwords.verify(stored, password, seated=True)
        if not fits or credentials is None or credentials.status != "active":
            return None
        await self._renew_hash(credentials, password)
        totp = await self._store.of(credentials.id)
        if totp is None:
            return Shown()
        return Shown(needs_code=True) if totp.is_enabled else Shown(rows=(still_started(totp),))

    async def may_go_on(self, credentials: Credentials) -> bool:
        """Return that they may: whether the account is active was looked at."""
        return True

    async def signed_out(self, user_id: UserId) -> None:
        """Do nothing: all sessions are ours."""

    async def answer(self, challenge: Challenge, code: str, origin: Origin) -> tuple[Write, ...] | None:
        """Return the writes that use up an authenticator's or a recovery code; nothing for one that is wrong at sight."""
        user_id = challenge.user_id
        if second_factor.is_totp(code):
            totp = await self._store.of(user_id)
            step = None if totp is None or not totp.is_enabled else self._codes.step(totp, code, self._now())
            return None if totp is None or step is None else (step_used(totp, step),)
        if second_factor.is_recovery_code(code):
            left = await self._store.codes_left(user_id) - 1
            user = await self._users.user(user_id)
            return (
                code_used(user_id, self._codes.digest(user_id, code)),
                self._fittings.audit.row("recovery-code-used", user_id, origin),
                self._fittings.outbox.row(letters.recovery_code_used(user, left), user_id),
            )
        return None

    async def state(self, user_id: UserId) -> State:
        """Return what the database says."""
        totp = await self._store.of(user_id)
        return State(totp is not None and totp.is_enabled, await self._store.codes_left(user_id))

    async def begin(self, user_id: UserId, password: str | None, by: Principal, origin: Origin) -> Begun:
        """Return a new secret, and what is stored of it."""
        credentials = await self._sessions.credentials(user_id)
        stored = None if credentials is None else credentials.password
        await self._fittings.proof.require(by, stored, password, origin)
        return Begun(*self._codes.new_secret(user_id))

    async def enable(self, started: Totp, code: str, at: datetime) -> Enabled | None:
        """Return ten recovery codes and the writes that enable the second factor; nothing where the code is wrong."""
        step = self._codes.step(started, code, at)
        if step is None:
            return None
        recovery_codes = self._codes.new_recovery_codes()
        stored = self._codes.stored(started.user_id, recovery_codes)
        return Enabled(recovery_codes, confirmed(started, step, stored, at))

    async def disable(self, user_id: UserId) -> Sequence[Write] | None:
        """Return the writes that remove the second factor with its recovery codes; nothing without one."""
        totp = await self._store.of(user_id)
        return None if totp is None or not totp.is_enabled else removed(user_id)

    async def _renew_hash(self, credentials: Credentials, password: str) -> None:
        """Hash again at today's cost, if the stored hash was made at another."""
        if credentials.password is not None and self._passwords.outdated(credentials.password, password):
            await self._sessions.rehash(credentials, await self._passwords.hash(password, seated=True))

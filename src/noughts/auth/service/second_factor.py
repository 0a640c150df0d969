"""Setting up a second factor, and removing it."""

import contextlib
from datetime import datetime

import msgspec

from noughts.auth.model import letters, second_factor, sessions
from noughts.auth.service.codes import Codes
from noughts.auth.store import AuthStore
from noughts.kit.audit import Origin
from noughts.kit.errors import Unavailable
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.tokens import Principal, UserId
from noughts.ports.users import Users


class Setup(msgspec.Struct, frozen=True):
    """What an authenticator needs to know: the secret in base32, and the same in an address for a QR code."""

    secret: str
    uri: str


class State(msgspec.Struct, frozen=True):
    """Whether signing in takes a second factor, and how many recovery codes are left."""

    enabled: bool
    recovery_codes_left: int


class SecondFactor:
    """The use cases of whoever has a second factor or wants one. Besides the problems its methods name they raise Unavailable."""

    def __init__(self, store: AuthStore, users: Users, codes: Codes, fittings: Fittings) -> None:
        self._store = store.second_factor
        self._sessions = store.sessions
        self._users = users
        self._codes = codes
        self._fittings = fittings
        self._now = fittings.now

    async def state(self, user_id: UserId, by: Principal) -> State:
        """Return how things are; raises NotFound for other people's."""
        sessions.require_control(by, user_id)
        await self._users.user(user_id)
        totp = await self._store.of(user_id)
        return State(totp is not None and totp.is_enabled, await self._store.codes_left(user_id))

    async def start(self, user_id: UserId, current_password: str | None, by: Principal, origin: Origin) -> Setup:
        """Return a new secret, of no effect until it is confirmed within 15 minutes; it takes the place of an earlier one.

        Raises Forbidden, EmailNotVerified, TotpEnabled; InsufficientUserAuthentication without a young sign-in or the
        current password; Invalid for a wrong one, TooManyAttempts, HashQueueFull.
        """
        second_factor.require_own(by, user_id)
        user = await self._users.user(user_id)
        second_factor.require_verified(user)
        credentials = await self._sessions.credentials(user_id)
        stored = None if credentials is None else credentials.password
        await self._fittings.proof.require(by, stored, current_password, origin)
        secret, sealed = self._codes.new_secret(user_id)
        await self._store.start(user_id, sealed, self._now())
        log.info("totp_started", user=user_id)
        return Setup(secret, second_factor.uri(secret, user.username))

    async def confirm(self, user_id: UserId, code: str, by: Principal, origin: Origin) -> list[str]:
        """Enable what was started, end every other session and return ten recovery codes, told this once.

        Raises Forbidden, TotpEnabled, TotpNotStarted, Invalid for a wrong code, TooManyAttempts.
        """
        second_factor.require_own(by, user_id)
        totp = second_factor.require_started(await self._store.of(user_id), self._now())
        charge = await self._fittings.throttle.charge("second-factor", user_id, origin.address, known=True)
        step = self._codes.step(totp, second_factor.plain(code), self._now())
        if step is None:
            raise second_factor.wrong_code()
        recovery_codes = self._codes.new_recovery_codes()
        rows = self._fittings.audit.row("totp-enabled", user_id, origin, by), *self._fittings.throttle.cleared(charge)
        letter = self._fittings.outbox.row(letters.totp_enabled(await self._users.user(user_id)), user_id)
        stored = self._codes.stored(user_id, recovery_codes)
        at = self._now()
        await self._store.confirm(totp, step, stored, *rows, letter, spared=by.session_id, at=at)
        await self._forget_sessions(user_id, at)
        log.info("totp_enabled", user=user_id)
        return recovery_codes

    async def remove(self, user_id: UserId, by: Principal | None, origin: Origin) -> bool:
        """Remove somebody's second factor and end their other sessions; return whether there was one. May be repeated.

        By its owner, an administrator, or (without `by`) an operator. Raises NotFound for other people's, and
        InsufficientUserAuthentication without a young sign-in: one that took the second factor.
        """
        if by is not None:
            sessions.require_control(by, user_id)
            by.require_young(self._now())
        by_another = by is None or by.user_id != user_id
        letter = letters.totp_disabled(await self._users.user(user_id), by_another=by_another)
        rows = (
            self._fittings.audit.row("totp-disabled", user_id, origin, by),
            self._fittings.outbox.row(letter, user_id),
        )
        spared = None if by is None else by.session_id
        at = self._now()
        removed = await self._store.remove(user_id, *rows, spared=spared, at=at)
        if removed:
            await self._forget_sessions(user_id, at)
            log.info("totp_disabled", user=user_id)
        return removed

    async def _forget_sessions(self, user_id: UserId, at: datetime) -> None:
        """Refuse at once what just ended; if that cannot be read now it will be, and what is told only once is told."""
        with contextlib.suppress(Unavailable):
            await self._fittings.sessions_ended(user_id, at)

    async def purge(self) -> None:
        """Forget what was begun and never finished."""
        now = self._now()
        await self._store.purge(now, now - second_factor.STARTED_FOR)

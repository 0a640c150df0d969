"""Setting up a second factor, and removing it."""

import contextlib
from datetime import datetime

import msgspec

from noughts.auth.model import letters, second_factor, sessions
from noughts.auth.providers import Provider, State
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


class SecondFactor:
    """The use cases of whoever has a second factor or wants one. Besides the problems its methods name they raise Unavailable."""

    def __init__(self, store: AuthStore, users: Users, provider: Provider, fittings: Fittings) -> None:
        self._store = store.second_factor
        self._users = users
        self._provider = provider
        self._fittings = fittings
        self._now = fittings.now

    async def state(self, user_id: UserId, by: Principal) -> State:
        """Return how things are; raises NotFound for other people's."""
        sessions.require_control(by, user_id)
        await self._users.user(user_id)
        return await self._provider.state(user_id)

    async def start(self, user_id: UserId, current_password: str | None, by: Principal, origin: Origin) -> Setup:
        """Return a new secret, of no effect until it is confirmed within 15 minutes; it takes the place of an earlier one.

        Raises Forbidden, EmailNotVerified, TotpEnabled; InsufficientUserAuthentication without a young sign-in or the
        current password; Invalid for a wrong one, TooManyAttempts, HashQueueFull.
        """
        second_factor.require_own(by, user_id)
        user = await self._users.user(user_id)
        second_factor.require_verified(user)
        begun = await self._provider.begin(user_id, current_password, by, origin)
        await self._store.start(user_id, begun.sealed, self._now())
        log.info("totp_started", user=user_id)
        return Setup(begun.secret, second_factor.uri(begun.secret, user.username))

    async def confirm(self, user_id: UserId, code: str, by: Principal, origin: Origin) -> list[str]:
        """Enable what was started, end every other session and return the recovery codes, told this once.

        Raises Forbidden, TotpEnabled, TotpNotStarted, Invalid for a wrong code, TooManyAttempts.
        """
        second_factor.require_own(by, user_id)
        totp = second_factor.require_started(await self._store.of(user_id), self._now())
        charge = await self._fittings.throttle.charge("second-factor", user_id, origin.address, known=True)
        at = self._now()
        enabled = await self._provider.enable(totp, second_factor.plain(code), at)
        if enabled is None:
            raise second_factor.wrong_code()
        rows = self._fittings.audit.row("totp-enabled", user_id, origin, by), *self._fittings.throttle.cleared(charge)
        letter = self._fittings.outbox.row(letters.totp_enabled(await self._users.user(user_id)), user_id)
        await self._store.enable(user_id, *enabled.rows, *rows, letter, spared=by.session_id, at=at)
        await self._forget_sessions(user_id, at)
        log.info("totp_enabled", user=user_id)
        return enabled.recovery_codes

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
        disabled, at = await self._provider.disable(user_id), self._now()
        if disabled is None or not await self._store.disable(user_id, *disabled, *rows, spared=spared, at=at):
            return False
        await self._forget_sessions(user_id, at)
        log.info("totp_disabled", user=user_id)
        return True

    async def _forget_sessions(self, user_id: UserId, at: datetime) -> None:
        """Refuse at once what just ended; if that cannot be read now it will be, and what is told only once is told."""
        with contextlib.suppress(Unavailable):
            await self._fittings.sessions_ended(user_id, at)

    async def purge(self) -> None:
        """Forget what was begun and never finished."""
        now = self._now()
        await self._store.purge(now, now - second_factor.STARTED_FOR)

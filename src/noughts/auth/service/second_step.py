"""The second step of signing in, for those who have a second factor."""

from noughts.auth.model import letters, second_factor
from noughts.auth.model.second_factor import Challenge, InvalidMfaToken, MfaRefused, MfaRequired
from noughts.auth.model.sessions import Credentials, LoginFailed
from noughts.auth.providers import Provider, Shown
from noughts.auth.service.devices import Devices
from noughts.auth.service.grants import Grant, Grants
from noughts.auth.store import AuthStore
from noughts.auth.store.second_factor import answered
from noughts.kit import sealing
from noughts.kit.audit import Origin
from noughts.kit.database import Write
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.ports.users import Users


class SecondStep:
    """Demands a code after the right password, and hears it. Besides the problems its methods name they raise Unavailable."""

    def __init__(
        self, store: AuthStore, users: Users, grants: Grants, devices: Devices, provider: Provider, fittings: Fittings
    ) -> None:
        self._store = store.second_factor
        self._sessions = store.sessions
        self._users = users
        self._grants = grants
        self._devices = devices
        self._provider = provider
        self._audit = fittings.audit
        self._outbox = fittings.outbox
        self._throttle = fittings.throttle
        self._now = fittings.now

    async def demanded(self, credentials: Credentials, shown: Shown, origin: Origin, *rows: Write) -> tuple[Write, ...]:
        """Return what belongs into the transaction of a sign-in by password alone, `rows` among it.

        Raises MfaRequired, once `rows` are written, where a password alone is not enough; LoginFailed when the account
        changed meanwhile.
        """
        if not shown.needs_code:
            return (*rows, *shown.rows)
        token, until = sealing.new_token(), self._now() + second_factor.ASKED_FOR
        told = self._audit.row("mfa-required", credentials.id, origin)
        challenge = Challenge(sealing.digest(token), credentials.id, credentials.epoch, 0, until, shown.sealed)
        await self._store.ask(challenge, told, *rows)
        log.info("mfa_required", user=credentials.id)
        raise MfaRequired(mfa_token=token)

    async def login(self, mfa_token: str, code: str, origin: Origin, device_cookie: str | None = None) -> Grant:
        """Return a new session's tokens for what came with MfaRequired and a code, each good for one sign-in.

        Raises InvalidMfaToken when it is to begin again with the password, MfaRefused for a wrong code, TooManyAttempts.
        """
        challenge = second_factor.require_open(await self._store.asked(sealing.digest(mfa_token)), self._now())
        user_id = challenge.user_id
        credentials = await self._sessions.credentials(user_id)
        if credentials is None or credentials.status != "active" or credentials.epoch != challenge.epoch:
            raise InvalidMfaToken
        charge = await self._throttle.charge(
            "second-factor",
            user_id,
            origin.address,
            known=await self._devices.knows(user_id, origin),
            device=self._devices.browser(device_cookie, user_id),
            told=(self._audit.row("login-throttled", user_id, origin),),
        )
        if not await self._store.count_try(challenge):
            raise InvalidMfaToken
        used = await self._provider.answer(challenge, second_factor.plain(code), origin)
        if used is not None:
            rows = (*used, answered(challenge), *self._throttle.cleared(charge))
            try:
                grant = await self._grants.open(credentials, origin, "login-succeeded", *rows, factors=2)
            except LoginFailed:  # the code, the sign-in or the account is no longer what it was a moment ago
                log.info("mfa_outrun", user=user_id)
            else:
                log.info("login_succeeded", user=user_id)
                return grant
        await self._refuse(challenge, origin)
        raise MfaRefused

    async def _refuse(self, challenge: Challenge, origin: Origin) -> None:
        """Write down that a code was wrong; after the last try tell the owner, whose password somebody has."""
        told = self._audit.row("mfa-refused", challenge.user_id, origin)
        letter = letters.codes_wrong(await self._users.user(challenge.user_id))
        if not await self._store.close_spent(challenge, told, self._outbox.row(letter, challenge.user_id)):
            await self._sessions.note(told)
        log.info("mfa_refused", user=challenge.user_id)

"""Signing in: the one way from a password, or from nothing at all, to a session."""

from typing import Final

from noughts.auth.model.sessions import LoginFailed
from noughts.auth.providers import Provider
from noughts.auth.service.devices import Devices
from noughts.auth.service.grants import Grant, Grants
from noughts.auth.service.second_step import SecondStep
from noughts.auth.store import SessionStore
from noughts.kit import ids
from noughts.kit.audit import Origin
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.throttling import Charge
from noughts.kit.tokens import UserId
from noughts.ports.users import Identified, Users, computer_id

_LONGEST_IDENTIFIER: Final = 254
_NOBODY: Final = computer_id(1)
"""Whose row is read where nobody is meant: an account without a password."""


class SignIn:
    """The use cases of whoever is not signed in. Besides the problems its methods name they raise Unavailable."""

    def __init__(
        self,
        store: SessionStore,
        users: Users,
        grants: Grants,
        devices: Devices,
        second_step: SecondStep,
        provider: Provider,
        fittings: Fittings,
    ) -> None:
        self._store = store
        self._provider = provider
        self._users = users
        self._grants = grants
        self._devices = devices
        self._second_step = second_step
        self._audit = fittings.audit
        self._throttle = fittings.throttle

    async def login(self, identifier: str, password: str, origin: Origin, device_cookie: str | None = None) -> Grant:
        """Return a new session's tokens for a username or email and its password.

        Raises LoginFailed, one and the same for whatever is not right and after the same statements and hash;
        MfaRequired when the password is right and not enough; TooManyAttempts, HashQueueFull.
        """
        with self._provider.seat():
            claimed = await self._users.identify(identifier if len(identifier) <= _LONGEST_IDENTIFIER else "")
            user_id = claimed.user_id or _NOBODY
            credentials = await self._store.credentials(user_id)
            charge = await self._charge(claimed, origin, device_cookie)
            shown = await self._provider.authenticate(user_id, credentials, password)
            if shown is not None and credentials is not None:
                rows = await self._second_step.demanded(credentials, shown, origin, *self._throttle.cleared(charge))
                log.info("login_succeeded", user=credentials.id)
                return await self._grants.open(credentials, origin, "login-succeeded", *rows)
        await self._store.note(self._audit.row("login-refused", claimed.user_id, origin))
        log.info("login_refused", user=claimed.user_id)
        raise LoginFailed

    async def guest(self, origin: Origin) -> Grant:
        """Return the tokens of a new guest."""
        user = await self._users.create_guest(UserId(ids.new()))
        credentials = await self._store.credentials(user.id)
        if credentials is None:
            raise LoginFailed
        return await self._grants.open_guest(credentials, origin, user)

    async def _charge(self, claimed: Identified, origin: Origin, device_cookie: str | None) -> Charge:
        """Count the guess before it is judged; raises TooManyAttempts."""
        whose = claimed.user_id or _NOBODY
        return await self._throttle.charge(
            "sign-in",
            claimed.key,
            origin.address,
            known=await self._devices.knows(whose, origin),
            device=self._devices.browser(device_cookie, whose),
            told=(self._audit.row("login-throttled", claimed.user_id, origin),),
        )

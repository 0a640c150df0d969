"""Signing in: the one way from a password, or from nothing at all, to a session."""

from typing import Final

from noughts.auth.model.sessions import Credentials, LoginFailed
from noughts.auth.service.grants import Grant, Grants
from noughts.auth.store import SessionStore
from noughts.kit.audit import Origin
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.ports.users import Users

_LONGEST_IDENTIFIER: Final = 254


class SignIn:
    """The use cases of whoever is not signed in. Besides the problems its methods name they raise Unavailable."""

    def __init__(self, store: SessionStore, users: Users, grants: Grants, fittings: Fittings) -> None:
        self._store = store
        self._users = users
        self._grants = grants
        self._passwords = fittings.passwords
        self._audit = fittings.audit

    async def login(self, identifier: str, password: str, origin: Origin) -> Grant:
        """Return a new session's tokens for a username or email and its password.

        Raises LoginFailed, one and the same for whatever is not right and after the same work; HashQueueFull.
        """
        user_id = await self._users.identify(identifier) if len(identifier) <= _LONGEST_IDENTIFIER else None
        credentials = None if user_id is None else await self._store.credentials(user_id)
        stored = None if credentials is None else credentials.password
        fits = await self._passwords.verify(stored, password)
        if not fits or credentials is None or credentials.status != "active":
            await self._store.note(self._audit.row("login-refused", user_id, origin))
            log.info("login_refused")
            raise LoginFailed
        await self._renew_hash(credentials, password)
        log.info("login_succeeded", user=credentials.id)
        return await self._grants.open(credentials, origin, "login-succeeded")

    async def guest(self, origin: Origin) -> Grant:
        """Return the tokens of a new guest."""
        user = await self._users.create_guest()
        credentials = await self._store.credentials(user.id)
        if credentials is None:
            raise LoginFailed
        return await self._grants.open(credentials, origin, None, user)

    async def _renew_hash(self, credentials: Credentials, password: str) -> None:
        """Hash again at today's cost, if the stored hash was made at another."""
        if credentials.password is not None and self._passwords.outdated(credentials.password, password):
            await self._store.rehash(credentials, await self._passwords.hash(password))

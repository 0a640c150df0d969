"""Signing in, staying signed in, signing out."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from noughts.auth import model
from noughts.auth.model import Credentials, InvalidRefreshToken, LoginFailed, Session
from noughts.auth.signing import Algorithm, Signer
from noughts.auth.store import AuthStore
from noughts.kit import ids, sealing
from noughts.kit.logging import log
from noughts.kit.passwords import Passwords
from noughts.kit.revocation import Revocation, Revocations
from noughts.kit.tokens import LIFETIME_S, Principal, SessionId, UserId
from noughts.ports.users import User, Users

_LONGEST_IDENTIFIER: Final = 254


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may set about sign-in."""

    signing_algorithm: Annotated[Algorithm, Meta(description="ES256, or RS256 for gateways that know only RSA.")] = (
        "ES256"
    )


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody gets who proved who they are; durations in seconds."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    user: User


class AuthService:
    """The use cases of sign-in. Besides the problems its methods name they raise Unavailable."""

    def __init__(
        self,
        store: AuthStore,
        users: Users,
        signer: Signer,
        passwords: Passwords,
        revocations: Revocations,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._users = users
        self._signer = signer
        self._passwords = passwords
        self._revocations = revocations
        self._now = now

    async def login(self, identifier: str, password: str) -> Grant:
        """Return a new session's tokens for a username or email and its password.

        Raises LoginFailed, one and the same for whatever is not right and after the same work; HashQueueFull.
        """
        user_id = await self._users.identify(identifier) if len(identifier) <= _LONGEST_IDENTIFIER else None
        credentials = None if user_id is None else await self._store.credentials(user_id)
        stored = None if credentials is None else credentials.password
        fits = await self._passwords.verify(stored, password)
        if not fits or credentials is None or credentials.status != "active":
            log.info("login_refused")
            raise LoginFailed
        await self._renew_hash(credentials, password)
        log.info("login_succeeded", user=credentials.id)
        return await self._open(credentials)

    async def guest(self) -> Grant:
        """Return the tokens of a new guest."""
        user = await self._users.create_guest()
        credentials = await self._store.credentials(user.id)
        if credentials is None:
            raise LoginFailed
        return await self._open(credentials, user)

    async def refresh(self, presented: str) -> Grant:
        """Return a session's next tokens; the same refresh token to everyone who asks within 10 seconds.

        Raises InvalidRefreshToken, SessionExpired. A token used again later ends the whole session.
        """
        at = self._now()
        token = await self._store.token(sealing.digest(presented))
        if token is None:
            raise InvalidRefreshToken
        model.require_current(token, at)
        credentials = await self._store.credentials(token.user_id)
        if credentials is None or not model.may_go_on(token.session, credentials):
            await self._end(token.user_id, token.session_id)
            raise InvalidRefreshToken
        if token.used_at is None:
            successor = sealing.new_token()
            sealed = sealing.seal(_successor_key(presented), successor.encode())
            if await self._store.rotate(token, sealing.digest(successor), sealed, credentials.epoch, at):
                return await self._grant(token.session, credentials, successor)
            token = await self._store.token(token.digest) or token
        sealed_before = model.repeatable_successor(token, self._now())
        known = None if sealed_before is None else sealing.unseal(_successor_key(presented), sealed_before)
        if known is None:
            log.warning("refresh_token_replayed", user=token.user_id, session=token.session_id)
            await self._end(token.user_id, token.session_id)
            raise InvalidRefreshToken
        return await self._grant(token.session, credentials, known.decode())

    async def logout(self, by: Principal | None, refresh_token: str | None) -> None:
        """End the session of the access token, or of the refresh token a browser keeps. May be repeated."""
        if by is not None:
            await self._end(by.user_id, by.session_id)
        elif refresh_token is not None and (token := await self._store.token(sealing.digest(refresh_token))):
            await self._end(token.user_id, token.session_id)

    async def purge(self) -> None:
        """Forget the sessions nobody can use any more."""
        now = self._now()
        await self._store.purge(now, now - model.IDLE)

    def jwks(self) -> dict[str, Any]:
        """Return the keys everyone checks access tokens with."""
        return self._signer.jwks()

    async def _open(self, credentials: Credentials, user: User | None = None) -> Grant:
        session = model.opened(SessionId(ids.new()), credentials, self._now())
        refresh_token = sealing.new_token()
        await self._store.open(session, sealing.digest(refresh_token))
        return await self._grant(session, credentials, refresh_token, user)

    async def _grant(
        self, session: Session, credentials: Credentials, refresh_token: str, user: User | None = None
    ) -> Grant:
        now = self._now()
        claims = {
            "sub": session.user_id,
            "sid": session.id,
            "auth_time": int(session.auth_time.timestamp()),
            "role": credentials.role,
            "epoch": credentials.epoch,
        }
        return Grant(
            access_token=self._signer.sign(claims, now),
            expires_in=LIFETIME_S,
            refresh_token=refresh_token,
            refresh_expires_in=session.expires_in_s(now),
            user=user or await self._users.user(session.user_id),
        )

    async def _renew_hash(self, credentials: Credentials, password: str) -> None:
        """Hash again at today's cost, if the stored hash was made at another."""
        if credentials.password is not None and self._passwords.outdated(credentials.password):
            await self._store.rehash(credentials, await self._passwords.hash(password))

    async def _end(self, user_id: UserId, session_id: SessionId) -> None:
        at = self._now()
        await self._store.end(session_id, at)
        self._revocations.apply(Revocation.of_session(user_id, session_id, at))
        log.info("session_ended", user=user_id, session=session_id)


def _successor_key(presented: str) -> bytes:
    """Return the key only the holder of a refresh token has: for ten seconds its successor is kept under it."""
    return sealing.derive(presented.encode(), "successor")

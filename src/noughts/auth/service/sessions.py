"""Staying signed in, and signing out."""

from noughts.auth.model import sessions
from noughts.auth.model.sessions import InvalidRefreshToken
from noughts.auth.service.grants import Grant, Grants
from noughts.auth.store import SessionStore
from noughts.kit import sealing
from noughts.kit.audit import Event, Origin
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.revocation import Revocation
from noughts.kit.tokens import Principal, SessionId, UserId


class Sessions:
    """The use cases of whoever has a session. Besides the problems its methods name they raise Unavailable."""

    def __init__(self, store: SessionStore, grants: Grants, fittings: Fittings) -> None:
        self._store = store
        self._grants = grants
        self._revocations = fittings.revocations
        self._audit = fittings.audit
        self._now = fittings.now

    async def refresh(self, presented: str, origin: Origin) -> Grant:
        """Return a session's next tokens; the same refresh token to everyone who asks within 10 seconds.

        Raises InvalidRefreshToken, SessionExpired. A token used again later ends the whole session.
        """
        at = self._now()
        token = await self._store.token(sealing.digest(presented))
        if token is None:
            raise InvalidRefreshToken
        sessions.require_current(token, at)
        credentials = await self._store.credentials(token.user_id)
        if credentials is None or not sessions.may_go_on(token.session, credentials):
            await self._end(token.user_id, token.session_id, origin)
            raise InvalidRefreshToken
        if token.used_at is None:
            successor = sealing.new_token()
            sealed = sealing.seal(_successor_key(presented), successor.encode())
            if await self._store.rotate(token, sealing.digest(successor), sealed, credentials.epoch, at):
                return await self._grants.next(token.session, credentials, successor)
            token = await self._store.token(token.digest) or token
        sealed_before = sessions.repeatable_successor(token, self._now())
        known = None if sealed_before is None else sealing.unseal(_successor_key(presented), sealed_before)
        if known is None:
            log.warning("refresh_token_replayed", user=token.user_id, session=token.session_id)
            await self._end(token.user_id, token.session_id, origin, "refresh-token-replayed")
            raise InvalidRefreshToken
        return await self._grants.next(token.session, credentials, known.decode())

    async def logout(self, by: Principal | None, refresh_token: str | None, origin: Origin) -> None:
        """End the session of the access token, or of the refresh token a browser keeps. May be repeated."""
        if by is not None:
            await self._end(by.user_id, by.session_id, origin)
        elif refresh_token is not None and (token := await self._store.token(sealing.digest(refresh_token))):
            await self._end(token.user_id, token.session_id, origin)

    async def purge(self) -> None:
        """Forget the sessions nobody can use any more."""
        now = self._now()
        await self._store.purge(now, now - sessions.IDLE)

    async def _end(
        self, user_id: UserId, session_id: SessionId, origin: Origin, event: Event = "session-ended"
    ) -> None:
        at = self._now()
        await self._store.end(session_id, at, self._audit.row(event, user_id, origin, session=session_id))
        self._revocations.apply(Revocation.of_session(user_id, session_id, at))
        log.info("session_ended", user=user_id, session=session_id)


def _successor_key(presented: str) -> bytes:
    """Return the key only the holder of a refresh token has: for ten seconds its successor is kept under it."""
    return sealing.derive(presented.encode(), "successor")

"""Staying signed in: a refresh token for the next one, each good for one use."""

from typing import Never

from noughts.auth.model import letters, sessions
from noughts.auth.model.sessions import Credentials, InvalidRefreshToken, RefreshToken, Session
from noughts.auth.providers import Provider
from noughts.auth.service.grants import Grant, Grants
from noughts.auth.service.refresh_tokens import RefreshTokens, seal_successor, unseal_successor
from noughts.auth.service.sessions import Sessions
from noughts.auth.store import SessionStore
from noughts.kit import sealing
from noughts.kit.audit import Origin
from noughts.kit.database import Write
from noughts.kit.errors import NotFound, Unavailable
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.ports.users import Users


class Refresh:
    """The use case of whoever holds a refresh token."""

    def __init__(
        self,
        store: SessionStore,
        users: Users,
        provider: Provider,
        grants: Grants,
        tokens: RefreshTokens,
        ending: Sessions,
        fittings: Fittings,
    ) -> None:
        self._store = store
        self._users = users
        self._provider = provider
        self._grants = grants
        self._tokens = tokens
        self._sessions = ending
        self._fittings = fittings
        self._now = fittings.now

    async def refresh(self, presented: str, origin: Origin) -> Grant:
        """Return a session's next tokens; the same refresh token to everyone who asks within 10 seconds.

        A token used again later, however old, ends the whole session, and a mail says so. Raises
        InvalidRefreshToken, SessionExpired, Unavailable.
        """
        token = await self._store.token(sealing.digest(presented))
        session = await self._session_of(presented) if token is None else token.session
        if session is None:
            raise InvalidRefreshToken
        sessions.require_current(session, self._now())
        credentials = await self._store.credentials(session.user_id)
        if credentials is None or not sessions.may_go_on(session, credentials):
            return await self._end(session, origin)
        if not await self._provider.may_go_on(credentials):
            return await self._end(session, origin)
        successor = None if token is None else await self._successor(token, credentials, presented, origin)
        if successor is None:
            await self._end_by_replay(session, origin)
            raise InvalidRefreshToken
        return await self._grants.next(session, credentials, successor)

    async def _session_of(self, presented: str) -> Session | None:
        """Return the session of a token that is ours but has no row: one used so long ago that it was removed."""
        session_id = self._tokens.session_of(presented)
        return None if session_id is None else await self._store.session(session_id)

    async def _successor(
        self, token: RefreshToken, credentials: Credentials, presented: str, origin: Origin
    ) -> str | None:
        """Return the token's successor, made now or within the last 10 seconds; nothing when this is a replay."""
        if token.used_at is None:
            successor, at = self._tokens.new(token.session_id), self._now()
            digest, sealed = sealing.digest(successor), seal_successor(presented, successor)
            if await self._store.rotate(token, digest, sealed, epoch=credentials.epoch, address=origin.address, at=at):
                return successor
            found = await self._store.token(token.digest)
            if found is None:  # the session ended meanwhile
                raise InvalidRefreshToken
            token = found
        return unseal_successor(presented, sessions.repeatable_successor(token, self._now()))

    async def _end(self, session: Session, origin: Origin) -> Never:
        await self._sessions.over(session, origin, "session-ended")
        raise InvalidRefreshToken

    async def _end_by_replay(self, session: Session, origin: Origin) -> None:
        """End a session of which two seem to hold a token, and tell whose it is."""
        log.warning("refresh_token_replayed", user=session.user_id, session=session.id)
        await self._sessions.over(session, origin, "refresh-token-replayed", *await self._letter(session))

    async def _letter(self, session: Session) -> list[Write]:
        try:
            user = await self._users.user(session.user_id)
        except (NotFound, Unavailable):  # it ends all the same
            return []
        if user.email is None:
            return []
        letter = letters.ended_by_replay(user.email, user.username, session, self._fittings.origin)
        return [self._fittings.outbox.row(letter, user.id)]

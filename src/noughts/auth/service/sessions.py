"""Where people are signed in, and signing out."""

import msgspec

from noughts.auth.model import sessions
from noughts.auth.model.sessions import Session
from noughts.auth.providers import Provider
from noughts.auth.store import SessionStore
from noughts.kit import sealing
from noughts.kit.audit import Event, Origin
from noughts.kit.database import Write
from noughts.kit.errors import NotFound
from noughts.kit.fittings import Fittings
from noughts.kit.logging import log
from noughts.kit.revocation import Revocation
from noughts.kit.tokens import Principal, SessionId, UserId


class Page(msgspec.Struct, frozen=True):
    """Some sessions, and after which one the list goes on."""

    sessions: list[Session]
    last: SessionId | None


class Sessions:
    """The use cases of whoever has a session. Besides the problems its methods name they raise Unavailable."""

    def __init__(self, store: SessionStore, provider: Provider, fittings: Fittings) -> None:
        self._store = store
        self._provider = provider
        self._fittings = fittings
        self._audit = fittings.audit
        self._now = fittings.now

    async def logout(
        self, by: Principal | None, refresh_token: str | None, origin: Origin, *, everywhere: bool = False
    ) -> None:
        """End the session of the access token and that of the refresh token, or all of the person. May be repeated."""
        ending: dict[tuple[UserId, SessionId], bool] = {}
        if refresh_token is not None and (token := await self._store.token(sealing.digest(refresh_token))):
            ending[token.user_id, token.session_id] = everywhere and await self._may_go_on(token.session)
        if by is not None:
            ending[by.user_id, by.session_id] = everywhere
        for (user_id, session_id), all_of_them in ending.items():
            if all_of_them:
                await self._end_all(user_id, None, by, origin)
            else:
                await self._end(
                    user_id, session_id, self._audit.row("session-ended", user_id, origin, by, session=session_id)
                )

    async def living(self, user_id: UserId, by: Principal, after: SessionId | None, limit: int) -> Page:
        """Return where a person is signed in, the newest sign-in first; raises NotFound for other people's."""
        await self._require_control(by, user_id)
        at = self._now()
        found = await self._store.living(user_id, after, limit + 1, at=at, used_since=at - sessions.IDLE)
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    async def end(self, user_id: UserId, session_id: SessionId, by: Principal, origin: Origin) -> None:
        """End one of a person's sessions; raises NotFound for other people's."""
        await self._require_control(by, user_id)
        told = self._audit.row("session-ended", user_id, origin, by, session=session_id)
        if not await self._end(user_id, session_id, told):
            raise NotFound("There is no such session.")

    async def end_all(self, user_id: UserId, by: Principal, origin: Origin) -> None:
        """End all of a person's sessions but the one that asks. May be repeated; raises NotFound for other people's."""
        await self._require_control(by, user_id)
        await self._end_all(user_id, by.session_id, by, origin)

    async def over(self, session: Session, origin: Origin, event: Event, *rows: Write) -> None:
        """End a session that may not go on, and write what belongs to it."""
        told = self._audit.row(event, session.user_id, origin, session=session.id)
        await self._end(session.user_id, session.id, told, *rows)

    async def purge(self) -> None:
        """Forget the sessions nobody can use any more."""
        now = self._now()
        await self._store.purge(now, now - sessions.IDLE)

    async def _may_go_on(self, session: Session) -> bool:
        """Return whether a session is not over: one that is has no say about the others, whoever kept its token."""
        return sessions.may_go_on(session, await self._store.credentials(session.user_id))

    async def _require_control(self, by: Principal, user_id: UserId) -> None:
        sessions.require_control(by, user_id)
        if by.user_id != user_id:
            sessions.require_visible(await self._store.credentials(user_id))

    async def _end(self, user_id: UserId, session_id: SessionId, *rows: Write) -> bool:
        """End a session; return whether it was there."""
        at = self._now()
        ended = await self._store.end(user_id, session_id, at, *rows)
        if ended:
            await self._fittings.tokens_ended(Revocation.of_session(user_id, session_id, at))
            log.info("session_ended", user=user_id, session=session_id)
        return ended

    async def _end_all(self, user_id: UserId, spared: SessionId | None, by: Principal | None, origin: Origin) -> None:
        told = self._audit.row("sessions-ended", user_id, origin, by)
        at = self._now()
        await self._store.end_all(user_id, spared, at, told)
        await self._fittings.sessions_ended(user_id, at)
        await self._provider.signed_out(user_id)
        log.info("sessions_ended", user=user_id)

"""Where people are signed in, and how they end it there."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from noughts.auth.model.sessions import Session
from noughts.auth.service import AuthService
from noughts.kit import cursors
from noughts.kit.edge import Answer, Ask, NoQuery, Route
from noughts.kit.times import rfc3339
from noughts.kit.tokens import SessionId
from noughts.ports.users import Time


class SessionsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which part of the list."""

    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class SessionBody(msgspec.Struct, frozen=True, kw_only=True):
    """A place somebody is signed in at: what the client calls itself, and the address it was last used from."""

    id: SessionId
    device: str | None
    address: str | None
    created_at: Time
    last_used_at: Time
    current: bool


class SessionList(msgspec.Struct, frozen=True):
    """Some sessions, the newest sign-in first, and the cursor of the next ones."""

    items: list[SessionBody]
    next: str | None


async def list_sessions(auth: AuthService, ask: Ask[None, SessionsQuery]) -> Answer:
    after = None if (last := cursors.after(ask.query.cursor)) is None else SessionId(last)
    page = await auth.sessions.living(ask.user_id(), ask.caller, after, ask.query.limit)
    shown = [_session(session, ask.caller.session_id) for session in page.sessions]
    return Answer(SessionList(shown, cursors.cursor(page.last)))


async def end_session(auth: AuthService, ask: Ask[None, NoQuery]) -> Answer:
    await auth.sessions.end(ask.user_id(), SessionId(ask.path["session_id"]), ask.caller, ask.origin)
    return Answer(status=204)


async def end_sessions(auth: AuthService, ask: Ask[None, NoQuery]) -> Answer:
    await auth.sessions.end_all(ask.user_id(), ask.caller, ask.origin)
    return Answer(status=204)


def _session(session: Session, current: SessionId) -> SessionBody:
    return SessionBody(
        id=session.id,
        device=session.device,
        address=session.address,
        created_at=rfc3339(session.auth_time),
        last_used_at=rfc3339(session.last_used_at),
        current=session.id == current,
    )


ROUTES: Final = (
    Route("GET", "/users/{user_id}/sessions", list_sessions, "List where a person is signed in, the newest sign-in first.",
          query=SessionsQuery, answer=SessionList),
    Route("DELETE", "/users/{user_id}/sessions/{session_id}", end_session, "End one session.", status=204),
    Route("DELETE", "/users/{user_id}/sessions", end_sessions, "End every session but the one that asks.", status=204),
)  # fmt: skip

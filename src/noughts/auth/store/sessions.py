"""The tables of sessions and refresh tokens, and the credentials read from `users`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from noughts.auth.model.sessions import REMEMBERED, Credentials, LoginFailed, RefreshToken, Session
from noughts.kit.database import Database, Missed, Query, Sql, Write, among, columns, padded
from noughts.kit.tokens import SessionId, UserId
from noughts.ports.auth import ASKED_AT_ONCE


class Owner(msgspec.Struct, frozen=True, array_like=True):
    """Whose session it is."""

    user_id: UserId


_CREDENTIALS: Final = Query(f"SELECT {columns(Credentials)} FROM users WHERE id = $1", Credentials)
_REHASH: Final = Sql("UPDATE users SET password = $2 WHERE id = $1 AND password = $3")
_OPEN: Final = Sql(
    f"INSERT INTO sessions ({columns(Session)})"
    " SELECT $1, id, epoch, $4, $4, $5, $6, $7 FROM users WHERE id = $2 AND epoch = $3 AND status = 'active'"
    " AND ($8 = 2 OR NOT EXISTS (SELECT 1 FROM totp WHERE user_id = $2 AND confirmed_at IS NOT NULL))"
)
_ADD_TOKEN: Final = Sql("INSERT INTO refresh_tokens (digest, session_id, created_at) VALUES ($1, $2, $3)")
_TOKEN: Final = Query(
    "SELECT t.digest, t.created_at, t.used_at, t.successor,"
    " s.id, s.user_id, s.epoch, s.auth_time, s.last_used_at, s.expires_at, s.device, s.address"
    " FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.digest = $1",
    RefreshToken,
)
_SESSION: Final = Query(f"SELECT {columns(Session)} FROM sessions WHERE id = $1", Session)
_USE_TOKEN: Final = Sql("UPDATE refresh_tokens SET used_at = $2, successor = $3 WHERE digest = $1 AND used_at IS NULL")
_FORGET: Final = Sql("DELETE FROM refresh_tokens WHERE session_id = $1 AND used_at < $2")
_TOUCH: Final = Sql("UPDATE sessions SET last_used_at = $2, epoch = $3, address = $4 WHERE id = $1")
_LIVING: Final = Query(
    f"SELECT {columns(Session, 's')} FROM sessions s JOIN users u ON u.id = s.user_id"
    " WHERE s.user_id = $1 AND s.id < $2 AND s.expires_at > $3 AND s.last_used_at > $4"
    " AND u.status = 'active' AND (s.epoch = u.epoch OR s.id = u.spared_session_id) ORDER BY s.id DESC LIMIT $5",
    Session,
)
_HELD: Final = Query(
    f"SELECT {columns(Session)} FROM sessions WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3", Session
)
_SIGNED_IN: Final = Query(
    "SELECT DISTINCT user_id FROM sessions WHERE expires_at > $1 AND last_used_at > $2"
    f" AND user_id IN {among(3, ASKED_AT_ONCE)}",
    Owner,
)
_LAST_ID: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_NO_ID: Final = "00000000-0000-0000-0000-000000000000"
# A session's revocation has the session's id, so that two who end it leave one.
_REVOKE: Final = Sql(
    "INSERT INTO revocations (id, user_id, session_id, created_at)"
    " SELECT id, user_id, id, $3 FROM sessions WHERE id = $1 AND user_id = $2 ON CONFLICT DO NOTHING"
)
_END: Final = Sql("DELETE FROM sessions WHERE id = $1 AND user_id = $2")
_REVOKE_ALL: Final = Sql(
    "INSERT INTO revocations (id, user_id, session_id, created_at)"
    " SELECT id, user_id, id, $3 FROM sessions WHERE user_id = $1 AND id <> $2 ON CONFLICT DO NOTHING"
)
# Only those revoked: a sign-in between the two statements would otherwise lose its session and keep its access token.
_END_ALL: Final = Sql(
    "DELETE FROM sessions WHERE user_id = $1 AND id <> $2"
    " AND EXISTS (SELECT 1 FROM revocations r WHERE r.id = sessions.id)"
)
_USELESS: Final = "expires_at < $1 OR last_used_at < $2"
_PURGEABLE: Final = Query(f"SELECT {columns(Session)} FROM sessions WHERE {_USELESS} LIMIT $3", Session)
_PURGE: Final = Sql(f"DELETE FROM sessions WHERE id = $3 AND ({_USELESS})")
_AT_ONCE: Final = 200


class SessionStore:
    """Sessions in the database. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def credentials(self, user_id: UserId) -> Credentials | None:
        """Return what proves who this person is."""
        return await self._database.fetch(_CREDENTIALS, user_id)

    async def rehash(self, credentials: Credentials, password_hash: str) -> None:
        """Replace a hash by a newer one of the same password, unless the password changed meanwhile."""
        args = (credentials.id, password_hash, credentials.password)
        await self._database.write(Write(_REHASH, args, rows=None))

    async def open(self, session: Session, digest: str, *rows: Write, factors: int = 1) -> None:
        """Store a new session, its first refresh token and what belongs to it.

        Raises LoginFailed when the account changed meanwhile, or has a second factor and fewer than two were shown.
        """
        args = (
            session.id, session.user_id, session.epoch, session.auth_time, session.expires_at, session.device,
            session.address, factors,
        )  # fmt: skip
        try:
            await self._database.write(
                Write(_OPEN, args), Write(_ADD_TOKEN, (digest, session.id, session.auth_time)), *rows
            )
        except Missed:
            raise LoginFailed from None

    async def token(self, digest: str) -> RefreshToken | None:
        """Return a refresh token by its digest."""
        return await self._database.fetch(_TOKEN, digest)

    async def session(self, session_id: SessionId) -> Session | None:
        """Return a session."""
        return await self._database.fetch(_SESSION, session_id)

    async def rotate(
        self, used: RefreshToken, digest: str, sealed: bytes, *, epoch: int, address: str, at: datetime
    ) -> bool:
        """Replace a refresh token by its successor, and remove those used long ago; return whether this call was the one.

        The session's row comes first, as where it ends: two that took its rows in another order could wait for each other.
        """
        try:
            await self._database.write(
                Write(_TOUCH, (used.session_id, at, epoch, address or None)),
                Write(_USE_TOKEN, (used.digest, at, sealed)),
                Write(_ADD_TOKEN, (digest, used.session_id, at)),
                Write(_FORGET, (used.session_id, at - REMEMBERED), rows=None),
            )
        except Missed:
            return False
        return True

    async def living(
        self, user_id: UserId, after: SessionId | None, limit: int, *, at: datetime, used_since: datetime
    ) -> list[Session]:
        """Return the sessions a person could go on with, the newest first, from the one after `after` on."""
        return await self._database.scan(_LIVING, user_id, after or _LAST_ID, at, used_since, limit)

    async def held(self, user_id: UserId, after: SessionId | None, limit: int) -> list[Session]:
        """Return every session kept of a person, the newest first, from the one after `after` on."""
        return await self._database.scan(_HELD, user_id, after or _LAST_ID, limit)

    async def signed_in(self, user_ids: Sequence[UserId], at: datetime, used_since: datetime) -> set[UserId]:
        """Return those among at most 100 people who have a session that is neither too old nor idle for too long."""
        rows = await self._database.scan(_SIGNED_IN, at, used_since, *padded(user_ids, ASKED_AT_ONCE))
        return {row.user_id for row in rows}

    async def end(self, user_id: UserId, session_id: SessionId, at: datetime, *rows: Write) -> bool:
        """Remove a session, revoke its access tokens and write what belongs to it; return whether it was there."""
        try:
            await self._database.write(
                Write(_REVOKE, (session_id, user_id, at), rows=None), Write(_END, (session_id, user_id)), *rows
            )
        except Missed:
            return False
        return True

    async def end_all(self, user_id: UserId, spared: SessionId | None, at: datetime, *rows: Write) -> None:
        """Remove every session of a person but one, revoke their access tokens and write what belongs to it."""
        await self._database.write(*all_ended(user_id, spared, at), *rows)

    async def note(self, *rows: Write) -> None:
        """Write down what happened where nothing else changed."""
        await self._database.write(*rows)

    async def purge(self, expired_before: datetime, idle_since: datetime) -> None:
        """Remove sessions nobody can use any more: looked for off the event loop, removed a few at a time."""
        while found := await self._database.scan(_PURGEABLE, expired_before, idle_since, _AT_ONCE):
            args = expired_before, idle_since
            await self._database.write(*(Write(_PURGE, (*args, session.id), rows=None) for session in found))


def all_ended(user_id: UserId, spared: SessionId | None, at: datetime) -> tuple[Write, Write]:
    """Return the writes that remove every session of a person but one and revoke their access tokens."""
    args = user_id, spared or _NO_ID
    return Write(_REVOKE_ALL, (*args, at), rows=None), Write(_END_ALL, args, rows=None)

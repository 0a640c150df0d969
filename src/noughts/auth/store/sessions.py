"""The tables of sessions and refresh tokens, and the credentials read from `users`."""

from datetime import datetime
from typing import Final

from noughts.auth.model.sessions import Credentials, LoginFailed, RefreshToken, Session
from noughts.kit.database import Database, Missed, Query, Sql, Write, columns
from noughts.kit.tokens import SessionId, UserId

_CREDENTIALS: Final = Query(f"SELECT {columns(Credentials)} FROM users WHERE id = $1", Credentials)
_REHASH: Final = Sql("UPDATE users SET password = $2 WHERE id = $1 AND password = $3")
_OPEN: Final = Sql(
    f"INSERT INTO sessions ({columns(Session)})"
    " SELECT $1, id, epoch, $4, $4, $5 FROM users WHERE id = $2 AND epoch = $3 AND status = 'active'"
)
_ADD_TOKEN: Final = Sql("INSERT INTO refresh_tokens (digest, session_id, created_at) VALUES ($1, $2, $3)")
_TOKEN: Final = Query(
    "SELECT t.digest, t.created_at, t.used_at, t.successor,"
    " s.id, s.user_id, s.epoch, s.auth_time, s.last_used_at, s.expires_at"
    " FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.digest = $1",
    RefreshToken,
)
_USE_TOKEN: Final = Sql("UPDATE refresh_tokens SET used_at = $2, successor = $3 WHERE digest = $1 AND used_at IS NULL")
_TOUCH: Final = Sql("UPDATE sessions SET last_used_at = $2, epoch = $3 WHERE id = $1")
_REVOKE: Final = Sql(
    "INSERT INTO revocations (id, user_id, session_id, created_at)"
    " SELECT id, user_id, id, $2 FROM sessions WHERE id = $1"
)
_END: Final = Sql("DELETE FROM sessions WHERE id = $1")
_PURGE: Final = Sql("DELETE FROM sessions WHERE expires_at < $1 OR last_used_at < $2")


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

    async def open(self, session: Session, digest: str, *rows: Write) -> None:
        """Store a new session, its first refresh token and what belongs to it; raises LoginFailed when the account changed meanwhile."""
        args = (session.id, session.user_id, session.epoch, session.auth_time, session.expires_at)
        try:
            await self._database.write(
                Write(_OPEN, args), Write(_ADD_TOKEN, (digest, session.id, session.auth_time)), *rows
            )
        except Missed:
            raise LoginFailed from None

    async def token(self, digest: str) -> RefreshToken | None:
        """Return a refresh token by its digest."""
        return await self._database.fetch(_TOKEN, digest)

    async def rotate(self, used: RefreshToken, digest: str, sealed: bytes, epoch: int, at: datetime) -> bool:
        """Replace a refresh token by its successor; return whether this call was the one that did."""
        try:
            await self._database.write(
                Write(_USE_TOKEN, (used.digest, at, sealed)),
                Write(_ADD_TOKEN, (digest, used.session_id, at)),
                Write(_TOUCH, (used.session_id, at, epoch)),
            )
        except Missed:
            return False
        return True

    async def end(self, session_id: SessionId, at: datetime, *rows: Write) -> None:
        """Remove a session, revoke its access tokens and write what belongs to it. May be repeated."""
        revoke, end = Write(_REVOKE, (session_id, at), rows=None), Write(_END, (session_id,), rows=None)
        await self._database.write(revoke, end, *rows)

    async def note(self, *rows: Write) -> None:
        """Write down what happened where nothing else changed."""
        await self._database.write(*rows)

    async def purge(self, expired_before: datetime, idle_since: datetime) -> None:
        """Remove sessions nobody can use any more."""
        await self._database.write(Write(_PURGE, (expired_before, idle_since), rows=None))

"""Sessions and refresh tokens: how long they hold, and what a token that comes back means."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from noughts.kit.audit import Origin
from noughts.kit.errors import NotFound, Unauthenticated
from noughts.kit.tokens import Principal, Role, SessionId, UserId
from noughts.ports.users import Kind, Status

IDLE: Final = timedelta(days=30)
ABSOLUTE: Final = timedelta(days=90)
REPEATABLE: Final = timedelta(seconds=10)
REMEMBERED: Final = 2 * REPEATABLE
"""How long the row of a used refresh token stays: past its window by any process's clock."""


class LoginFailed(Unauthenticated):
    """The username or the password is wrong."""


class InvalidRefreshToken(Unauthenticated):
    """The refresh token is not valid, or no longer."""


class SessionExpired(Unauthenticated):
    """The session is too old; sign in again."""


class Credentials(msgspec.Struct, frozen=True, array_like=True):
    """What of `users` proves who somebody is."""

    id: UserId
    password: str | None
    kind: Kind
    role: Role
    status: Status
    epoch: int
    spared_session_id: SessionId | None


class Session(msgspec.Struct, frozen=True, array_like=True):
    """One sign-in, from which any number of refresh tokens follow, one after the other."""

    id: SessionId
    user_id: UserId
    epoch: int
    auth_time: datetime
    last_used_at: datetime
    expires_at: datetime
    device: str | None
    address: str | None

    def expires_in_s(self, at: datetime) -> int:
        """Return the seconds after which a refresh token given out now is of no use."""
        return int(min(IDLE, self.expires_at - at).total_seconds())


class RefreshToken(msgspec.Struct, frozen=True, array_like=True):
    """A refresh token as it is stored, with its session: never the token itself."""

    digest: str
    created_at: datetime
    used_at: datetime | None
    successor: bytes | None
    session_id: SessionId
    user_id: UserId
    epoch: int
    auth_time: datetime
    last_used_at: datetime
    expires_at: datetime
    device: str | None
    address: str | None

    @property
    def session(self) -> Session:
        """The session it belongs to."""
        return Session(
            self.session_id, self.user_id, self.epoch, self.auth_time, self.last_used_at, self.expires_at,
            self.device, self.address,
        )  # fmt: skip


def opened(session_id: SessionId, credentials: Credentials, origin: Origin, at: datetime) -> Session:
    """Return the session of a sign-in that succeeded."""
    return Session(
        session_id,
        credentials.id,
        credentials.epoch,
        at,
        at,
        at + ABSOLUTE,
        origin.short_device,
        origin.address or None,
    )


def require_control(by: Principal, user_id: UserId) -> None:
    """Raise NotFound unless these are one's own sessions, or one is an administrator: others' are hidden."""
    if by.user_id != user_id and not by.is_admin:
        raise NotFound("There are no sessions here.")


def require_visible(credentials: Credentials | None) -> None:
    """Raise NotFound for an account that is not there, or no longer."""
    if credentials is None or credentials.status == "deleting":
        raise NotFound("There is no such user.")


def require_current(session: Session, at: datetime) -> None:
    """Raise SessionExpired past the idle or the absolute lifetime."""
    if at >= session.expires_at or at >= session.last_used_at + IDLE:
        raise SessionExpired


def may_go_on(session: Session, credentials: Credentials | None) -> bool:
    """Return whether the person's account lets the session live: active, and not ended by a newer epoch."""
    if credentials is None or credentials.status != "active":
        return False
    return session.epoch == credentials.epoch or session.id == credentials.spared_session_id


def repeatable_successor(token: RefreshToken, at: datetime) -> bytes | None:
    """Return the sealed successor a used token has, for 10 seconds; nothing when this is a replay."""
    if token.used_at is None or at > token.used_at + REPEATABLE:
        return None
    return token.successor

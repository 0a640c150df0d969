"""What happened to accounts: one row for each event, in the transaction of the change it tells of."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from noughts.kit import ids
from noughts.kit.database import Database, Query, Sql, Write, columns, inserts
from noughts.kit.tokens import Principal, SessionId, UserId

KEPT: Final = timedelta(days=365)
_LONGEST_DEVICE: Final = 200

Event = Literal[
    "user-registered", "guest-became-member", "user-imported",
    "login-succeeded", "login-refused", "login-throttled", "mfa-required", "mfa-refused", "recovery-code-used",
    "session-ended", "sessions-ended", "refresh-token-replayed",
    "username-changed", "password-changed", "password-refused",
    "email-change-requested", "email-change-cancelled", "email-changed", "email-verified", "email-change-undone",
    "verification-refused",
    "recovery-requested", "password-recovered", "recovery-refused",
    "totp-enabled", "totp-disabled",
    "status-changed", "role-changed", "deletion-accepted", "data-exported",
]  # fmt: skip


class Origin(msgspec.Struct, frozen=True):
    """Where a request came from; `device` is what the client calls itself."""

    address: str
    request_id: str
    device: str | None = None

    @property
    def short_device(self) -> str | None:
        """The device's name, of at most 200 characters, without a NUL."""
        return None if self.device is None else self.device.replace("\0", "")[:_LONGEST_DEVICE]


OPERATOR: Final = Origin("", "", "noughts on the command line")


class Happening(msgspec.Struct, frozen=True, array_like=True):
    """One row: what happened to whom, when, by whom and from where. Without a `user_id`: to an account nobody has."""

    id: str
    user_id: UserId | None
    event: Event
    actor_id: UserId | None
    session_id: SessionId | None
    address: str | None
    device: str | None
    request_id: str | None
    created_at: datetime


_INSERT: Final = Sql(f"INSERT INTO audit ({columns(Happening)}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
_PAGE: Final = Query(
    f"SELECT {columns(Happening)} FROM audit WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3", Happening
)
_LAST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_ERASE: Final = Sql("DELETE FROM audit WHERE user_id = $1")
_FORGET: Final = Sql(
    "UPDATE audit SET actor_id = NULL, session_id = NULL, address = NULL, device = NULL, request_id = NULL"
    " WHERE actor_id = $1"
)
_PURGE: Final = Sql("DELETE FROM audit WHERE created_at < $1")


class Audit:
    """Writes down what happened, and reads it back for administrators and the person concerned."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def row(
        self,
        event: Event,
        user_id: UserId | None,
        origin: Origin,
        by: Principal | None = None,
        *,
        session: SessionId | None = None,
    ) -> Write:
        """Return the write that belongs into the transaction of what it tells of.

        `by` is who did it, if that is known; `session` the one concerned, unless it is that of `by`.
        """
        actor = None if by is None else by.user_id
        session = session or (None if by is None else by.session_id)
        return Write(_INSERT, msgspec.structs.astuple(self._happening(event, user_id, origin, actor, session)))

    def rows(self, event: Event, user_ids: Iterable[UserId], origin: Origin) -> list[Write]:
        """Return the writes that tell of what happened to many people at once."""
        return inserts("audit", [self._happening(event, user_id, origin, None, None) for user_id in user_ids])

    def _happening(
        self, event: Event, user_id: UserId | None, origin: Origin, actor: UserId | None, session: SessionId | None
    ) -> Happening:
        return Happening(
            ids.new(), user_id, event, actor, session, origin.address or None, origin.short_device,
            origin.request_id or None, self._now(),
        )  # fmt: skip

    async def page(self, user_id: UserId, before: str | None, limit: int) -> list[Happening]:
        """Return what happened to a person's account, the newest first, from before an id on."""
        return await self._database.scan(_PAGE, user_id, before or _LAST, limit)

    def erased(self, user_id: UserId) -> tuple[Write, ...]:
        """Return the writes that go with the erasure of a person: nothing of theirs stays, nor do they stay an actor."""
        return (Write(_ERASE, (user_id,), rows=None), Write(_FORGET, (user_id,), rows=None))

    async def purge(self) -> None:
        """Forget what is more than a year old."""
        await self._database.write(Write(_PURGE, (self._now() - KEPT,), rows=None))

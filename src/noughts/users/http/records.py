"""What is on record about people."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from noughts.kit.audit import Event, Happening
from noughts.kit.cursors import after, cursor
from noughts.kit.edge import Answer, Ask, Route
from noughts.kit.times import rfc3339
from noughts.kit.tokens import UserId
from noughts.ports.users import Time
from noughts.users.service import UserService


class AuditQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which part of the list."""

    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, who did it (nobody where that is not known), and from where."""

    event: Event
    at: Time
    actor: UserId | None
    address: str | None
    device: str | None


class AuditList(msgspec.Struct, frozen=True):
    """What happened to an account, the newest first, and the cursor of what was before."""

    items: list[AuditEntry]
    next: str | None


async def list_audit(users: UserService, ask: Ask[None, AuditQuery]) -> Answer:
    query = ask.query
    found, last = await users.records.happened(ask.user_id(), ask.caller, after(query.cursor), query.limit)
    return Answer(AuditList([entry(row) for row in found], cursor(last)))


def entry(row: Happening) -> AuditEntry:
    """Return a row as it is shown."""
    return AuditEntry(
        event=row.event, at=rfc3339(row.created_at), actor=row.actor_id, address=row.address, device=row.device
    )


ROUTES: Final = (
    Route("GET", "/users/{user_id}/audit", list_audit, "What happened to an account, for its owner and administrators.",
          query=AuditQuery, answer=AuditList),
)  # fmt: skip

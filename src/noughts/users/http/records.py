"""What is on record about people."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from noughts.kit.cursors import after, cursor
from noughts.kit.edge import Answer, Ask, Limit, NoQuery, Route
from noughts.kit.errors import InsufficientUserAuthentication
from noughts.ports.auth import HeldProofs, HeldSession
from noughts.ports.games import HeldGame
from noughts.ports.users import User
from noughts.users.service import UserService
from noughts.users.service.exports import Link, Mail, Parts
from noughts.users.service.records import AuditEntry, entry

EXPORTS: Final = Limit("exports", 10, 3_600, per_user=True)


class AuditQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which part of the list."""

    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class AuditList(msgspec.Struct, frozen=True):
    """What happened to an account, the newest first, and the cursor of what was before."""

    items: list[AuditEntry]
    next: str | None


async def list_audit(users: UserService, ask: Ask[None, AuditQuery]) -> Answer:
    query = ask.query
    found, last = await users.records.happened(ask.user_id(), ask.caller, after(query.cursor), query.limit)
    return Answer(AuditList([entry(row) for row in found], cursor(last)))


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is kept about a person."""

    account: User
    sign_in: HeldProofs
    links: list[Link]
    mails: list[Mail]
    sessions: list[HeldSession]
    audit: list[AuditEntry]
    games: list[HeldGame]


async def export_data(users: UserService, ask: Ask[None, NoQuery]) -> Answer:
    account, parts = await users.exports.export(ask.user_id(), ask.caller, ask.origin)
    kept_as = ("Content-Disposition", f'attachment; filename="noughts-{account.id}.json"')
    return Answer(stream=_document(parts), headers=(kept_as,))


async def _document(parts: Parts) -> AsyncGenerator[bytes, None]:
    """Yield one JSON object, each part a member of it."""
    lead = b"{"
    async with aclosing(parts):
        async for name, part in parts:
            yield b'%b"%b":' % (lead, name.encode())
            lead = b","
            if isinstance(part, AsyncIterator):
                async for piece in _list(part):
                    yield piece
            else:
                yield msgspec.json.encode(part)
    yield b"}"


async def _list(pages: AsyncIterator[Sequence[msgspec.Struct]]) -> AsyncIterator[bytes]:
    lead = b"["
    async for page in pages:
        yield lead + msgspec.json.encode(page)[1:-1]
        lead = b","
    yield b"[]" if lead == b"[" else b"]"


ROUTES: Final = (
    Route("GET", "/users/{user_id}/audit", list_audit, "What happened to an account, for its owner and administrators.",
          query=AuditQuery, answer=AuditList),
    Route("GET", "/users/{user_id}/export", export_data, "Everything that is kept about a person, for them and administrators.",
          answer=Export, errors=(InsufficientUserAuthentication,), limit=EXPORTS),
)  # fmt: skip

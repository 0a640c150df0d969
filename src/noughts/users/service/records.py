"""What is on record about people, shown to themselves and to administrators."""

import msgspec

from noughts.kit.audit import Event, Happening
from noughts.kit.fittings import Fittings
from noughts.kit.times import rfc3339
from noughts.kit.tokens import Principal, UserId
from noughts.ports.users import Time
from noughts.users.model import accounts
from noughts.users.store import AccountStore


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, who did it (nobody where that is not known), and from where."""

    event: Event
    at: Time
    actor: UserId | None
    address: str | None
    device: str | None


class Records:
    """The use cases of whoever wants to know. Besides the problems their methods name they raise Unavailable."""

    def __init__(self, store: AccountStore, fittings: Fittings) -> None:
        self._store = store
        self._audit = fittings.audit

    async def happened(
        self, user_id: UserId, by: Principal, after: str | None, limit: int
    ) -> tuple[list[Happening], str | None]:
        """Return what happened to an account, the newest first, and after what the list goes on, if it does.

        Raises Forbidden, NotFound.
        """
        accounts.require_control(by, user_id)
        accounts.require_visible(await self._store.get(user_id))
        found = await self._audit.page(user_id, after, limit + 1)
        shown = found[:limit]
        return [as_seen(row, by) for row in shown], shown[-1].id if len(found) > limit else None


def as_seen(row: Happening, by: Principal) -> Happening:
    """Return the row without where an administrator sat, unless another one asks."""
    if by.is_admin or row.actor_id in (None, row.user_id):
        return row
    return msgspec.structs.replace(row, address=None, device=None)


def entry(row: Happening) -> AuditEntry:
    """Return a row as it is shown."""
    return AuditEntry(
        event=row.event, at=rfc3339(row.created_at), actor=row.actor_id, address=row.address, device=row.device
    )

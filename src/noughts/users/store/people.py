"""Many accounts at a time: what administrators look for."""

from collections.abc import Sequence
from itertools import product
from typing import Final, Literal

import msgspec

from noughts.kit.database import Database, Query, columns
from noughts.kit.tokens import Role
from noughts.users.model.accounts import Account

Sought = Literal["active", "disabled"]
_AFTER_EVERY_NAME: Final = "\U0010ffff"
_NEXT: Final = "\x01"


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Which people are wanted, by name: those whose key begins with `prefix`, from the one after `after` on."""

    prefix: str = ""
    role: Role | None = None
    status: Sought | None = None
    after: str | None = None
    limit: int = 20

    @property
    def bounds(self) -> tuple[str, str]:
        """From which key on, and below which. No key holds the characters this adds."""
        return max(self.prefix, f"{self.after}{_NEXT}" if self.after else ""), self.prefix + _AFTER_EVERY_NAME


def _search(role: Role | None, status: Sought | None) -> Query[Account]:
    """Return the statement for what is filtered: with the words in it, the indexes of the few can be used."""
    role_is = "" if role is None else f" AND role = '{role}'"
    status_is = "status <> 'deleting'" if status is None else f"status = '{status}'"
    return Query(
        f"SELECT {columns(Account)} FROM users WHERE username_key >= $1 AND username_key < $2"
        f" AND kind <> 'computer' AND {status_is}{role_is} ORDER BY username_key LIMIT $3",
        Account,
    )


_ROLES: Final[Sequence[Role | None]] = (None, "player", "admin")
_STATUSES: Final[Sequence[Sought | None]] = (None, "active", "disabled")
_SEARCH: Final = {which: _search(*which) for which in product(_ROLES, _STATUSES)}
_BY_EMAIL: Final = Query(f"SELECT {columns(Account)} FROM users WHERE email_key = $1 AND status <> 'deleting'", Account)


class PeopleStore:
    """Lists of accounts. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, wanted: Search) -> list[Account]:
        """Return the people wanted, by the key of their names."""
        return await self._database.scan(_SEARCH[wanted.role, wanted.status], *wanted.bounds, wanted.limit)

    async def by_email_key(self, key: str) -> list[Account]:
        """Return who has this address: one, or nobody."""
        return await self._database.scan(_BY_EMAIL, key)

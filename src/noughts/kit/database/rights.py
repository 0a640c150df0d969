"""Whether a database lets a service write what it keeps there: the role of another service may not."""

from typing import Final

import msgspec

from noughts.kit.database.statements import Database, Query
from noughts.kit.errors import Refusal


class _May(msgspec.Struct, frozen=True, array_like=True):
    role: str
    write: bool


_MAY: Final = Query("SELECT current_user::text, has_table_privilege(CAST($1 AS text), 'INSERT')", _May)


async def require(database: Database, service: str, table: str) -> None:
    """Raise Refusal unless a service may write its own table of a PostgreSQL database."""
    found = await database.fetch(_MAY, table)
    if found is not None and not found.write:
        raise Refusal(
            f"The role {found.role} in NOUGHTS_DATABASE may not write what the service `{service}` keeps: give the service"
            " the address of its own role, or the roles their rights with `noughts db roles`."
        )

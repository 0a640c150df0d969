"""A database role for each service, which can write nothing but what its code writes."""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from noughts.kit.database.engine import keep_others_waiting
from noughts.kit.errors import Refusal
from noughts.maintenance.addresses import kept, verifier
from noughts.maintenance.postgres import MIGRATED, connected, reason
from noughts.migrations import grants, ownership

_EXISTS: Final = sa.text("SELECT true FROM pg_roles WHERE rolname = :role")
_NOT_ALLOWED: Final = "42501"
# What a process that hangs holds is let go of; every statement of a server is done in a fraction of this.
_SETTINGS: Final = ("statement_timeout = '10s'", "idle_in_transaction_session_timeout = '10s'")


async def ensure(address: str, folder: Path | None) -> list[str]:
    """Make the roles and give each exactly its rights; return what was done, a line each. May be repeated.

    With a folder each role gets the password in its file there, which is made where it is missing. Raises Refusal.
    """
    passwords = {
        role: kept(folder, service, address, role) for service, role in ownership.ROLES.items() if folder is not None
    }
    async with connected(address) as connection:
        return await connection.run_sync(_ensure, passwords)


def _ensure(connection: sa.Connection, passwords: dict[str, str]) -> list[str]:
    keep_others_waiting(connection)
    if not connection.scalar(MIGRATED):
        raise Refusal("The database has no tables yet: run `noughts db migrate`.")
    return [line for role in ownership.ROLES.values() for line in _role(connection, role, passwords.get(role))]


def _role(connection: sa.Connection, role: str, password: str | None) -> list[str]:
    is_new = not connection.scalar(_EXISTS, {"role": role})
    try:
        if is_new:
            connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
            _set(connection, role)
        if password is not None:
            connection.exec_driver_sql(f"ALTER ROLE {role} LOGIN PASSWORD '{verifier(password)}'")
        grants.give(connection, role)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_ALLOWED:
            raise
        raise Refusal(
            f"{role} cannot be {'made' if is_new else 'changed'}: {reason(error)}. The role in"
            " NOUGHTS_DATABASE must own the tables and, where roles are to be made or given passwords, have CREATEROLE."
        ) from None
    made = "made" if is_new else "was there"
    known = "its password is the one in its file" if password else "its password was not touched"
    return [f"{role}: {made}; {known}; {_summary(role)}"]


def _set(connection: sa.Connection, role: str) -> None:
    schema = connection.scalar(sa.text("SELECT current_schema()"))
    database = connection.scalar(sa.text("SELECT current_database()"))
    for setting in _SETTINGS:
        connection.exec_driver_sql(f"ALTER ROLE {role} SET {setting}")
    if schema != "public":
        connection.exec_driver_sql(f'ALTER ROLE {role} IN DATABASE "{database}" SET search_path = "{schema}"')


def _summary(role: str) -> str:
    mine = [right for right in ownership.rights() if right.role == role]
    written = sorted({right.table for right in mine if right.privilege != "SELECT"})
    return f"writes {', '.join(written)}"

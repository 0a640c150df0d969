"""Giving the services' roles their rights, in the transaction that made the tables."""

import sqlalchemy as sa

from noughts.migrations import ownership

_LET_IN = sa.text(
    "SELECT DISTINCT r.rolname FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee"
    " WHERE n.nspname = current_schema() ORDER BY r.rolname"
)


def let_in(connection: sa.Connection) -> list[str]:
    """Return which of the services' roles `noughts db roles` has let into this database."""
    found = set(connection.scalars(_LET_IN))
    return [role for role in ownership.ROLES.values() if role in found]


def give(connection: sa.Connection, role: str) -> None:
    """Give a role exactly its rights. May be repeated."""
    schema = connection.scalar(sa.text("SELECT current_schema()"))
    for statement in ownership.statements(role, str(schema)):
        connection.exec_driver_sql(statement)

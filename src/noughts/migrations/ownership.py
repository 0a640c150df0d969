"""Who owns which table, and what else each service's database role may do: nothing that its code does not.

The names of the roles are those of the services behind `noughts_`. A table the migrations make belongs here as well.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

_ALL: Final = "SELECT INSERT UPDATE DELETE"
_MADE_AND_ENDED: Final = "SELECT INSERT DELETE"

OWNED: Final[dict[str, dict[str, str]]] = {
    "users": {"users": _ALL, "one_time_tokens": _ALL, "recovery_requests": _MADE_AND_ENDED},
    "auth": {
        "sessions": _ALL,
        "refresh_tokens": _ALL,
        "signing_keys": _MADE_AND_ENDED,
        "known_addresses": _ALL,
        "totp": _ALL,
        "recovery_codes": _MADE_AND_ENDED,
        "mfa_tokens": _ALL,
    },
    "games": {
        "games": "SELECT INSERT UPDATE",
        "ratings": "SELECT INSERT UPDATE",
        "rated_games": "SELECT INSERT",
        "rated_matches": _MADE_AND_ENDED,
        "live_tickets": _MADE_AND_ENDED,
    },
}
"""The tables of each service, and what it does with them."""

SHARED: Final[dict[str, dict[str, str]]] = {
    # Sends the letters of all, and removes what has served its time.
    "users": {
        "revocations": _MADE_AND_ENDED,
        "idempotency": _MADE_AND_ENDED,
        "outbox": _ALL,
        "audit": _ALL,
        "attempts": _ALL,
    },
    "auth": {"revocations": "SELECT INSERT", "outbox": "INSERT", "audit": "INSERT", "attempts": _ALL},
    "games": {"revocations": "SELECT", "idempotency": _MADE_AND_ENDED},
}
"""The kit's tables, written by each service in the transaction of its own change."""

LENT: Final[dict[str, dict[str, dict[str, str]]]] = {
    "auth": {
        "users": {"SELECT": "id password kind role status epoch spared_session_id", "UPDATE": "password"},
    }
}
"""Columns of another's table: hashes cross no seam, so that sign-in reads them itself and renews old ones."""

OF_NOBODY: Final = ("alembic_version", "schema_floor")
"""What the migrations alone write and every service reads."""

ROLES: Final = {service: f"noughts_{service}" for service in OWNED}


class Right(NamedTuple):
    """One thing a role may do: to a whole table, or to one column of it."""

    role: str
    table: str
    privilege: str
    column: str | None = None

    def __str__(self) -> str:
        """Return it as an operator reads it."""
        return f"{self.privilege} on {self.table}{f' ({self.column})' if self.column else ''}"


def rights() -> frozenset[Right]:
    """Return everything the roles may do."""
    return frozenset(right for service, role in ROLES.items() for right in _of(service, role))


def tables() -> frozenset[str]:
    """Return every table somebody owns, or that is shared or of nobody."""
    owned = {table for own in OWNED.values() for table in own}
    return frozenset(owned | {table for shared in SHARED.values() for table in shared} | set(OF_NOBODY))


def _of(service: str, role: str) -> Iterator[Right]:
    for table, privileges in {**OWNED[service], **SHARED[service], **dict.fromkeys(OF_NOBODY, "SELECT")}.items():
        for privilege in privileges.split():
            yield Right(role, table, privilege)
    for table, lent in LENT.get(service, {}).items():
        for privilege, columns in lent.items():
            for column in columns.split():
                yield Right(role, table, privilege, column)


def statements(role: str, schema: str) -> list[str]:
    """Return the SQL that gives a role exactly its rights in a schema, whatever it had before."""
    granted = sorted((right for right in rights() if right.role == role), key=str)
    return [
        f'REVOKE ALL ON ALL TABLES IN SCHEMA "{schema}" FROM {role}',
        f'GRANT USAGE ON SCHEMA "{schema}" TO {role}',
        *(
            f'GRANT {right.privilege}{f" ({right.column})" if right.column else ""} ON "{schema}".{right.table} TO {role}'
            for right in granted
        ),
    ]

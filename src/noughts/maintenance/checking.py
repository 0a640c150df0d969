"""What an operator wants to know of a database: whether it is whole, up to date, safe, and ours."""

from collections.abc import Collection, Iterator
from contextlib import closing
from typing import Final, NamedTuple

import sqlalchemy as sa

from noughts.auth.signing import opens
from noughts.kit.database import schema
from noughts.kit.settings import Server
from noughts.maintenance.installation import faults, file_of, opened, secret_of
from noughts.maintenance.postgres import MIGRATED, connected
from noughts.maintenance.version import VERSION, Version, version_of
from noughts.migrations import ownership
from noughts.migrations.ownership import Right

_KNOWN_VERSIONS: Final = (15, 18)


class Finding(NamedTuple):
    """One thing that was looked at."""

    text: str
    is_wrong: bool = False


async def check(server: Server) -> list[Finding]:
    """Return what there is to say about the database of an installation; raises Refusal when it cannot be reached."""
    secret = secret_of(server)
    if not server.database:
        return list(_of_file(server, secret))
    async with connected(server.database) as connection:
        return await connection.run_sync(lambda connection: list(_of_postgres(connection, secret)))


def _of_file(server: Server, secret: bytes | None) -> Iterator[Finding]:
    path = file_of(server)
    with closing(opened(path)) as connection:
        yield _of_schema(version_of(connection))
        wrong = faults(connection)
        yield from (Finding(f"The file is damaged: {fault}", is_wrong=True) for fault in wrong)
        if not wrong:
            yield Finding("The file is whole, and whatever rows refer to is there.")
        yield _of_secret([bytes(row[0]) for row in connection.execute("SELECT sealed FROM signing_keys")], secret)


def _of_postgres(connection: sa.Connection, secret: bytes | None) -> Iterator[Finding]:
    yield _of_version(int(connection.scalar(sa.text("SHOW server_version_num"))) // 10_000)
    if connection.scalar(sa.text("SHOW server_encoding")) != "UTF8":
        yield Finding("The database is not in UTF-8: make it anew with ENCODING 'UTF8'.", is_wrong=True)
    yield from _of_durability(connection)
    if not connection.scalar(MIGRATED):
        yield Finding("There are no tables yet: run `noughts db migrate`.", is_wrong=True)
        return
    [found] = connection.execute(VERSION)
    yield _of_schema(Version(*found))
    yield from _of_tables(set(connection.scalars(_TABLES)))
    yield from _of_indexes(list(connection.scalars(_INVALID)))
    yield from _of_roles(connection)
    yield _of_secret(list(connection.scalars(sa.text("SELECT sealed FROM signing_keys"))), secret)


def _of_version(version: int) -> Finding:
    oldest, newest = _KNOWN_VERSIONS
    if oldest <= version <= newest:
        return Finding(f"PostgreSQL {version} answers, and can be written to.")
    return Finding(f"PostgreSQL {version} answers; Noughts is made for {oldest} to {newest}.", is_wrong=True)


def _of_schema(version: Version) -> Finding:
    if version.schema == schema.HEAD:
        return Finding(f"The schema is at {version.schema}, as this version of Noughts wants it.")
    if version.is_behind:
        behind = f"The schema is at {version.schema} and not at {schema.HEAD}: run `noughts db migrate`."
        return Finding(behind, is_wrong=True)
    if version.is_too_new:
        return Finding(
            f"The schema is at {version.schema}, too new for this version of Noughts: update it.", is_wrong=True
        )
    return Finding(f"The schema is at {version.schema}, newer than this version of Noughts, which can live with it.")


def _of_secret(sealed: list[bytes], secret: bytes | None) -> Finding:
    if not sealed:
        return Finding("There is no signing key yet: the first start makes one.")
    if secret is None:
        return Finding(
            "There is no secret: put the file `secret` into the data directory, or set NOUGHTS_SECRET.", is_wrong=True
        )
    if all(opens(secret, key) for key in sealed):
        return Finding("The secret opens the signing keys.")
    return Finding("The secret is not the one this database was set up with.", is_wrong=True)


def _of_durability(connection: sa.Connection) -> Iterator[Finding]:
    off = list(connection.scalars(_NOT_DURABLE))
    yield from (Finding(f"{name} is off: what was acknowledged may be lost.", is_wrong=True) for name in off)
    if not off:
        yield Finding("What it acknowledges is on its disk.")


def _of_tables(found: set[str]) -> Iterator[Finding]:
    for table in sorted(ownership.tables() - found):
        yield Finding(f"The table {table} is not there.", is_wrong=True)


def _of_indexes(invalid: list[str]) -> Iterator[Finding]:
    for name in invalid:
        yield Finding(f"{name} is not valid: drop it and make it anew, or validate it.", is_wrong=True)
    if not invalid:
        yield Finding("Every index and constraint is valid.")


def _of_roles(connection: sa.Connection) -> Iterator[Finding]:
    roles = list(ownership.ROLES.values())
    found = [Right(*row) for row in connection.execute(_RIGHTS, {"roles": roles}).tuples()]
    if not [right for right in found if right.role in roles]:
        yield Finding("No service has a role of its own: `noughts db roles` makes them.")
        return
    wrong = [
        *differences(found),
        *(Finding(text, is_wrong=True) for text in connection.scalars(_MIGHTY, {"roles": roles})),
    ]
    yield from wrong
    if not wrong:
        yield Finding("Each service's role may do what its code does, and nothing else.")


def differences(found: Collection[Right]) -> list[Finding]:
    """Return what rights the services' roles lack, and which somebody gave them besides, by themselves or as everybody."""
    wanted = ownership.rights()
    lacking = [f"{right.role} lacks {right}" for right in wanted - set(found)]
    besides = [f"{right.role} has {right}, which its service needs not" for right in set(found) - wanted]
    return [Finding(f"{text}: run `noughts db roles`.", is_wrong=True) for text in sorted(lacking + besides)]


_TABLES: Final = sa.text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
_NOT_DURABLE: Final = sa.text(
    "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'"
    " ORDER BY name"
)
_INVALID: Final = sa.text(
    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND NOT (i.indisvalid AND i.indisready)"
    " UNION ALL SELECT k.conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace"
    " WHERE n.nspname = current_schema() AND NOT k.convalidated"
)
# The rights of PUBLIC are everybody's, these roles' too.
_RIGHTS: Final = sa.text(
    "WITH granted AS ("
    " SELECT c.relname, a.grantee, a.privilege_type, NULL AS attname FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN aclexplode(c.relacl) a"
    " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm')"
    " UNION ALL SELECT c.relname, a.grantee, a.privilege_type, t.attname FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute t ON t.attrelid = c.oid AND NOT t.attisdropped"
    " CROSS JOIN aclexplode(t.attacl) a WHERE n.nspname = current_schema())"
    " SELECT coalesce(r.rolname, 'PUBLIC'), g.relname, g.privilege_type, g.attname FROM granted g"
    " LEFT JOIN pg_roles r ON r.oid = g.grantee WHERE g.grantee = 0 OR r.rolname = ANY(:roles)"
)
_MIGHTY: Final = sa.text(
    "SELECT rolname || ' may do whatever it likes: take SUPERUSER, CREATEROLE, CREATEDB and BYPASSRLS from it.'"
    " FROM pg_roles WHERE rolname = ANY(:roles) AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls)"
    " UNION ALL SELECT m.rolname || ' is a member of ' || r.rolname || ', and may do what that may.' FROM pg_auth_members a"
    " JOIN pg_roles m ON m.oid = a.member JOIN pg_roles r ON r.oid = a.roleid WHERE m.rolname = ANY(:roles)"
    " UNION ALL SELECT pg_get_userbyid(c.relowner) || ' owns the table ' || c.relname || '.' FROM pg_class c"
    " WHERE c.relkind = 'r' AND pg_get_userbyid(c.relowner) = ANY(:roles)"
)

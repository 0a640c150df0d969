"""The database roles of the services: each may do what its code does, and nothing else."""

import asyncio
import pkgutil
import re
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from noughts import auth, games, migrations, users
from noughts.auth.store import AuthStore
from noughts.compose import opening
from noughts.kit import audit, delivery, idempotency, outbox, revocation, throttling
from noughts.kit.audit import Happening
from noughts.kit.database import Sql, inserts, rights, schema
from noughts.kit.database.postgres import Postgres
from noughts.kit.errors import Refusal
from noughts.maintenance import roles
from noughts.maintenance.addresses import for_role
from noughts.migrations import ownership
from noughts.users.model.accounts import Account
from tests.faults.harm import noughts, refused

KIT = {
    "users": (revocation, idempotency, outbox, delivery, audit, throttling, schema),
    "auth": (throttling, schema),
    "games": (idempotency, schema),
}
"""The rooms of the kit all of whose statements a service runs."""
ALSO = {
    "users": [],
    "auth": [revocation._INSERT, revocation._SINCE, revocation._OF, outbox._INSERT, audit._INSERT],
    "games": [revocation._SINCE],
}
"""Of the other rooms, those it runs."""


def statements_in(module: Any) -> Iterator[Sql]:
    """Every statement that stands in a module."""
    for value in vars(module).values():
        found = value.values() if isinstance(value, dict) else [value]
        yield from (sql for sql in found if isinstance(sql, Sql))


def statements_of(service: str) -> list[str]:
    """Every statement a service runs."""
    package = {"users": users, "auth": auth, "games": games}[service]
    store = import_module(f"{package.__name__}.store")
    rooms = [
        store,
        *(
            import_module(f"{store.__name__}.{room.name}")
            for room in pkgutil.iter_modules(getattr(store, "__path__", []))
        ),
    ]
    found = [sql.postgres for room in (*rooms, *KIT[service]) for sql in statements_in(room)]
    found += [sql.postgres for sql in ALSO[service]]
    if service == "users":  # many at once
        rows = [*inserts("users", [empty(Account)]), *inserts("audit", [empty(Happening)])]
        found += [write.sql.postgres for write in rows]
    return sorted(set(found))


def empty(row: type[msgspec.Struct]) -> Any:
    return row(**dict.fromkeys(row.__struct_fields__))


@pytest.fixture
async def owned(shared_database: str) -> str:
    """The owner's address of a migrated database into which the services' roles were let."""
    await roles.ensure(shared_database, None)
    return shared_database


@pytest.fixture
async def owner(owned: str) -> AsyncIterator[Any]:
    """A connection of the owner's."""
    connection = await asyncpg.connect(owned)
    yield connection
    await connection.close()


async def refused_to(owned: str, service: str) -> list[str]:
    """Which of its statements a service may not run."""
    connection = await asyncpg.connect(for_role(owned, ownership.ROLES[service]))
    refused = []
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    for statement in statements_of(service):
        arguments = max(map(int, re.findall(r"\$(\d+)", statement)), default=0)
        try:
            await connection.execute(f"PREPARE asked AS {statement}")
            await connection.execute(
                f"EXPLAIN EXECUTE asked{'(' + ', '.join(['NULL'] * arguments) + ')' if arguments else ''}"
            )
        except asyncpg.InsufficientPrivilegeError as error:
            refused.append(f"{error}: {statement}")
        await connection.execute("DEALLOCATE ALL")
    await connection.close()
    return refused


@pytest.mark.parametrize("service", ownership.OWNED)
async def test_a_role_may_run_every_statement_of_its_service(owned: str, service: str) -> None:
    assert len(statements_of(service)) > 15
    assert await refused_to(owned, service) == []


@pytest.mark.slow
@pytest.mark.parametrize("service", ownership.OWNED)
async def test_a_role_may_do_nothing_its_service_does_not(owned: str, owner: Any, service: str) -> None:
    """Every right is needed: without any one of them some statement is refused."""
    needless = []
    for right in sorted((right for right in ownership.rights() if right.role == ownership.ROLES[service]), key=str):
        column = f" ({right.column})" if right.column else ""
        await owner.execute(f"REVOKE {right.privilege}{column} ON {right.table} FROM {right.role}")
        if not await refused_to(owned, service):
            needless.append(str(right))
        await owner.execute(f"GRANT {right.privilege}{column} ON {right.table} TO {right.role}")
    assert needless == []


FORBIDDEN = [
    ("games", "SELECT password FROM users"),
    ("games", "SELECT username FROM users"),
    ("games", "UPDATE users SET role = 'admin'"),
    ("games", "SELECT sealed FROM signing_keys"),
    ("games", "DELETE FROM revocations"),
    ("games", "DELETE FROM audit"),
    ("games", "DELETE FROM games"),
    ("games", "SELECT sealed FROM outbox"),
    ("users", "SELECT sealed FROM signing_keys"),
    ("users", "SELECT digest FROM refresh_tokens"),
    ("users", "SELECT sealed FROM totp"),
    ("users", "INSERT INTO sessions SELECT * FROM sessions"),
    ("users", "UPDATE games SET result = 'won'"),
    ("auth", "UPDATE users SET role = 'admin'"),
    ("auth", "UPDATE users SET epoch = 1"),
    ("auth", "SELECT email FROM users"),
    ("auth", "DELETE FROM users"),
    ("auth", "SELECT sealed FROM outbox"),
    ("auth", "SELECT * FROM audit"),
    ("auth", "DELETE FROM revocations"),
    *((service, "UPDATE schema_floor SET oldest_code = '9999'") for service in ownership.OWNED),
    *((service, "CREATE TABLE mine (id int)") for service in ownership.OWNED),
    *((service, "TRUNCATE revocations") for service in ownership.OWNED),
    *((service, "ALTER TABLE users ADD COLUMN more int") for service in ownership.OWNED),
    *((service, "CREATE ROLE another") for service in ownership.OWNED),
]


@pytest.mark.parametrize(("service", "statement"), FORBIDDEN)
async def test_what_is_anothers_is_refused(owned: str, service: str, statement: str) -> None:
    connection = await asyncpg.connect(for_role(owned, ownership.ROLES[service]))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


async def test_every_table_has_its_place_in_the_table_of_owners(owner: Any) -> None:
    found = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    )
    assert {row["relname"] for row in found} == ownership.tables()


def test_no_table_has_two_owners() -> None:
    owned = [table for own in ownership.OWNED.values() for table in own]
    shared = {table for some in ownership.SHARED.values() for table in some}
    assert len(owned) == len(set(owned))
    assert not shared & set(owned)


async def test_making_the_roles_again_changes_nothing_and_takes_back_what_was_added(owned: str, owner: Any) -> None:
    await owner.execute("GRANT DELETE ON users TO noughts_games")
    before = await refused_to(owned, "games")
    await roles.ensure(owned, None)
    connection = await asyncpg.connect(for_role(owned, "noughts_games"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DELETE FROM users")
    await connection.close()
    assert before == await refused_to(owned, "games") == []


async def test_a_migration_gives_the_roles_their_rights_anew(owned: str, owner: Any) -> None:
    await owner.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM noughts_games")
    assert await refused_to(owned, "games")
    await migrations.upgrade(owned)
    assert await refused_to(owned, "games") == []


async def test_a_migration_lets_no_role_into_a_database_it_was_not_let_into(owned: str, owner: Any) -> None:
    await owner.execute("CREATE DATABASE elsewhere")
    elsewhere = owned.replace(owned.partition("?")[0].rpartition("/")[2], "elsewhere")
    try:
        await migrations.upgrade(elsewhere)
        assert len(await refused_to(elsewhere, "games")) == len(statements_of("games"))
    finally:
        await owner.execute("DROP DATABASE elsewhere WITH (FORCE)")


async def test_a_database_without_tables_gets_no_roles(postgres_database: str) -> None:
    with pytest.raises(Refusal, match="noughts db migrate"):
        await roles.ensure(postgres_database, None)


async def test_two_who_make_the_roles_at_once_both_succeed(postgres_database: str) -> None:
    await migrations.upgrade(postgres_database)
    await asyncio.gather(*(roles.ensure(postgres_database, None) for _ in range(3)))
    assert await refused_to(postgres_database, "auth") == []


async def test_a_rehash_may_write_the_password_and_nothing_else(owned: str) -> None:
    database = await Postgres.open(for_role(owned, "noughts_auth"))
    assert await AuthStore(database).sessions.credentials("00000000-0000-7000-8000-000000000001") is not None
    await database.close()


async def test_each_service_gets_an_address_of_its_own_for_its_owner_alone(owned: str, tmp_path: Path) -> None:
    folder = tmp_path / "addresses"
    await roles.ensure(owned, folder)
    first = {path.name: path.read_text() for path in folder.iterdir()}
    await roles.ensure(owned, folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == first
    assert set(first) == {"users", "auth", "games"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    database = await Postgres.open(first["games"].strip())
    assert not await schema.is_behind(database)
    await database.close()


async def test_a_file_with_anothers_address_is_refused(owned: str, tmp_path: Path) -> None:
    (tmp_path / "users").write_text("postgresql://postgres:secret@localhost/noughts\n")
    with pytest.raises(Refusal, match="noughts_users"):
        await roles.ensure(owned, tmp_path)


@pytest.mark.parametrize("service", ownership.OWNED)
async def test_a_service_says_at_its_start_that_it_was_given_the_role_of_another(owned: str, service: str) -> None:
    apart = {"base_url": "http://localhost:8000", "secret": "0" * 64, "port": "0"}
    apart |= {f"{part}_url": "http://127.0.0.1:1" for part in ownership.OWNED}
    for other in ownership.OWNED.keys() - {service}:
        role = ownership.ROLES[other]
        ended = await asyncio.to_thread(noughts, "serve", service, **apart, database=for_role(owned, role))
        assert refused(ended), ended
        assert f"The role {role} in NOUGHTS_DATABASE may not write what the service `{service}` keeps" in ended.err


@pytest.mark.parametrize("service", ownership.OWNED)
async def test_each_may_write_what_its_own_service_keeps(owned: str, service: str) -> None:
    database = await Postgres.open(for_role(owned, ownership.ROLES[service]))
    await rights.require(database, service, opening._OWN[service])
    await database.close()

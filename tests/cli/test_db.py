"""`noughts db migrate`, `check` and `roles`, run as the operator does, on a PostgreSQL that asks for passwords."""

import asyncio
import secrets
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from noughts.kit.database import schema
from tests import postgres_servers, servers
from tests.cli.lives import KEY, ORIGIN, PASSWORD, VERSUS, signed
from tests.faults.harm import noughts, refused
from tests.postgres_servers import PostgresServer

OWNERS = "a-secret-of-the-owners"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL that keeps what it acknowledges and asks everybody but its administrator for a password."""
    with tempfile.TemporaryDirectory(prefix="noughts-", dir=servers.memory()) as name:
        Path(name).chmod(0o755)
        with postgres_servers.running(Path(name)) as running:
            rules = running.folder / "pg_hba.conf"
            rules.write_text("host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
            run(running.address(), f"CREATE ROLE owner LOGIN CREATEROLE PASSWORD '{OWNERS}'", "SELECT pg_reload_conf()")
            yield running


@pytest.fixture
def owner(server: PostgresServer) -> Iterator[str]:
    """The owner's address of an empty database."""
    name = f"test_{secrets.token_hex(4)}"
    run(server.address(), f"CREATE DATABASE {name} OWNER owner")
    yield server.address(name, f"owner:{OWNERS}")
    run(server.address(), f"DROP DATABASE {name} WITH (FORCE)")


def run(address: str, *statements: str) -> None:
    """Run statements, one by one."""

    async def inside() -> None:
        connection = await asyncpg.connect(address)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(inside())


@pytest.fixture
def ready(owner: str, tmp_path: Path) -> str:
    """The owner's address of a migrated database with the services' roles in it; their addresses are in `addresses`."""
    assert noughts("db", "migrate", database=owner).status == 0
    made = noughts("db", "roles", "--addresses", str(tmp_path / "addresses"), database=owner)
    assert made.status == 0, made.err
    return owner


def test_a_migration_says_what_it_does(owner: str) -> None:
    first, second = (noughts("db", "migrate", database=owner) for _ in range(2))
    steps = [f"Done: {number:04}:" for number in range(1, int(schema.HEAD) + 1)]
    assert [line[:11] for line in first.out.splitlines()[:-1]] == steps
    assert first.out.splitlines()[-1] == f"The schema is at {schema.HEAD}."
    assert second.out == f"The schema is at {schema.HEAD}.\n"


def test_the_roles_are_made_and_said_and_no_password_is_shown(ready: str, tmp_path: Path) -> None:
    told = noughts("db", "roles", "--addresses", str(tmp_path / "addresses"), database=ready)
    assert [line.partition(":")[0] for line in told.out.splitlines()[:3]] == [
        "noughts_users",
        "noughts_auth",
        "noughts_games",
    ]
    for path in (tmp_path / "addresses").iterdir():
        assert path.read_text().partition("://")[2].partition("@")[0].partition(":")[2] not in told.out + told.err


def test_what_is_in_order_is_good(ready: str, tmp_path: Path) -> None:
    checked = noughts("db", "check", database=ready, data=str(tmp_path / "data"))
    assert checked.status == 0, checked.out
    assert {line[:5] for line in checked.out.splitlines()} == {"good "}
    assert "may do what its code does, and nothing else" in checked.out


def test_without_roles_a_database_is_good_and_the_operator_hears_of_them(owner: str) -> None:
    assert noughts("db", "migrate", database=owner).status == 0
    checked = noughts("db", "check", database=owner)
    assert (checked.status, "`noughts db roles` makes them" in checked.out) == (0, True)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("GRANT SELECT ON signing_keys TO noughts_games", "noughts_games has SELECT on signing_keys"),
        ("GRANT UPDATE (role) ON users TO noughts_auth", "noughts_auth has UPDATE on users (role)"),
        ("GRANT SELECT ON users TO PUBLIC", "PUBLIC has SELECT on users"),
        ("REVOKE UPDATE (password) ON users FROM noughts_auth", "noughts_auth lacks UPDATE on users (password)"),
        ("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM noughts_users", "noughts_users lacks DELETE on users"),
        ("DROP TABLE recovery_codes", "The table recovery_codes is not there."),
        ("UPDATE alembic_version SET version_num = '0001'", f"The schema is at 0001 and not at {schema.HEAD}"),
        ("UPDATE schema_floor SET oldest_code = '9999'; UPDATE alembic_version SET version_num = '9999'", "The schema is at 9999, too new"),
        ("ALTER TABLE games ADD CONSTRAINT odd CHECK (ply < 100) NOT VALID", "odd is not valid"),
        ("INSERT INTO signing_keys (id, algorithm, sealed, created_at) VALUES (gen_random_uuid(), 'ES256', 'x', now())",
         "There is no secret"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(ready: str, tmp_path: Path, harm: str, told: str) -> None:
    run(ready, harm)
    checked = noughts("db", "check", database=ready, data=str(tmp_path / "data"))
    assert checked.status == 1
    assert f"WRONG  {told}" in checked.out


@pytest.mark.parametrize(
    ("harm", "repair", "told"),
    [
        (
            "ALTER ROLE noughts_games SUPERUSER",
            "ALTER ROLE noughts_games NOSUPERUSER",
            "noughts_games may do whatever it likes",
        ),
        (
            "GRANT pg_read_all_data TO noughts_games",
            "REVOKE pg_read_all_data FROM noughts_games",
            "noughts_games is a member of pg_read_all_data",
        ),
        (
            "ALTER SYSTEM SET synchronous_commit = off",
            "ALTER SYSTEM RESET synchronous_commit",
            "synchronous_commit is off",
        ),
    ],
)
def test_what_is_wrong_with_the_whole_server_is_said(
    server: PostgresServer, ready: str, harm: str, repair: str, told: str
) -> None:
    run(server.address(), harm, "SELECT pg_reload_conf()", "SELECT pg_sleep(0.2)")
    try:
        checked = noughts("db", "check", database=ready)
    finally:
        run(server.address(), repair, "SELECT pg_reload_conf()")
    assert checked.status == 1
    assert f"WRONG  {told}" in checked.out


def test_a_database_without_tables_is_no_good(owner: str) -> None:
    checked = noughts("db", "check", database=owner)
    assert (checked.status, "run `noughts db migrate`" in checked.out) == (1, True)
    assert refused(noughts("db", "roles", database=owner))


@pytest.mark.parametrize("words", [("check",), ("migrate",), ("roles",), ("backup", "nowhere")])
def test_where_nothing_answers_or_nobody_is_let_in_it_is_one_line(
    owner: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    nowhere = f"postgresql://owner@127.0.0.1:{servers.free_port()}/noughts"
    for address in (nowhere, owner.replace(OWNERS, "wrong")):
        answer = noughts("db", *words, database=address, data=str(tmp_path))
        assert refused(answer), answer.err
        assert "wrong@" not in answer.err


def test_whoever_may_not_make_roles_hears_who_could(server: PostgresServer, owner: str) -> None:
    assert noughts("db", "migrate", database=owner).status == 0
    run(server.address(), "ALTER ROLE owner NOCREATEROLE")
    try:
        answer = noughts("db", "roles", "--addresses", str(server.folder.parent / "never"), database=owner)
    finally:
        run(server.address(), "ALTER ROLE owner CREATEROLE")
    assert refused(answer)
    assert "CREATEROLE" in answer.err


def test_a_sqlite_file_is_checked_with_its_secret(tmp_path: Path) -> None:
    with servers.serving(tmp_path / "data"):
        pass
    assert "The secret opens the signing keys" in noughts("db", "check", data=str(tmp_path / "data")).out
    (tmp_path / "data" / "secret").write_text("0" * 64)
    assert "WRONG  The secret is not the one" in noughts("db", "check", data=str(tmp_path / "data")).out
    with closing(sqlite3.connect(tmp_path / "data" / "noughts.db")) as connection, connection:
        connection.execute("DELETE FROM users WHERE kind = 'computer'")
        connection.execute("INSERT INTO recovery_codes VALUES ('0190a000-0000-7000-8000-000000000001', 'x')")
    checked = noughts("db", "check", data=str(tmp_path / "data"))
    assert (checked.status, "refers to one of users that is not there" in checked.out) == (1, True)


class Part(servers.Process):
    """One service in a process of its own."""

    def __init__(self, part: str, folder: Path, **settings: str) -> None:
        super().__init__(folder / part, **settings)
        self._part = part

    @property
    def command(self) -> list[str]:
        """The command line."""
        return [*super().command, self._part]


@contextmanager
def apart(addresses: Path, folder: Path) -> Iterator[httpx.Client]:
    """Run each service in a process of its own, under its own role; yield a client of the gateway."""
    shared = {"base_url": ORIGIN, "secret": secrets.token_hex(32), "rate_limits": "off"}
    parts = {
        part: Part(part, folder, **shared, **({"database_file": str(addresses / part)} if part != "gateway" else {}))
        for part in ("users", "auth", "games", "gateway")
    }
    urls = {f"{part}_url": f"http://127.0.0.1:{process.port}" for part, process in parts.items() if part != "gateway"}
    with ExitStack() as stack:
        for part, process in parts.items():
            process.settings |= {name: url for name, url in urls.items() if name != f"{part}_url"}
            process.start(wait=False)
            stack.callback(process.stop)
        for process in parts.values():
            process.until_it_answers()
        yield stack.enter_context(parts["gateway"].client())
        for process in parts.values():
            assert "InsufficientPrivilege" not in process.log.read_text()


def test_a_service_without_its_rights_says_in_one_line_what_gives_them(ready: str, tmp_path: Path) -> None:
    run(ready, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM noughts_games")
    settings = {"base_url": ORIGIN, "secret": "0" * 64, "database_file": str(tmp_path / "addresses" / "games")}
    neighbours = {"users_url": "http://127.0.0.1:9", "auth_url": "http://127.0.0.1:9"}
    answer = noughts("serve", "games", "--port", str(servers.free_port()), **settings, **neighbours)
    assert refused(answer), answer.err
    assert "noughts db roles" in answer.err


@pytest.mark.slow
def test_services_apart_live_on_their_own_roles(ready: str, tmp_path: Path) -> None:
    with apart(tmp_path / "addresses", tmp_path) as client:
        alice = {"username": "alice", "email": "alice@example.com", "password": PASSWORD}
        assert client.post("/users", json=alice).status_code == 201
        grant = client.post("/login", json={"username": "alice", "password": PASSWORD}).json()
        assert client.post("/login", json={"username": "alice", "password": "wrong"}).status_code == 401
        game = client.post("/games", json=VERSUS, headers=signed(grant) | KEY)
        assert game.status_code == 201, game.text
        moved = client.post(f"/games/{game.json()['id']}/moves", json={"ply": 0, "cell": 4}, headers=signed(grant))
        assert moved.is_success, moved.text
        grant = client.post("/token", json={"refresh_token": grant["refresh_token"]}).json()
        changed = {"current_password": PASSWORD, "new_password": "another proper secret"}
        assert client.put("/users/me/password", json=changed, headers=signed(grant)).is_success
        export = client.get("/users/me/export", headers=signed(grant))
        assert (export.status_code, len(export.json()["games"])) == (200, 1)
        assert client.delete("/users/me", headers=signed(grant)).status_code == 204
        assert client.get("/users/me", headers=signed(grant)).status_code == 401

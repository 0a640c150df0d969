"""What every test may ask for: a running server, a real PostgreSQL or Redis, a migrated database of either kind."""

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, settings

from noughts import migrations
from noughts.kit.database import Database
from noughts.kit.database.postgres import Postgres
from noughts.kit.database.sqlite import Sqlite
from tests import postgres_servers, servers
from tests.containers.stack import built, composed, podman  # noqa: F401 - fixtures

# A loaded machine is no finding; and a finding is kept as an example in the test, not in a file.
settings.register_profile("noughts", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
settings.load_profile("noughts")

# File by file is the quicker way for a small database that is on no disk: 15 ms, not 35.
_COPY = "CREATE DATABASE {name} TEMPLATE {like} STRATEGY FILE_COPY"


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """The address of a real PostgreSQL, started once for all tests."""
    # Not in pytest's own folder: every other run of pytest shuts that to other users, and PostgreSQL never runs as root.
    place = servers.memory()
    with tempfile.TemporaryDirectory(prefix="noughts-", dir=place) as name:
        if programs := os.environ.get(postgres_servers.OTHER):
            Path(name).chmod(0o755)
            with postgres_servers.running(Path(name), Path(programs)) as server:
                yield server.address()
            return
        with servers.postgres(Path(name)) as address:
            yield address


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Redis, started once for all tests."""
    with servers.redis(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture(scope="session")
def migrated_postgres(postgres_address: str) -> str:
    """The name of a migrated database on the real PostgreSQL, to be copied."""

    async def migrate() -> None:
        connection = await asyncpg.connect(postgres_address)
        await connection.execute("CREATE DATABASE migrated")
        await connection.close()
        await migrations.upgrade(_in(postgres_address, "migrated"))

    with ThreadPoolExecutor(1) as apart:  # this may be asked for inside a running event loop
        apart.submit(asyncio.run, migrate()).result()
    return "migrated"


@pytest.fixture(scope="session")
def copied_postgres(postgres_address: str, migrated_postgres: str) -> Callable[[str], str]:
    """Return what makes a migrated database of that name on the real PostgreSQL and tells its address."""

    async def copy(name: str) -> None:
        connection = await asyncpg.connect(postgres_address)
        await connection.execute(_COPY.format(name=name, like=migrated_postgres))
        await connection.close()

    def copied(name: str) -> str:
        with ThreadPoolExecutor(1) as apart:
            apart.submit(asyncio.run, copy(name)).result()
        return _in(postgres_address, name)

    return copied


@pytest.fixture(scope="session")
def two_servers(
    copied_postgres: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[servers.Process]]:
    """Two servers of one installation on one PostgreSQL, without limits."""
    folder, address = tmp_path_factory.mktemp("together"), copied_postgres("shared")
    with servers.together(folder, 2, database=address, rate_limits="off") as started:
        yield started


@pytest.fixture
async def shared_database(postgres_address: str, migrated_postgres: str) -> AsyncIterator[str]:
    """The address of a migrated database of its own on the real PostgreSQL, for several processes."""
    async with _database(postgres_address, migrated_postgres) as address:
        yield address


@pytest.fixture
async def postgres_database(postgres_address: str) -> AsyncIterator[str]:
    """The address of an empty database of its own on the real PostgreSQL."""
    async with _database(postgres_address, "template1") as address:
        yield address


@asynccontextmanager
async def _database(server: str, like: str) -> AsyncIterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(_COPY.format(name=name, like=like))
    yield _in(server, name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


def _in(server: str, name: str) -> str:
    path, question, query = server.partition("?")
    return path.rpartition("/")[0] + f"/{name}" + question + query


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "noughts.db"
    with ThreadPoolExecutor(1) as apart:  # this may be asked for inside a running event loop
        apart.submit(asyncio.run, migrations.upgrade(f"sqlite:///{path}")).result()
    return path


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated database: every test that asks for one runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        path = Path(shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "noughts.db"))
        sqlite = Sqlite(path)
        yield sqlite
        await sqlite.close()
        return
    server, like = request.getfixturevalue("postgres_address"), request.getfixturevalue("migrated_postgres")
    async with _database(server, like) as address:
        postgres = await Postgres.open(address)
        yield postgres
        await postgres.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Process]:
    """A server without limits, shared by the tests of a module."""
    with servers.serving(tmp_path_factory.mktemp("server") / "data", rate_limits="off") as process:
        yield process


@pytest.fixture
def client(server: servers.Process) -> Iterator[httpx.Client]:
    """An HTTP client of the module's server."""
    with server.client() as found:
        yield found

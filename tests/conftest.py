"""What every test may ask for: a running server, a real PostgreSQL or Redis, a migrated database of either kind."""

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
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
from tests.databases import Copies, within

# A loaded machine is no finding; and a finding is kept as an example in the test, not in a file.
settings.register_profile("noughts", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
settings.load_profile("noughts")


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
def copies(postgres_address: str) -> Iterator[Copies]:
    """Migrated databases on the real PostgreSQL, as many as are asked for."""
    found = Copies(postgres_address)
    yield found
    found.close()


@pytest.fixture(scope="session")
def two_servers(copies: Copies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[servers.Process]]:
    """Two servers of one installation on one PostgreSQL, without limits."""
    folder = tmp_path_factory.mktemp("together")
    with servers.together(folder, 2, database=copies.take(), rate_limits="off") as started:
        yield started


@pytest.fixture
def shared_database(copies: Copies) -> Iterator[str]:
    """The address of a migrated database of its own on the real PostgreSQL, for several processes."""
    with copies.one() as address:
        yield address


@pytest.fixture
async def postgres_database(postgres_address: str) -> AsyncIterator[str]:
    """The address of an empty database of its own on the real PostgreSQL."""
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(postgres_address)
    await connection.execute(f"CREATE DATABASE {name}")
    yield within(postgres_address, name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "noughts.db"
    with ThreadPoolExecutor(1) as apart:  # this may be asked for inside a running event loop
        apart.submit(asyncio.run, migrations.upgrade(f"sqlite:///{path}")).result()
    return path


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A migrated database: every test that asks for one runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        with tempfile.TemporaryDirectory(prefix="noughts-", dir=servers.memory()) as folder:
            sqlite = Sqlite(Path(shutil.copy(request.getfixturevalue("migrated_sqlite"), folder)))
            yield sqlite
            await sqlite.close()
        return
    postgres = await Postgres.open(request.getfixturevalue("shared_database"))
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

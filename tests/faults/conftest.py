"""A PostgreSQL of the test's own, to be harmed."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from noughts import migrations
from noughts.kit.database import Query
from noughts.kit.database.postgres import Postgres
from tests import postgres_servers, servers
from tests.faults.rows import Number
from tests.postgres_servers import PostgresServer


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder other users may look into: PostgreSQL never runs as root."""
    with tempfile.TemporaryDirectory(prefix="noughts-", dir=servers.memory()) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
async def cluster(folder: Path) -> AsyncIterator[PostgresServer]:
    """A PostgreSQL of the test's own, with our tables in it."""
    with postgres_servers.running(folder) as running:
        await migrations.upgrade(running.address())
        yield running


@pytest.fixture
async def database(cluster: PostgresServer) -> AsyncIterator[Postgres]:
    """A pool on it, all of whose connections are open."""
    pool = await Postgres.open(cluster.address())
    await asyncio.gather(*(pool.fetch(Query("SELECT 1 FROM pg_sleep(0.05)", Number)) for _ in range(10)))
    yield pool
    await pool.close()

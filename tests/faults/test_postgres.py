"""PostgreSQL that goes away, comes back, freezes or hands over to another: nothing acknowledged is lost, nothing hangs."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from noughts import migrations
from noughts.kit import ids
from noughts.kit.clock import now
from noughts.kit.database import Missed, Query, Sql, Write
from noughts.kit.database.postgres import Postgres
from noughts.kit.errors import Refusal, Unavailable
from tests import postgres_servers, servers
from tests.conftest import MEMORY
from tests.postgres_servers import PostgresServer

RECOVERED_S = 3.0


class Id(msgspec.Struct, frozen=True, array_like=True):
    """An id."""

    id: str


class Number(msgspec.Struct, frozen=True, array_like=True):
    """How many, or whose."""

    of: int


ADD = Sql("INSERT INTO signing_keys (id, algorithm, sealed, created_at) VALUES ($1, 'ES256', '', $2)")
END = Sql("INSERT INTO revocations (id, user_id, created_at) VALUES ($1, $1, $2)")
KEYS = Query("SELECT id FROM signing_keys", Id)
ENDED = Query("SELECT id FROM revocations", Id)
BACKEND = Query("SELECT pg_backend_pid()", Number)
SLOW = Query("SELECT 1 FROM pg_sleep(30)", Number)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder other users may look into: PostgreSQL never runs as root."""
    with tempfile.TemporaryDirectory(prefix="noughts-", dir=MEMORY if MEMORY.is_dir() else None) as name:
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


async def end_sessions(cluster: PostgresServer) -> None:
    """Drop every other connection, as an administrator does, or a proxy."""
    connection = await asyncpg.connect(cluster.address())
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
    )
    await connection.close()


async def until(connection: Any, query: str) -> Any:
    """Return what a query finds, once it finds something."""
    while not (found := await connection.fetchval(query)):  # noqa: ASYNC110 - a server tells nobody
        await asyncio.sleep(0.01)
    return found


async def end_whoever_waits(connection: Any) -> None:
    """Drop the connection that waits for a lock, once there is one."""
    pid = await until(connection, "SELECT pid FROM pg_locks WHERE NOT granted")
    await connection.execute("SELECT pg_terminate_backend($1)", pid)


async def read_only(connection: Any, *, on: bool) -> None:
    """Let a server take no writes from whoever connects, or take them again."""
    await connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {'on' if on else 'off'}")
    await connection.execute("SELECT pg_reload_conf()")
    await until(connection, f"SELECT current_setting('default_transaction_read_only') = '{'on' if on else 'off'}'")


def key() -> tuple[str, Write]:
    key_id = ids.new()
    return key_id, Write(ADD, (key_id, now()))


class Load:
    """People who write and read without a pause, and note what was acknowledged and when something failed."""

    def __init__(self, database: Postgres) -> None:
        self._database = database
        self.acknowledged: set[str] = set()
        self.pairs: set[str] = set()
        self.unknown: set[str] = set()
        self.failed_at: list[float] = []
        self.done = 0
        self._ends = False

    @contextlib.asynccontextmanager
    async def running(self, people: int = 12) -> AsyncIterator[None]:
        """Keep everyone busy for the length of a block, and for as long after it as they may take to recover, and a bit more."""
        tasks = [asyncio.create_task(self._live(number)) for number in range(people)]
        yield
        self.back_at = time.monotonic()
        await asyncio.sleep(RECOVERED_S + 1)
        self._ends = True
        await asyncio.gather(*tasks)

    async def _live(self, number: int) -> None:
        while not self._ends:
            try:
                await (self._write_one, self._write_two, self._read)[number % 3]()
                self.done += 1
            except Unavailable:
                self.failed_at.append(time.monotonic())
                await asyncio.sleep(0.02)

    async def _write_one(self) -> None:
        key_id, write = key()
        self.unknown.add(key_id)
        await self._database.write(write)
        self.acknowledged.add(key_id)

    async def _write_two(self) -> None:
        key_id, write = key()
        self.unknown.add(key_id)
        await self._database.write(write, Write(END, (key_id, now())))
        self.pairs.add(key_id)

    async def _read(self) -> None:
        assert await self._database.fetch(BACKEND) is not None

    async def check(self) -> None:
        """Look for everything that was acknowledged; nothing is there that nobody wrote, and no half of a pair."""
        keys = {row.id for row in await self._database.scan(KEYS)}
        ended = {row.id for row in await self._database.scan(ENDED)}
        assert self.acknowledged | self.pairs <= keys <= self.unknown
        assert self.pairs <= ended <= keys
        assert [at for at in self.failed_at if at > self.back_at + RECOVERED_S] == []


async def test_connections_dropped_under_load_lose_nothing(cluster: PostgresServer, database: Postgres) -> None:
    load = Load(database)
    async with load.running():
        for _ in range(10):
            await asyncio.sleep(0.1)
            await end_sessions(cluster)
    await load.check()
    assert load.done > 100


@pytest.mark.slow
async def test_a_database_killed_under_load_loses_nothing_and_is_asked_again_within_three_seconds(
    cluster: PostgresServer, database: Postgres
) -> None:
    load = Load(database)
    async with load.running():
        for _ in range(3):
            await asyncio.sleep(0.3)
            cluster.kill()
            await asyncio.sleep(0.3)
            await asyncio.to_thread(cluster.start)
    await load.check()
    assert load.failed_at
    assert load.done > 100


@pytest.mark.slow
async def test_a_standby_takes_over_under_load(cluster: PostgresServer, folder: Path) -> None:
    standby = PostgresServer(folder / "standby", cluster.programs).follow(cluster).start()
    # What the primary acknowledges is on the standby, or a failover would lose it whatever we do.
    connection = await asyncpg.connect(cluster.address())
    await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
    both = f"postgresql://postgres@127.0.0.1:{standby.port},127.0.0.1:{cluster.port}/postgres"
    database = await Postgres.open(both)
    load = Load(database)
    async with load.running():
        await asyncio.sleep(0.5)
        cluster.kill()
        await asyncio.sleep(0.2)
        await asyncio.to_thread(standby.promote)
    await load.check()
    await database.close()
    standby.stop()


async def test_reads_never_notice_that_idle_connections_were_dropped(
    cluster: PostgresServer, database: Postgres
) -> None:
    for _ in range(20):
        await end_sessions(cluster)
        assert await database.fetch(BACKEND) is not None


async def test_a_transaction_cut_short_is_written_once_all_the_same(
    cluster: PostgresServer, database: Postgres
) -> None:
    """It surely was not done: nobody had asked for its commit."""
    key_id, write = key()
    blocker = await asyncpg.connect(cluster.address())
    await blocker.execute("BEGIN")
    await blocker.execute("LOCK TABLE revocations")
    writing = asyncio.create_task(database.write(write, Write(END, (key_id, now()))))
    await end_whoever_waits(blocker)
    await blocker.execute("COMMIT")
    await writing
    assert [row.id for row in await database.scan(KEYS)] == [key_id]
    assert [row.id for row in await database.scan(ENDED)] == [key_id]
    await blocker.close()


async def test_a_single_write_that_was_cut_short_is_unavailable_and_not_tried_again(
    cluster: PostgresServer, database: Postgres
) -> None:
    """Whether it happened could not be told."""
    _, write = key()
    blocker = await asyncpg.connect(cluster.address())
    await blocker.execute("BEGIN")
    await blocker.execute("LOCK TABLE signing_keys")
    writing = asyncio.create_task(database.write(write))
    await end_whoever_waits(blocker)
    with pytest.raises(Unavailable, match="did not say"):
        await writing
    await blocker.execute("COMMIT")
    assert await database.scan(KEYS) == []
    await blocker.close()


async def test_a_miss_of_a_single_write_leaves_nothing_of_it(database: Postgres) -> None:
    for _ in range(2):
        await database.write(key()[1])
    rename = Sql("UPDATE signing_keys SET algorithm = $1")
    for rows in (0, 1, 3):
        with pytest.raises(Missed):
            await database.write(Write(rename, ("RS256",), rows=rows))
    unmoved = Query("SELECT count(*) FROM signing_keys WHERE algorithm = 'ES256'", Number)
    assert await database.fetch(unmoved) == Number(2)
    await database.write(Write(rename, ("RS256",), rows=2))
    assert await database.fetch(unmoved) == Number(0)


async def test_a_server_that_only_reads_is_left_for_one_that_can_be_written_to(
    cluster: PostgresServer, database: Postgres
) -> None:
    connection = await asyncpg.connect(cluster.address())
    await read_only(connection, on=True)
    with pytest.raises(Unavailable):
        await database.write(key()[1])
    with pytest.raises(Unavailable):
        await Postgres.open(cluster.address())
    await connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
    await read_only(connection, on=False)
    deadline = time.monotonic() + RECOVERED_S
    while not await written(database):
        assert time.monotonic() < deadline
    await connection.close()


async def written(database: Postgres) -> bool:
    """Return whether a write is taken."""
    try:
        await database.write(key()[1])
    except Unavailable:
        return False
    return True


async def test_of_several_hosts_the_one_that_can_be_written_to_is_used(cluster: PostgresServer, folder: Path) -> None:
    standby = PostgresServer(folder / "standby", cluster.programs).follow(cluster).start()
    nobody = servers.free_port()
    for order in ((nobody, standby.port, cluster.port), (cluster.port, standby.port, nobody)):
        hosts = ",".join(f"127.0.0.1:{port}" for port in order)
        database = await Postgres.open(f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write")
        await database.write(key()[1])
        await database.close()
    with pytest.raises(Unavailable):
        await Postgres.open(standby.address())
    standby.stop()


@pytest.mark.slow
async def test_a_frozen_server_costs_no_more_than_the_deadline(cluster: PostgresServer, database: Postgres) -> None:
    cluster.freeze()
    begun = time.monotonic()
    asked = [database.fetch(BACKEND) for _ in range(15)]
    asked += [database.write(key()[1]) for _ in range(5)]
    asked += [database.write(key()[1], Write(END, (ids.new(), now()))) for _ in range(5)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    took = time.monotonic() - begun
    cluster.thaw()
    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert took < 7
    assert await database.fetch(BACKEND) is not None


async def test_whoever_leaves_in_the_middle_leaves_the_pool_whole(database: Postgres) -> None:
    for _ in range(3):
        leaving = [asyncio.create_task(database.fetch(SLOW)) for _ in range(10)]
        leaving += [asyncio.create_task(database.write(key()[1], Write(END, (ids.new(), now())))) for _ in range(10)]
        await asyncio.sleep(0.05)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
    begun = time.monotonic()
    await asyncio.gather(*(database.fetch(BACKEND) for _ in range(50)))
    assert time.monotonic() - begun < 2


async def test_the_pool_tells_how_many_connections_it_has_and_uses(database: Postgres) -> None:
    assert (database.connections, database.connections_in_use) == (10, 0)
    asking = asyncio.create_task(database.fetch(Query("SELECT 1 FROM pg_sleep(0.3)", Number)))
    await asyncio.sleep(0.1)
    assert (database.connections, database.connections_in_use) == (10, 1)
    await asking


async def test_a_role_nobody_knows_and_a_missing_database_are_refusals(cluster: PostgresServer) -> None:
    for address in (cluster.address(role="nobody"), cluster.address("nowhere")):
        with pytest.raises(Refusal, match="does not exist"):
            await Postgres.open(address)


async def test_a_value_the_driver_does_not_take_costs_no_connection(database: Postgres) -> None:
    with pytest.raises(asyncpg.DataError):
        await database.fetch(Query("SELECT 1 WHERE $1::int = 1", Number), 2**40)
    assert database.connections == 10

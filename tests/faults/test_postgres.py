"""PostgreSQL that goes away, comes back, freezes or hands over to another: nothing acknowledged is lost, nothing hangs."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from noughts.kit import ids
from noughts.kit.clock import now
from noughts.kit.database import Write
from noughts.kit.database.postgres import Postgres
from noughts.kit.errors import Unavailable
from tests import servers
from tests.faults import load
from tests.faults.rows import BACKEND, END, ENDED, KEYS, RECOVERED_S, end_sessions, key
from tests.postgres_servers import PostgresServer


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


@pytest.mark.slow
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


@pytest.mark.slow
async def test_people_play_on_after_their_database_was_killed(cluster: PostgresServer, tmp_path: Path) -> None:
    settings = {"database": cluster.address(), "rate_limits": "off", "log": "error"}
    with servers.serving(tmp_path / "data", **settings) as server:
        name, registration = load.member(server.port)
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.post(f"http://127.0.0.1:{server.port}/users", json=registration)).status_code == 201
        people = load.Load(server.port, boards=10, moves_per_s=60, logins_per_s=3)
        await people.start(name)
        for _ in range(2):
            await asyncio.sleep(1)
            cluster.kill()
            await asyncio.sleep(0.5)
            await asyncio.to_thread(cluster.start)
        back_at = time.monotonic()
        await asyncio.sleep(RECOVERED_S + 2)
        await people.stop()
        assert people.failures()
        assert people.failures(since=back_at + RECOVERED_S) == []
        assert people.answered()["move"] > 100
        await people.check()

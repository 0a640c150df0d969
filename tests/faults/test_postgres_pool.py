"""What the pool does with connections that are lost, refused or left in the middle."""

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest

from noughts.kit import ids
from noughts.kit.clock import now
from noughts.kit.database import Missed, Query, Sql, Write
from noughts.kit.database.postgres import Postgres
from noughts.kit.errors import Refusal, Unavailable
from tests import servers
from tests.faults.rows import (
    BACKEND,
    END,
    ENDED,
    KEYS,
    RECOVERED_S,
    SLOW,
    Number,
    end_sessions,
    end_whoever_waits,
    key,
    read_only,
)
from tests.postgres_servers import PostgresServer


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

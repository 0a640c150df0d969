"""Rows for the faults of a PostgreSQL: to write, and to look for afterwards."""

import asyncio
from typing import Any

import asyncpg
import msgspec

from noughts.kit import ids
from noughts.kit.clock import now
from noughts.kit.database import Query, Sql, Write
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


def key() -> tuple[str, Write]:
    key_id = ids.new()
    return key_id, Write(ADD, (key_id, now()))


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

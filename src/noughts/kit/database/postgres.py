"""PostgreSQL through asyncpg: prepared statements from a pool, nothing kept in a session."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final, TypeVar

import asyncpg

from noughts.kit.database.statements import Argument, Missed, Orphaned, Query, Taken, Write
from noughts.kit.errors import Unavailable, Unprepared
from noughts.kit.metrics import Gauges

Row = TypeVar("Row")
Connection = Any  # asyncpg ships no types
_DEADLINE_S: Final = 5.0
_COULD_NOT_ASK: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionRollbackError,
)


async def _keep(_: Connection) -> None:
    """Skip the reset of a returned connection, which would double a point read: no session state is ever set."""


async def _ids_as_text(connection: Connection) -> None:
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=str, format="text")


@contextlib.asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise Taken(error.constraint_name or "") from error
    except asyncpg.ForeignKeyViolationError as error:
        raise Orphaned from error
    except asyncpg.UndefinedTableError as error:
        raise Unprepared from error
    except _COULD_NOT_ASK as error:
        raise Unavailable("The store does not answer.") from error


class Postgres:
    """A pool of connections to one database. `await Postgres.open(address)` makes it."""

    def __init__(self, pool: Any) -> None:  # noqa: ANN401 - asyncpg ships no types
        self._pool = pool

    @classmethod
    async def open(cls, address: str, *, connections: int = 10) -> "Postgres":
        """Return a pool on a `postgresql://` address; raises Unavailable when nothing answers there."""
        async with _translated():
            pool = await asyncpg.create_pool(
                address,
                min_size=1,
                max_size=connections,
                init=_ids_as_text,
                reset=_keep,
                timeout=_DEADLINE_S,
                command_timeout=_DEADLINE_S,
            )
        return cls(pool)

    async def fetch(self, query: Query[Row], *args: Argument) -> Row | None:
        async with _translated(), self._pool.acquire() as connection:
            row = await connection.fetchrow(query.postgres, *args)
        return None if row is None else query.convert(tuple(row))

    async def scan(self, query: Query[Row], *args: Argument) -> list[Row]:
        async with _translated(), self._pool.acquire() as connection:
            rows = await connection.fetch(query.postgres, *args)
        return [query.convert(tuple(row)) for row in rows]

    async def write(self, *statements: Write) -> None:
        async with _translated(), self._pool.acquire() as connection, connection.transaction():
            for sql, args, rows in statements:
                done = await connection.execute(sql.postgres, *args)
                if rows is not None and int(done.rpartition(" ")[2]) != rows:
                    raise Missed(sql.postgres)

    def gauges(self) -> Gauges:
        pool = self._pool
        return {
            "noughts_database_connections": ("Connections to the database.", pool.get_size),
            "noughts_database_connections_in_use": (
                "Connections that are asking something.",
                lambda: pool.get_size() - pool.get_idle_size(),
            ),
            "noughts_database_connections_most": ("Connections there may be.", pool.get_max_size),
        }

    async def close(self) -> None:
        await self._pool.close()

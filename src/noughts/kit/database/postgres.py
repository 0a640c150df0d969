"""PostgreSQL through asyncpg: prepared statements from a pool that outlives restarts and failovers.

Nothing is kept in a session. What surely was not done because a connection was lost is done once more on another one; a
commit nobody answered is `Unavailable`, for it may have happened.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import lru_cache
from typing import Any, Final, TypeVar

import asyncpg

from noughts.kit.database.hosts import Connection, Hosts
from noughts.kit.database.statements import Argument, Missed, Orphaned, Query, Taken, Then, Write, submitted
from noughts.kit.errors import Refusal, Unavailable, Unprepared
from noughts.kit.metrics import Gauges

Row = TypeVar("Row")
Result = TypeVar("Result")
_DEADLINE_S: Final = 5.0
_LET_GO_S: Final = 1.0
_REFUSED: Final = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ClientConfigurationError,
)
_LOST: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
)
_COULD_NOT_ASK: Final = (*_LOST, *_REFUSED, asyncpg.InsufficientResourcesError, asyncpg.TransactionRollbackError)


class _Unanswered(Exception):
    """A commit was asked for and the connection lost: whether it happened is not known."""


_OF_NO_USE: Final = (_Unanswered, *_LOST)


class Postgres:
    """A pool of connections to one database. `await Postgres.open(address)` makes it."""

    def __init__(self, pool: Any) -> None:  # noqa: ANN401 - asyncpg ships no types
        self._pool = pool

    @classmethod
    async def open(cls, address: str, *, connections: int = 10) -> "Postgres":
        """Return a pool on a `postgresql://` address, of one or several hosts.

        Raises Unavailable when nothing that can be written to answers there, Refusal when it lets nobody in.
        """
        async with _translated():
            try:
                pool = await asyncpg.create_pool(
                    address,
                    min_size=1,
                    max_size=connections,
                    connect=Hosts(address).connect,
                    init=_ids_as_text,
                    reset=_keep,
                    timeout=_DEADLINE_S,
                )
            except _REFUSED as error:
                raise Refusal(f"The database cannot be used: {error}.") from None
        return cls(pool)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return int(self._pool.get_size())

    @property
    def connections_in_use(self) -> int:
        """How many of them somebody is asking something on."""
        return int(self._pool.get_size() - self._pool.get_idle_size())

    async def fetch(self, query: Query[Row], *args: Argument) -> Row | None:
        row = await self._ask(lambda connection: connection.fetchrow(query.postgres, *args))
        return None if row is None else query.convert(tuple(row))

    async def scan(self, query: Query[Row], *args: Argument) -> list[Row]:
        rows = await self._ask(lambda connection: connection.fetch(query.postgres, *args))
        return [query.convert(tuple(row)) for row in rows]

    async def write(self, *statements: Write) -> None:
        if len(statements) == 1:
            await self._ask(lambda connection: _one(connection, statements[0]))
        else:
            await self._ask(lambda connection: _together(connection, statements))

    def submit(self, then: Then, *statements: Write) -> None:
        submitted(self.write(*statements), then)

    def gauges(self) -> Gauges:
        return {
            "noughts_database_connections": ("Connections to the database.", lambda: self.connections),
            "noughts_database_connections_in_use": (
                "Connections that are asking something.",
                lambda: self.connections_in_use,
            ),
            "noughts_database_connections_most": ("Connections there may be.", self._pool.get_max_size),
        }

    async def close(self) -> None:
        try:
            async with asyncio.timeout(_DEADLINE_S):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def _ask(self, ask: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Return what it returns; ask once more on another connection when it surely was not done on the first."""
        async with _translated(), asyncio.timeout(_DEADLINE_S):
            try:
                return await self._ask_once(ask)
            except _LOST as error:
                if isinstance(error, TimeoutError):
                    raise
                return await self._ask_once(ask)

    async def _ask_once(self, ask: Callable[[Connection], Awaitable[Result]]) -> Result:
        connection = await self._pool.acquire()
        try:
            return await ask(connection)
        except asyncio.CancelledError:  # its answer is still to come, and nobody must take it for theirs
            _drop(connection)
            raise
        except _OF_NO_USE:
            _drop(connection)
            await self._pool.expire_connections()  # the others lead to the same place
            raise
        finally:
            with contextlib.suppress(*_LOST):  # what was answered stays answered
                await self._pool.release(connection, timeout=_LET_GO_S)


async def _one(connection: Connection, statement: Write) -> None:
    """Write without the two round trips of a transaction."""
    sql, args, rows = statement
    try:
        if rows is None:
            await connection.execute(sql.postgres, *args)
        elif await connection.fetchval(_checked(sql.postgres, rows), *args) != rows:
            raise Missed(sql.postgres)
    except asyncpg.DivisionByZeroError:
        raise Missed(sql.postgres) from None
    except asyncpg.ReadOnlySQLTransactionError:
        raise
    except _LOST as error:
        raise _Unanswered from error


@lru_cache(1_024)
def _checked(sql: str, rows: int) -> str:
    """Return the statement in a form that answers how many rows it touched, and fails where nothing must be left of it."""
    return (
        f"WITH touched AS ({sql} RETURNING 1)"
        f" SELECT count(*) / CASE WHEN count(*) IN (0, {rows}) THEN 1 ELSE 0 END FROM touched"
    )


async def _together(connection: Connection, statements: tuple[Write, ...]) -> None:
    await connection.execute("BEGIN")
    try:
        for sql, args, rows in statements:
            done = await connection.execute(sql.postgres, *args)
            if rows is not None and int(done.rpartition(" ")[2]) != rows:
                raise Missed(sql.postgres)
    except _LOST:
        raise
    except Exception:
        await connection.execute("ROLLBACK")
        raise
    try:
        await connection.execute("COMMIT")
    except _LOST as error:
        raise _Unanswered from error


def _drop(connection: Connection) -> None:
    with contextlib.suppress(asyncpg.InterfaceError):  # it has left the pool already
        connection.terminate()


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
    except asyncpg.InsufficientPrivilegeError as error:
        raise Unavailable("The store does not allow that: `noughts db roles` gives each service its rights.") from error
    except _Unanswered as error:
        raise Unavailable("The store did not say whether it was written.") from error
    except _COULD_NOT_ASK as error:
        raise Unavailable("The store does not answer.") from error

"""A connection to a whole PostgreSQL database, in one transaction, whatever goes wrong said in one line."""

import contextlib
from collections.abc import AsyncIterator

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from noughts.kit.database.engine import postgres_engine
from noughts.kit.errors import Refusal


@contextlib.asynccontextmanager
async def connected(address: str, *, isolation: str = "READ COMMITTED") -> AsyncIterator[AsyncConnection]:
    """Open a transaction for the length of a block, and commit it; raises Refusal, with everything undone."""
    engine = postgres_engine(address).execution_options(isolation_level=isolation)
    try:
        async with engine.begin() as connection:
            yield connection
    except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise Refusal(f"The database did not do it: {reason(error)}.") from None
    finally:
        await engine.dispose()


def reason(error: Exception) -> str:
    """Return what the database said, in one line."""
    cause = getattr(error, "orig", None) or error
    return (str(cause) or type(cause).__name__).splitlines()[0].rpartition(">: ")[2].rstrip(".")

"""A connection to a whole PostgreSQL database, in one transaction, whatever goes wrong said in one line."""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from noughts.kit.database import schema
from noughts.kit.database.engine import postgres_engine
from noughts.kit.errors import Refusal

MIGRATED: Final = sa.text("SELECT to_regclass('schema_floor') IS NOT NULL")


@contextlib.asynccontextmanager
async def connected(address: str, *, isolation: str = "READ COMMITTED") -> AsyncIterator[AsyncConnection]:
    """Open a transaction for the length of a block, and commit it; raises Refusal, with everything undone."""
    engine = postgres_engine(address).execution_options(isolation_level=isolation)
    try:
        async with engine.begin() as connection:
            yield connection
    except (
        OSError,
        SQLAlchemyError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
    ) as error:
        raise Refusal(f"The database did not do it: {reason(error)}.") from None
    finally:
        await engine.dispose()


def reason(error: Exception) -> str:
    """Return what the database said, in one line."""
    cause = getattr(error, "orig", None) or error
    return (str(cause) or type(cause).__name__).splitlines()[0].rpartition(">: ")[2].rstrip(".")


async def require_up_to_date(address: str) -> None:
    """Raise Refusal unless the schema is that of this code."""
    async with connected(address) as connection:
        if not await connection.scalar(MIGRATED):
            raise Refusal("The database has no tables yet: run `noughts db migrate`.")
        version = str(await connection.scalar(sa.text("SELECT version_num FROM alembic_version")))
        if version != schema.HEAD:
            raise Refusal(
                f"The database has schema {version} and this version of Noughts {schema.HEAD}: make them meet first."
            )

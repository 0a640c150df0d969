"""How Alembic reaches the database: one transaction, on PostgreSQL under a lock that lets one migration run."""

import asyncio
from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_LOCK = 6_668_447  # any number, the same for every Noughts


def _migrate(connection: sa.Connection) -> None:
    context.configure(connection=connection, render_as_batch=connection.dialect.name == "sqlite")
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        context.run_migrations()


async def _migrate_postgres(address: str) -> None:
    engine = create_async_engine("postgresql+asyncpg" + address[address.index(":") :], poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()


def _migrate_sqlite(address: str) -> None:
    """Migrate inside one real transaction: left to itself, Python's driver commits before every change of schema."""
    engine = sa.create_engine(address, poolclass=NullPool)

    @sa.event.listens_for(engine, "connect")
    def _leave_transactions_to_us(connection: Any, _: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        _migrate(connection)


def _main() -> None:
    address = context.config.attributes["address"]
    if address.startswith("sqlite"):
        _migrate_sqlite(address)
        return
    asyncio.run(_migrate_postgres(address))


_main()

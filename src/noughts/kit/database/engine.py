"""PostgreSQL through SQLAlchemy, for the commands that work on a whole database and end."""

import sqlite3
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from noughts.kit.database.hosts import Connection, Hosts

_LOCK: Final = 6_668_447  # any number, the same for every Noughts
_PATIENCE_S: Final = 10.0


def postgres_engine(address: str) -> AsyncEngine:
    """Return an engine on a `postgresql://` address, which may name whatever the driver takes: several hosts, TLS."""
    hosts = Hosts(address)

    async def connect(**options: object) -> Connection:
        return await hosts.connect(timeout=_PATIENCE_S, **options)

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)


def sqlite_engine(address: str) -> sa.Engine:
    """Return an engine on a `sqlite:///` address whose transactions are real ones.

    Left to itself, Python's driver commits before every change of schema.
    """
    engine = sa.create_engine(address, poolclass=NullPool)

    @sa.event.listens_for(engine, "connect")
    def _leave_transactions_to_us(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def keep_others_waiting(connection: sa.Connection) -> None:
    """Let one command that changes a PostgreSQL database as a whole run at a time, until its transaction ends."""
    connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))

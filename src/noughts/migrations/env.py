"""How Alembic reaches the database: one transaction, on PostgreSQL under a lock that lets one migration run."""

import asyncio

import sqlalchemy as sa
from alembic import context
from alembic.runtime.migration import MigrationInfo

from noughts.kit.database.engine import keep_others_waiting, postgres_engine, sqlite_engine
from noughts.migrations import grants

_PATIENCE = "5s"


def _migrate(connection: sa.Connection) -> None:
    is_postgres = connection.dialect.name == "postgresql"
    context.configure(connection=connection, render_as_batch=not is_postgres, on_version_apply=_noted)
    with context.begin_transaction():
        if is_postgres:
            keep_others_waiting(connection)
            # Whoever waits for a table makes everybody else wait behind it.
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
        context.run_migrations()
        if is_postgres:
            for role in grants.let_in(connection):
                grants.give(connection, role)


def _noted(ctx: object, step: MigrationInfo, heads: object, run_args: object) -> None:
    """Keep what was done, for whoever asked for it."""
    for revision in step.up_revision_ids:
        script = context.script.get_revision(revision)
        context.config.attributes["done"].append(f"{revision}: {script.doc if script else ''}")


async def _migrate_postgres(address: str) -> None:
    engine = postgres_engine(address)
    async with engine.begin() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()


def _main() -> None:
    address = context.config.attributes["address"]
    context.config.attributes.setdefault("done", [])
    if address.startswith("sqlite"):
        with sqlite_engine(address).begin() as connection:
            _migrate(connection)
        return
    asyncio.run(_migrate_postgres(address))


_main()

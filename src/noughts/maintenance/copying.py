"""Every row from one database to another: in the order of the foreign keys, in one transaction, counted and compared."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final

import sqlalchemy as sa

from noughts.kit.errors import Refusal
from noughts.maintenance.postgres import connected
from noughts.maintenance.tables import Column, Kind, Plain, Table, Tally, for_postgres, for_sqlite
from noughts.migrations import ownership

Tell = Callable[[str], None]
_AT_ONCE: Final = 2_000
_TOLD_EVERY: Final = 50 * _AT_ONCE
# The computer's seven accounts are made with the tables.
_MADE_WITH_THE_TABLES: Final = "DELETE FROM users WHERE kind = 'computer'"


async def into_postgres(source: sqlite3.Connection, address: str, tell: Tell) -> int:
    """Copy everything from a SQLite file into a migrated, empty database; return how many rows. Raises Refusal.

    Nothing is there unless everything is, and the same: both sides are counted and compared before the end.
    """
    async with connected(address) as connection:
        tables = await connection.run_sync(_tables)
        driver = (await connection.get_raw_connection()).driver_connection
        await connection.run_sync(_begin_alone, tables)
        total = 0
        for table in tables:
            await _move(driver, table, source, tell)
            total += await _compared(driver, table, source, tell)
        return total


async def into_sqlite(address: str, target: sqlite3.Connection, tell: Tell) -> int:
    """Copy everything as it was at one moment into a migrated, empty SQLite file; return how many rows. Raises Refusal."""
    async with connected(address, isolation="REPEATABLE READ") as connection:
        tables = await connection.run_sync(_tables)
        driver = (await connection.get_raw_connection()).driver_connection
        target.execute("BEGIN IMMEDIATE")
        target.execute(_MADE_WITH_THE_TABLES)
        total = 0
        for table in tables:
            found = Tally()
            places = ", ".join("?" * len(table.columns))
            insert = f"INSERT INTO {table.name} ({', '.join(table.names)}) VALUES ({places})"
            async for rows in _pieces(driver, table):
                for row in rows:
                    found.add(row)
                target.executemany(insert, rows)
            _require_same(table, found, _tally(target, table))
            total += found.rows
            tell(_told(table, found))
        if target.execute("PRAGMA foreign_key_check").fetchone():
            raise Refusal("Some rows refer to others that are not there: nothing was written.")
        target.execute("COMMIT")
        return total


def _tables(connection: sa.Connection) -> list[Table]:
    """Return the tables to move, each behind those it refers to; raises Refusal for a schema of other code."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    strangers = {table.name for table in metadata.sorted_tables} ^ ownership.tables()
    if strangers:
        raise Refusal(f"The database is not as this version of Noughts knows it: {', '.join(sorted(strangers))}.")
    return [
        Table(table.name, tuple(Column(column.name, _kind(column.type)) for column in table.columns))
        for table in metadata.sorted_tables
        if table.name not in ownership.OF_NOBODY
    ]


def _kind(kind: sa.types.TypeEngine[Any]) -> Kind:
    for known, name in _KINDS.items():
        if isinstance(kind, known):
            return name
    raise Refusal(f"The database has a column of a type nobody can move: {kind}.")


_KINDS: Final[dict[type[sa.types.TypeEngine[Any]], Kind]] = {
    sa.types.Uuid: "id",
    sa.types.DateTime: "time",
    sa.types.LargeBinary: "bytes",
    sa.types.Boolean: "flag",
    sa.types.Float: "real",
    sa.types.Integer: "number",
    sa.types.String: "text",
}


def _begin_alone(connection: sa.Connection, tables: list[Table]) -> None:
    """Keep everybody else from writing, and make sure that nobody has."""
    for table in tables:
        connection.exec_driver_sql(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE NOWAIT")
    connection.exec_driver_sql(_MADE_WITH_THE_TABLES)
    for table in tables:
        if connection.scalar(sa.text(f"SELECT EXISTS (SELECT 1 FROM {table.name})")):
            raise Refusal(f"The database is not empty: there are rows in {table.name}. Nothing was changed.")


async def _move(driver: Any, table: Table, source: sqlite3.Connection, tell: Tell) -> None:  # noqa: ANN401 - untyped
    """Copy the rows of one table over, some thousand at a time."""
    count = 0
    for rows in _sqlite_pieces(source, table):
        records = [for_postgres(table, row) for row in rows]
        await driver.copy_records_to_table(table.name, columns=table.names, records=records)
        count += len(rows)
        if count % _TOLD_EVERY == 0:
            tell(f"{table.name}: {count} so far")


async def _compared(driver: Any, table: Table, source: sqlite3.Connection, tell: Tell) -> int:  # noqa: ANN401 - untyped
    found = Tally()
    async for rows in _pieces(driver, table):
        for row in rows:
            found.add(row)
    _require_same(table, _tally(source, table), found)
    tell(_told(table, found))
    return found.rows


def _told(table: Table, found: Tally) -> str:
    return f"{table.name}: {found.rows}" + (f" ({found.digest[:16]})" if found.rows else "")


def _require_same(table: Table, there: Tally, here: Tally) -> None:
    if there.total != here.total:
        raise Refusal(
            f"{table.name} would not be the same: {there.rows} rows ({there.digest[:16]}) became {here.rows}"
            f" ({here.digest[:16]}). Nothing was changed."
        )


def _tally(source: sqlite3.Connection, table: Table) -> Tally:
    tally = Tally()
    for rows in _sqlite_pieces(source, table):
        for row in rows:
            tally.add(row)
    return tally


def _sqlite_pieces(source: sqlite3.Connection, table: Table) -> Iterator[list[tuple[Plain, ...]]]:
    cursor = source.execute(f"SELECT {', '.join(table.names)} FROM {table.name}")
    while rows := cursor.fetchmany(_AT_ONCE):
        yield rows


async def _pieces(driver: Any, table: Table) -> AsyncIterator[list[list[Plain]]]:  # noqa: ANN401 - asyncpg ships no types
    """Yield the rows of a table of PostgreSQL's, as SQLite keeps them."""
    cursor = await driver.cursor(f"SELECT {', '.join(table.names)} FROM {table.name}")
    fetch: Callable[[int], Awaitable[list[Any]]] = cursor.fetch
    while rows := await fetch(_AT_ONCE):
        yield [for_sqlite(tuple(row)) for row in rows]

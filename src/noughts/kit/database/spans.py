"""A database whose statements are traced: what they do to which tables and how long it takes, never what stands in them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final, TypeVar

from noughts.kit.database.statements import Argument, Database, Query, Sql, Then, Write, submitted
from noughts.kit.errors import Unavailable
from noughts.kit.metrics import Gauges
from noughts.kit.tracing import Tracing, step

Row = TypeVar("Row")
_TABLE: Final = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)")


class _Traced:
    """Passes everything on to another database; Missed, Taken and Orphaned are answers, and no failures."""

    def __init__(self, database: Database, system: str) -> None:
        self._database = database
        self._system = system

    async def fetch(self, query: Query[Row], *args: Argument) -> Row | None:
        with self._asking(_summary(query)):
            return await self._database.fetch(query, *args)

    async def scan(self, query: Query[Row], *args: Argument) -> list[Row]:
        with self._asking(_summary(query)):
            return await self._database.scan(query, *args)

    async def write(self, *statements: Write) -> None:
        with self._asking("; ".join(dict.fromkeys(_summary(statement.sql) for statement in statements))):
            await self._database.write(*statements)

    def submit(self, then: Then, *statements: Write) -> None:
        submitted(self.write(*statements), then)

    def gauges(self) -> Gauges:
        return self._database.gauges()

    async def close(self) -> None:
        await self._database.close()

    @contextmanager
    def _asking(self, summary: str) -> Iterator[None]:
        with step(summary, {"db.system.name": self._system, "db.query.summary": summary}, kind="client") as asked:
            try:
                yield
            except Unavailable:
                asked.fail(Unavailable.slug())
                raise


def traced_database(database: Database, tracing: Tracing, address: str) -> Database:
    """Return the database at an address with its statements traced, or the database itself where nothing is."""
    system = "sqlite" if address.startswith("sqlite:") else "postgresql"
    return _Traced(database, system) if tracing.is_on else database


@lru_cache(1_024)
def _summary(sql: Sql) -> str:
    """Return what a statement does to which table: `INSERT users`."""
    found = _TABLE.search(sql.postgres)
    return " ".join([sql.postgres.split(None, 1)[0], *(found.groups() if found else ())])

"""What a statement is, and what a database promises.

Statements are written once, in the SQL both databases speak, with parameters `$1`, `$2`, … Rows become frozen structs
(`array_like`, fields in the order of the columns), which is also where text becomes `datetime` on SQLite.
"""

import asyncio
import contextvars
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from noughts.kit.errors import Unavailable
from noughts.kit.metrics import Gauges
from noughts.kit.workers import Tasks, Work

Row = TypeVar("Row")
Argument = str | int | float | bytes | datetime | None
Then = Callable[[BaseException | None], None]
"""Is told how a write ended."""
_TOGETHER: Final = 50
_PARAMETER: Final = re.compile(r"\$(\d+)")


class Sql:
    """One statement in both spellings, translated once when it is made."""

    __slots__ = ("postgres", "sqlite")

    def __init__(self, text: str) -> None:
        self.postgres = text
        self.sqlite = _PARAMETER.sub(r"?\1", text)


class Query(Sql, Generic[Row]):
    """A statement that reads, and the struct its rows become."""

    __slots__ = ("into",)

    def __init__(self, text: str, into: type[Row]) -> None:
        super().__init__(text)
        self.into = into

    def convert(self, row: Sequence[Any]) -> Row:
        """Return a row as its struct."""
        return msgspec.convert(row, self.into, strict=False)


class Write(NamedTuple):
    """A statement that writes, and how many rows it must touch (nothing: any number)."""

    sql: Sql
    args: tuple[Argument, ...]
    rows: int | None = 1


class Missed(Exception):
    """A write touched another number of rows than it had to; its whole tuple was rolled back."""


class Taken(Exception):
    """A unique key is held by another row; the whole tuple was rolled back."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Orphaned(Exception):
    """A row that a write refers to is not there; the whole tuple was rolled back."""


def columns(row: type[msgspec.Struct], of: str = "") -> str:
    """Return a struct's fields as the column list of a SELECT, of one of several tables by its name there."""
    return ", ".join(f"{of}.{field}" if of else field for field in row.__struct_fields__)


def among(first: int, size: int) -> str:
    """Return the list of an `IN` that holds `size` parameters from `$first` on."""
    return f"({', '.join(f'${n}' for n in range(first, first + size))})"


def padded(args: Sequence[str], size: int) -> tuple[str, ...]:
    """Return arguments, of which there must be one, for such a list: the first again and again behind the others."""
    return (*args, *(args[0],) * (size - len(args)))


def inserts(table: str, rows: Sequence[msgspec.Struct]) -> list[Write]:
    """Return the writes that insert rows of one struct, fifty at a time: a fraction of the round trips."""
    pieces = [rows[start : start + _TOGETHER] for start in range(0, len(rows), _TOGETHER)]
    return [Write(_insert(table, type(piece[0]), len(piece)), _flat(piece), rows=len(piece)) for piece in pieces]


@lru_cache(256)
def _insert(table: str, row: type[msgspec.Struct], count: int) -> Sql:
    width = len(row.__struct_fields__)
    values = [
        f"({', '.join(f'${first + n}' for n in range(1, width + 1))})" for first in range(0, count * width, width)
    ]
    return Sql(f"INSERT INTO {table} ({columns(row)}) VALUES {', '.join(values)}")


def _flat(rows: Sequence[msgspec.Struct]) -> tuple[Argument, ...]:
    return tuple([value for row in rows for value in msgspec.structs.astuple(row)])


_SUBMITTED: Final = Tasks()


def submitted(write: Work, then: Then) -> None:
    """Call `then` once a write is done that somebody could have waited for."""

    def told(task: asyncio.Task[None]) -> None:
        then(Unavailable("It was given up.") if task.cancelled() else task.exception())

    _SUBMITTED.start(write).add_done_callback(told, context=contextvars.Context())


class Database(Protocol):
    """One relational database. Raises `Unavailable` when it cannot be asked."""

    async def fetch(self, query: Query[Row], *args: Argument) -> Row | None:
        """Return the row found by a key, or nothing."""

    async def scan(self, query: Query[Row], *args: Argument) -> list[Row]:
        """Return the rows of a list, off the event loop where reading would block it."""

    def write(self, *statements: Write) -> Awaitable[None]:
        """Run the statements in one transaction; what is returned is done once they are durable.

        Raises `Missed`, `Taken` or `Orphaned`, with nothing written; `Unavailable` when it was not, or not surely, written.
        """

    def submit(self, then: Then, *statements: Write) -> None:
        """Do the same while nobody waits: `then` is called with nothing, or with what would be raised.

        For what is done so often that waking somebody for it counts. It is called in nobody's context.
        """

    def gauges(self) -> Gauges:
        """Return what is worth watching."""

    async def close(self) -> None:
        """Finish what was accepted and let go of the connections."""

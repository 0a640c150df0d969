"""Rows as both databases hold them: which values mean the same, and a digest that shows whether two tables do."""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

from noughts.kit.errors import Refusal
from noughts.kit.times import rfc3339

Kind = Literal["id", "time", "bytes", "text", "flag", "real", "number"]
Plain = str | int | float | bytes | None
_CIRCLE: Final = 1 << 256


class Column(NamedTuple):
    """A column and what stands in it."""

    name: str
    kind: Kind


class Table(NamedTuple):
    """A table whose rows are moved."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return [column.name for column in self.columns]


class Tally:
    """How many rows there are, and a digest of them that no order of theirs changes."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: Sequence[Plain]) -> None:
        """Take in a row, in the form SQLite keeps it."""
        self.rows += 1
        digest = hashlib.sha256(repr(tuple(row)).encode("utf-8", "surrogatepass")).digest()
        self._sum = (self._sum + int.from_bytes(digest, "big")) % _CIRCLE

    @property
    def digest(self) -> str:
        """The digest in hexadecimal."""
        return f"{self._sum:064x}"

    @property
    def total(self) -> tuple[int, str]:
        """Both: the same for tables that hold the same rows."""
        return self.rows, self.digest


def for_postgres(table: Table, row: Sequence[Any]) -> list[Any]:
    """Return a row of SQLite's as PostgreSQL takes it; raises Refusal for a value that would not come back the same."""
    return [_checked(table, column, value, row) for column, value in zip(table.columns, row, strict=True)]


def for_sqlite(row: Sequence[Any]) -> list[Plain]:
    """Return a row of PostgreSQL's as SQLite keeps it."""
    return [_plain(value) for value in row]


def _checked(table: Table, column: Column, value: Plain, row: Sequence[Plain]) -> Any:  # noqa: ANN401 - as the driver takes it
    if value is None:
        return None
    try:
        meant = _MEANT[column.kind](value)
    except (TypeError, ValueError):
        raise _strange(table, column, row) from None
    if _plain(meant) != value:
        raise _strange(table, column, row)
    return meant


def _strange(table: Table, column: Column, row: Sequence[Plain]) -> Refusal:
    return Refusal(f"{table.name}: the row that begins with {row[0]!r} has no {column.kind} in its {column.name}.")


def _id(value: Any) -> uuid.UUID:  # noqa: ANN401 - whatever SQLite holds
    return uuid.UUID(_text(value))


def _time(value: Any) -> datetime:  # noqa: ANN401 - whatever SQLite holds
    return datetime.fromisoformat(value).astimezone(UTC)


def _text(value: Any) -> str:  # noqa: ANN401 - whatever SQLite holds
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    return value


def _bytes(value: Any) -> bytes:  # noqa: ANN401 - whatever SQLite holds
    if not isinstance(value, bytes):
        raise TypeError(value)
    return value


def _number(value: Any) -> int:  # noqa: ANN401 - whatever SQLite holds
    if type(value) is not int:
        raise TypeError(value)
    return value


def _real(value: Any) -> float:  # noqa: ANN401 - whatever SQLite holds
    if not isinstance(value, float):
        raise TypeError(value)
    return value


def _flag(value: Any) -> bool:  # noqa: ANN401 - whatever SQLite holds
    if _number(value) not in (0, 1):
        raise ValueError(value)
    return bool(value)


_MEANT: Final[dict[Kind, Callable[[Any], Any]]] = {
    "id": _id,
    "time": _time,
    "bytes": _bytes,
    "text": _text,
    "flag": _flag,
    "real": _real,
    "number": _number,
}


def _plain(value: Any) -> Plain:  # noqa: ANN401 - as the driver gives it
    """Return a value as SQLite keeps it. What PostgreSQL holds beyond a millisecond shows in the digest."""
    if isinstance(value, datetime):
        at = value.astimezone(UTC)
        return rfc3339(at) if at.microsecond % 1_000 == 0 else at.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, str | int | float | bytes):
        return value
    raise TypeError(type(value))

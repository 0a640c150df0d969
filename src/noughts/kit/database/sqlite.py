"""SQLite: reads on the event loop or a reader thread, writes in shared commits."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from noughts.kit.database.group_commit import GroupCommit
from noughts.kit.database.statements import Argument, Query, Then, Write
from noughts.kit.errors import Refusal, Unavailable, Unprepared
from noughts.kit.metrics import Gauges
from noughts.kit.times import rfc3339

Row = TypeVar("Row")
_BUSY_MS: Final = 5_000
_LOG_PAGES: Final = 4_000
"""Pages of 4 KiB in the log before it is carried over into the file, for which whoever writes waits: p99 of moves 5.1 ms, with 1 000 7.9."""
_SETTINGS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "temp_store = MEMORY",
    f"wal_autocheckpoint = {_LOG_PAGES}",
    f"busy_timeout = {_BUSY_MS}",
)
_WARM_PAGES: Final = 16_384

sqlite3.register_adapter(datetime, rfc3339)  # times are kept as RFC 3339 text


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Return a connection in autocommit mode with our settings; raises sqlite3.OperationalError."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    for setting in _SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


class Sqlite:
    """One file in WAL mode. Made on the event loop that will use it."""

    def __init__(self, path: Path) -> None:
        try:
            _warm(path)
            self._reads = connect(path, read_only=True)
            self._scans = connect(path, read_only=True)
            self._writes = GroupCommit(connect(path))
        except (OSError, sqlite3.Error) as error:
            raise Refusal(f"The database {path} cannot be opened: {error}.") from None
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="sqlite-reader")
        self._loop = asyncio.get_running_loop()

    async def fetch(self, query: Query[Row], *args: Argument) -> Row | None:
        with _translated():
            if not self._reads.in_transaction:
                self._begin_reading()
            row = self._reads.execute(query.sqlite, args).fetchone()
        return None if row is None else query.convert(row)

    async def scan(self, query: Query[Row], *args: Argument) -> list[Row]:
        def rows() -> list[Any]:
            return self._scans.execute(query.sqlite, args).fetchall()

        with _translated():
            found = await self._in_reader(rows)
        return [query.convert(row) for row in found]

    def write(self, *statements: Write) -> Awaitable[None]:
        return self._writes.write(statements)

    def submit(self, then: Then, *statements: Write) -> None:
        self._writes.submit(then, statements)

    def gauges(self) -> Gauges:
        return self._writes.gauges()

    async def close(self) -> None:
        await self._writes.close()
        await asyncio.sleep(0)  # the end of this turn's reads
        self._reader.shutdown()
        self._reads.close()
        self._scans.close()

    def _begin_reading(self) -> None:
        """Read at one moment until this turn of the loop ends: by itself every read would lock the file and let it go.

        Whoever is woken by a later commit finds it: the end stands before them in the loop's queue.
        """
        self._reads.execute("BEGIN")
        self._loop.call_soon(self._end_reading)

    def _end_reading(self) -> None:
        if self._reads.in_transaction:  # an error may have ended it before
            self._reads.execute("COMMIT")

    async def _in_reader(self, work: Callable[[], list[Any]]) -> list[Any]:
        return await self._loop.run_in_executor(self._reader, work)


def _warm(path: Path) -> None:
    """Read the file's first pages once: a cold page would stall every request on the loop.

    Before any connection of this process: closing a file drops every lock the process has on it, SQLite's among them, and
    the next process to close its own connection (`noughts users list`) would then delete the log we write to.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for _ in range(_WARM_PAGES):
            if not file.read(65_536):
                break


class _translated(contextlib.AbstractContextManager[None]):  # noqa: N801 - reads as a statement
    """Turns a failing file into `Unavailable`."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, sqlite3.OperationalError) and str(error).startswith("no such table"):
            raise Unprepared from error
        if isinstance(error, sqlite3.Error):
            raise Unavailable(f"The store cannot be read: {error}.") from error

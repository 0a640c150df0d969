"""SQLite: reads on the event loop, writes by one thread that commits many requests at once."""

import asyncio
import contextlib
import queue
import re
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from noughts.kit.database.statements import Argument, Missed, Orphaned, Query, Taken, Write
from noughts.kit.errors import Unavailable, Unprepared
from noughts.kit.times import rfc3339

Row = TypeVar("Row")
_BATCH: Final = 256
_BUSY_MS: Final = 5_000
_SETTINGS: Final = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", f"busy_timeout = {_BUSY_MS}")
_UNIQUE: Final = re.compile(r"(?:UNIQUE|PRIMARY KEY) constraint failed: (?:index ')?([^']+)")
_WARM_PAGES: Final = 16_384


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Return a connection in autocommit mode with our settings; raises sqlite3.OperationalError."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    for setting in _SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


def _bind(args: Sequence[Argument]) -> tuple[Any, ...]:
    return tuple([rfc3339(arg) if type(arg) is datetime else arg for arg in args])


def _meaning(error: Exception) -> Exception:
    """Return a violation in our terms, a unique key named as on PostgreSQL: `users.email_key` is `users_email_key`."""
    if not isinstance(error, sqlite3.IntegrityError):
        return error
    if str(error).startswith("FOREIGN KEY"):
        return Orphaned()
    found = _UNIQUE.search(str(error))
    if found is None:
        return error
    table, _, rest = found[1].partition(".")
    return Taken("_".join([table, *(column.rpartition(".")[2] for column in rest.split(", "))]).rstrip("_"))


class _Job(NamedTuple):
    statements: tuple[Write, ...]
    answer: asyncio.Future[None]


class _Writer(threading.Thread):
    """The one thread that writes. Each job is a savepoint of the batch's transaction: it fails or holds alone."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(name="sqlite-writer", daemon=True)
        self.jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._path = path
        self._loop = loop

    def run(self) -> None:
        connection = connect(self._path)
        while (job := self.jobs.get()) is not None:
            batch = [job, *self._waiting()]
            outcomes = self._commit(connection, batch)
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
                self._loop.call_soon_threadsafe(_answer, outcomes)
        connection.close()

    def _waiting(self) -> list[_Job]:
        """Take what else has come in; the end of all work is put back for the next round."""
        jobs: list[_Job] = []
        while len(jobs) < _BATCH:
            try:
                job = self.jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self.jobs.put(None)
                break
            jobs.append(job)
        return jobs

    def _commit(self, connection: sqlite3.Connection, batch: list[_Job]) -> list[tuple[_Job, Exception | None]]:
        try:
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [(job, _attempt(connection, job.statements)) for job in batch]
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            return [(job, Unavailable(f"The store cannot write: {error}.")) for job in batch]
        return outcomes


def _attempt(connection: sqlite3.Connection, statements: tuple[Write, ...]) -> Exception | None:
    """Run one job inside the open transaction; return what went wrong, the job undone."""
    connection.execute("SAVEPOINT job")
    try:
        for sql, args, rows in statements:
            touched = connection.execute(sql.sqlite, _bind(args)).rowcount
            if rows is not None and touched != rows:
                raise Missed(sql.postgres)
    except sqlite3.OperationalError:  # the file, not the job: nobody's write of this batch holds
        raise
    except Exception as error:  # noqa: BLE001 - whatever one job did wrong, the writer and the others go on
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return _meaning(error)
    connection.execute("RELEASE job")
    return None


def _answer(outcomes: list[tuple[_Job, Exception | None]]) -> None:
    for (_, answer), error in outcomes:
        if answer.done():
            continue
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(error)


class Sqlite:
    """One file in WAL mode. Made on the event loop that will use it."""

    def __init__(self, path: Path) -> None:
        _warm(path)
        self._reads = connect(path, read_only=True)
        self._scans = connect(path, read_only=True)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="sqlite-reader")
        self._loop = asyncio.get_running_loop()
        self._writer = _Writer(path, self._loop)
        self._writer.start()

    async def fetch(self, query: Query[Row], *args: Argument) -> Row | None:
        with _translated():
            row = self._reads.execute(query.sqlite, _bind(args)).fetchone()
        return None if row is None else query.convert(row)

    async def scan(self, query: Query[Row], *args: Argument) -> list[Row]:
        def rows() -> list[Any]:
            return self._scans.execute(query.sqlite, _bind(args)).fetchall()

        with _translated():
            found = await self._in_reader(rows)
        return [query.convert(row) for row in found]

    async def write(self, *statements: Write) -> None:
        answer: asyncio.Future[None] = self._loop.create_future()
        self._writer.jobs.put(_Job(statements, answer))
        await answer

    async def close(self) -> None:
        self._writer.jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        self._reader.shutdown()
        self._reads.close()
        self._scans.close()

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

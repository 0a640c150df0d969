"""Many writes, one commit: SQLite's transaction shared by whatever requests are waiting.

The loop runs the statements, which touch memory alone and take microseconds; a thread waits for the disk. One hand-over
for each commit, not for each statement: Python lets one thread run at a time, and a busy loop gives way to another only
now and then.
"""

import asyncio
import contextlib
import contextvars
import re
import sqlite3
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from noughts.kit.database.statements import Missed, Orphaned, Taken, Then, Write
from noughts.kit.errors import Unavailable
from noughts.kit.logging import log
from noughts.kit.metrics import Gauges

_BATCH: Final = 128
_PATIENCE_MS: Final = 5_000
_UNIQUE: Final = re.compile(r"(?:UNIQUE|PRIMARY KEY) constraint failed: (?:index ')?([^']+)")


_Job = tuple[tuple[Write, ...], Then]
"""Statements, and whom to tell how they fared."""


class GroupCommit:
    """The one connection that writes. Each job is a savepoint of a shared transaction: it fails or holds alone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="sqlite-disk")
        self._jobs: deque[_Job] = deque()
        self._written = self._commits = 0
        self._working: asyncio.Task[None] | None = None
        self._wait_for_others(0)

    def write(self, statements: tuple[Write, ...]) -> asyncio.Future[None]:
        """Return what is done once the statements are on the disk, or fails with Missed, Taken, Orphaned or Unavailable."""
        answer: asyncio.Future[None] = self._loop.create_future()
        self.submit(partial(_tell, answer), statements)
        return answer

    def submit(self, then: Then, statements: tuple[Write, ...]) -> None:
        """Call `then` in the end, with nothing or with what would be raised."""
        self._jobs.append((statements, then))
        if self._working is None:
            self._working = self._loop.create_task(self._work(), context=contextvars.Context())  # nobody's own

    def gauges(self) -> Gauges:
        """Return what is worth watching."""
        return {
            "noughts_database_writes_waiting": ("Writes that wait for the next commit.", lambda: len(self._jobs)),
            "noughts_database_writes_total": ("Writes that were tried.", lambda: self._written),
            "noughts_database_commits_total": ("Commits that wrote them.", lambda: self._commits),
        }

    async def close(self) -> None:
        """Finish what was accepted."""
        while self._working is not None:
            await asyncio.wait([self._working])
        self._disk.shutdown()
        self._connection.close()

    async def _work(self) -> None:
        """Commit batch after batch; while one waits for the disk the next gathers."""
        try:
            while self._jobs:
                batch = await self._gathered()
                self._written += len(batch)
                for (_, then), outcome in zip(batch, await self._commit(batch), strict=True):
                    try:
                        then(outcome)
                    except Exception:  # noqa: BLE001 - whatever one makes of it, the others are told
                        log.exception("write_untold")
        finally:
            self._working = None

    async def _gathered(self) -> list[_Job]:
        """Return the next batch. The loop may turn as long as that brings more: a commit costs what several jobs do."""
        waiting = 0
        while waiting < len(self._jobs) < _BATCH:
            waiting = len(self._jobs)
            await asyncio.sleep(0)
        return [self._jobs.popleft() for _ in range(min(_BATCH, len(self._jobs)))]

    async def _commit(self, batch: list[_Job]) -> list[Exception | None]:
        """Return for each job what went wrong with it, or nothing, once the others are durable."""
        try:
            await self._begin()
            outcomes = [self._attempt(statements) for statements, _ in batch]
            await self._at_the_disk("COMMIT")
            self._commits += 1
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody may be left without an answer
            with contextlib.suppress(sqlite3.Error):
                await self._at_the_disk("ROLLBACK")
            return [Unavailable(f"The store cannot write: {error}.")] * len(batch)
        return outcomes

    async def _begin(self) -> None:
        """Begin at once, or, while another process writes (the command line), wait for it off the loop."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            self._wait_for_others(_PATIENCE_MS)
            try:
                await self._at_the_disk("BEGIN IMMEDIATE")
            finally:
                self._wait_for_others(0)

    def _attempt(self, statements: tuple[Write, ...]) -> Exception | None:
        """Run one job inside the open transaction; return what went wrong, the job undone."""
        if len(statements) == 1:
            return self._attempt_one(statements[0])
        execute = self._connection.execute
        execute("SAVEPOINT job")
        try:
            for sql, args, rows in statements:
                touched = execute(sql.sqlite, args).rowcount
                if rows is not None and touched != rows:
                    raise Missed(sql.postgres)
        except sqlite3.OperationalError:  # the file, not the job: nobody's write of this batch holds
            raise
        except Exception as error:  # noqa: BLE001 - whatever one job did wrong, the others go on
            execute("ROLLBACK TO job")
            execute("RELEASE job")
            return _meaning(error)
        execute("RELEASE job")
        return None

    def _attempt_one(self, statement: Write) -> Exception | None:
        """Run a job of one statement, which SQLite undoes by itself when it fails and which touches nothing when it misses."""
        sql, args, rows = statement
        try:
            touched = self._connection.execute(sql.sqlite, args).rowcount
        except sqlite3.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one job did wrong, the others go on
            return _meaning(error)
        if rows is None or touched == rows:
            return None
        if touched:
            raise sqlite3.OperationalError(f"{touched} rows were touched instead of {rows}")
        return Missed(sql.postgres)

    async def _at_the_disk(self, statement: str) -> None:
        await self._loop.run_in_executor(self._disk, self._connection.execute, statement)

    def _wait_for_others(self, milliseconds: int) -> None:
        self._connection.execute(f"PRAGMA busy_timeout = {milliseconds}")


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


def _tell(answer: asyncio.Future[None], outcome: BaseException | None) -> None:
    if answer.done():
        return
    if outcome is None:
        answer.set_result(None)
    else:
        answer.set_exception(outcome)

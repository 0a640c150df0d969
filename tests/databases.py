"""Migrated databases on a real PostgreSQL, made and dropped behind the tests' backs: that takes time, but none of theirs."""

import asyncio
import uuid
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import asyncpg

from noughts import migrations

# File by file is the quicker way for a small database that is on no disk: 15 ms, not 35.
_COPY = "CREATE DATABASE {} TEMPLATE migrated STRATEGY FILE_COPY"


def within(server: str, name: str) -> str:
    """Return the address of a database of that name on a server."""
    path, question, query = server.partition("?")
    return path.rpartition("/")[0] + f"/{name}" + question + query


class Copies:
    """Copies of a migrated database: the next one is made while the last one is used."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="copies")
        self._runner = asyncio.Runner()
        self._connection: Any = self._apart(asyncpg.connect(server)).result()
        self._apart(self._connection.execute("CREATE DATABASE migrated")).result()
        self._apart(migrations.upgrade(within(server, "migrated"))).result()
        self._next = self._apart(self._made())
        self._dropped: list[Future[None]] = []

    def take(self) -> str:
        """Return the address of one nobody has used."""
        name, self._next = self._next.result(), self._apart(self._made())
        return within(self._server, name)

    @contextmanager
    def one(self) -> Iterator[str]:
        """Yield the address of one that is dropped afterwards, whoever is still connected to it."""
        address = self.take()
        try:
            yield address
        finally:
            name = address.partition("?")[0].rpartition("/")[2]
            self._dropped.append(self._apart(self._connection.execute(f"DROP DATABASE {name} WITH (FORCE)")))

    def close(self) -> None:
        """Finish what was begun; raises whatever went wrong with it."""
        for done in (self._next, *self._dropped, self._apart(self._connection.close())):
            done.result()
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    async def _made(self) -> str:
        name = f"test_{uuid.uuid4().hex}"
        await self._connection.execute(_COPY.format(name))
        return name

    def _apart(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return self._thread.submit(self._runner.run, work)

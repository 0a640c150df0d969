"""A gate before a real server, for what happens on a network: shut, it lets nobody through; frozen, it swallows everything."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Gate:
    """A listener on loopback that carries bytes to a server and back, as long as it is told to."""

    def __init__(self, beyond: Callable[[], Awaitable[Streams]]) -> None:
        self.port = 0
        self.is_frozen = False
        self._is_shut = False
        self._beyond = beyond
        self._passing: set[asyncio.Task[None]] = set()

    def shut(self) -> None:
        """Cut every connection, and let no new one through."""
        self._is_shut = True
        for task in self._passing:
            task.cancel()

    def open(self) -> None:
        """Let everything through again."""
        self._is_shut = self.is_frozen = False

    async def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        task = asyncio.ensure_future(self._carry(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await task
        writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_shut:
            return
        away, home = await self._beyond()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._copy(reader, home))
                both.create_task(self._copy(away, writer))
        except* OSError:
            pass
        finally:
            home.transport.abort()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            if not self.is_frozen:
                target.write(data)
                await target.drain()
        raise ConnectionResetError


@asynccontextmanager
async def before(beyond: Callable[[], Awaitable[Streams]]) -> AsyncIterator[Gate]:
    """Stand before a server for the length of a block."""
    gate = Gate(beyond)
    listener = await asyncio.start_server(gate.enter, "127.0.0.1", 0)
    gate.port = listener.sockets[0].getsockname()[1]
    try:
        yield gate
    finally:
        gate.shut()
        listener.close()

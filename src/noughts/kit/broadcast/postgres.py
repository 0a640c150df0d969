"""News over LISTEN and NOTIFY, on a connection of its own: a pooled one keeps no session, and a pooler passes nothing on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final

import asyncpg

from noughts.kit.broadcast.relay import Lost

_DEADLINE_S: Final = 5.0
_PARTING_S: Final = 1.0
_NOTIFY: Final = "SELECT count(pg_notify($1, envelope)) FROM unnest($2::text[]) AS envelope"
_GONE: Final = b""
_LOST: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""The last where a line that was just lost is written to."""


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _LOST as error:
        raise Lost(f"PostgreSQL: {str(error) or type(error).__name__}") from None


class Notify:
    """A channel of the database. Sent and heard on one connection, so that both are lost together.

    PostgreSQL tells whoever sent first and wakes one process for each of the others (1 to 3 ms measured).
    """

    behind_s = 0.01

    def __init__(self, address: str, channel: str) -> None:
        self._address = address
        self._channel = channel

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator["Session"]:
        """Listen for the length of a block; raises Lost."""
        with _translated():
            connection = await asyncpg.connect(
                self._address,
                timeout=_DEADLINE_S,
                command_timeout=_DEADLINE_S,
                server_settings={"application_name": "noughts events"},
            )
        try:
            session = Session(connection, self._channel)
            await session.listen()
            yield session
        finally:
            with contextlib.suppress(*_LOST):
                await connection.close(timeout=_PARTING_S)


class Session:
    """A connection that listens."""

    def __init__(self, connection: Any, channel: str) -> None:  # noqa: ANN401 - asyncpg ships no types
        self._connection = connection
        self._channel = channel
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(self) -> None:
        """Hear everything from now on; raises Lost."""
        self._connection.add_termination_listener(lambda _: self._heard.put_nowait(_GONE))
        with _translated():
            await self._connection.add_listener(self._channel, self._hear)

    async def send(self, envelopes: Sequence[bytes]) -> None:
        with _translated():
            await self._connection.execute(_NOTIFY, self._channel, [envelope.decode() for envelope in envelopes])

    async def receive(self) -> bytes:
        found = await self._heard.get()
        if found == _GONE:
            raise Lost("PostgreSQL: the connection was closed")
        return found

    def _hear(self, connection: object, pid: int, channel: str, payload: str) -> None:
        self._heard.put_nowait(payload.encode())

"""The HTTP server: where it listens, how it ends."""

import asyncio
import contextlib
import errno
import resource
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from noughts.kit.edge.answers import Entrance
from noughts.kit.edge.connection import Connection
from noughts.kit.edge.speakers import Switchboard
from noughts.kit.errors import Refusal
from noughts.kit.metrics import Requests

_BACKLOG: Final = 2_048
_GRACE_S: Final = 10.0


def _allow_many_connections() -> None:
    """Open as many files as the system allows: shells begin with 1024, and each idle connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


Listener = socket.socket


def listen(host: str, port: int, named: str = "--port") -> Listener:
    """Return a listening socket; raises Refusal when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "another program listens there" if taken else getattr(error, "strerror", "it is no address")
        raise Refusal(f"Port {port} of {host} cannot be had: {why}. Choose another {named}.") from None


@asynccontextmanager
async def serving(
    entrance: Entrance, listener: Listener, requests: Requests | None = None
) -> AsyncIterator[Switchboard]:
    """Serve for the length of a block; then take no new connections and finish the requests under way, in 10 s.

    `requests` is told how many connections are open, and what never became a request.
    """
    board = Switchboard(requests or Requests())
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(board, entrance), sock=listener, backlog=_BACKLOG
    )
    try:
        yield board
    finally:
        server.close()
        await board.close(_GRACE_S)


async def serve(*served: tuple[Entrance, Listener], requests: Requests, drain: Callable[[], Awaitable[None]]) -> None:
    """Serve each entrance at its listener until SIGTERM or SIGINT, and then for as long as `drain` takes.

    Meanwhile each answer is the last of its connection, so that whoever keeps some goes elsewhere with the next. The
    connections of the first listener are the ones that are counted.
    """
    _allow_many_connections()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with AsyncExitStack() as stack:
        boards = [
            await stack.enter_async_context(serving(entrance, listener, None if place else requests))
            for place, (entrance, listener) in enumerate(served)
        ]
        await told.wait()
        for board in boards:
            board.is_draining = True
        await drain()

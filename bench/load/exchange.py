"""Many requests whose answers matter and whose speed does not: setting a run up."""

import math
from functools import partial

from bench.load.loop import Connection, Loop


class Unexpected(Exception):
    """A server refused what a run needs."""


def exchange(port: int, requests: list[bytes], *, expect: int) -> list[bytes]:
    """Send all requests, sixteen at once, and return the bodies in order.

    Raises `Unexpected` when an answer has another status.
    """
    return Exchange(port, requests, expect).bodies() if requests else []


class Exchange:
    """Requests handed to whichever connection is free."""

    def __init__(self, port: int, requests: list[bytes], expect: int) -> None:
        self._port, self._requests, self._expect = port, requests, expect
        self._loop = Loop()
        self._bodies: dict[int, bytes] = {}
        self._waiting = iter(enumerate(requests))

    def bodies(self) -> list[bytes]:
        """Send everything and return the bodies in the order of their requests."""
        for _ in range(min(16, len(self._requests))):
            self._next_on(Connection(self._loop, self._port))
        self._loop.run(lambda: math.inf)
        return [self._bodies[number] for number in range(len(self._requests))]

    def _next_on(self, connection: Connection) -> None:
        if item := next(self._waiting, None):
            number, request = item
            connection.send(request, partial(self._answered, connection, number))
        else:
            connection.close()

    def _answered(self, connection: Connection, number: int, status: int, body: bytes) -> None:
        if status != self._expect:
            request = self._requests[number].partition(b"\r\n")[0]
            raise Unexpected(f"{request!r} was answered {status}: {body[:300]!r}")
        self._bodies[number] = body
        self._loop.stopped = len(self._bodies) == len(self._requests)
        self._next_on(connection)

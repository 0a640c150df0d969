"""Many requests whose answers matter and whose speed does not: setting a run up."""

import math

from bench.load.loop import Connection, Loop


class Unexpected(Exception):
    """A server refused what a run needs."""


def exchange(port: int, requests: list[bytes], *, expect: int, at_once: int = 16) -> list[bytes]:
    """Send all requests, some at once, and return the bodies in order.

    Raises `Unexpected` when an answer has another status.
    """
    loop = Loop()
    bodies: list[bytes] = [b""] * len(requests)
    waiting = iter(enumerate(requests))
    left = len(requests)

    def next_on(connection: Connection) -> None:
        if (item := next(waiting, None)) is None:
            connection.close()
            return
        number, request = item

        def done(status: int, body: bytes) -> None:
            nonlocal left
            if status != expect:
                raise Unexpected(f"{request[:60]!r} was answered {status}: {body[:300]!r}")
            bodies[number] = body
            left -= 1
            loop.stopped = left == 0
            next_on(connection)

        connection.send(request, done)

    if requests:
        for _ in range(min(at_once, len(requests))):
            next_on(Connection(loop, port))
        loop.run(lambda: math.inf)
    return bodies

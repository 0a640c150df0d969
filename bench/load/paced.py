"""An open loop: requests leave when they are due, however the server is doing.

A latency counts from the moment the request was due, not from when it left, so a server
that stalls is charged for everyone who would have come meanwhile.
"""

import time
from collections import deque
from functools import partial

from bench.load import gauge
from bench.load.jobs import Outcome, Paced, Stream
from bench.load.loop import Connection, Loop
from bench.load.refusals import Refusals

GRACE = 20.0
"""Seconds to wait for the last answers; what is open then counts with its age."""


class Pacer:
    """One stream: which request is due when, and how long each took."""

    def __init__(self, run: "Run", stream: Stream, *, start: float, end: float) -> None:
        self._run, self._stream, self._end = run, stream, end
        self._start = start
        self._sent = 0
        self._idle = deque(Connection(run.loop, run.job.port) for _ in range(stream.connections))
        self._queue: deque[tuple[float, bytes]] = deque()
        self._under_way: dict[int, float] = {}
        self.latencies: list[float] = []

    def tick(self, now: float) -> float:
        """Send what is due and return when the next request is."""
        while (due := self._start + self._sent / self._stream.rate) <= now:
            if due >= self._end:
                return self._end
            self._run.lateness.append(now - due)
            request = self._stream.requests[self._sent % len(self._stream.requests)]
            self._sent += 1
            self._queue.append((due, request))
            self._send()
        return due

    def _send(self) -> None:
        while self._queue and self._idle:
            due, request = self._queue.popleft()
            connection = self._idle.popleft()
            self._under_way[id(connection)] = due
            connection.send(request, partial(self._done, connection))

    def _done(self, connection: Connection, status: int, body: bytes) -> None:
        due = self._under_way.pop(id(connection))
        if status != self._stream.expect:
            self._run.refusals.note(status, body)
        if due >= self._run.opens:
            self.latencies.append(time.perf_counter() - due)
        self._idle.append(connection)
        self._send()

    @property
    def open(self) -> list[float]:
        """When the requests without an answer were due."""
        return [*self._under_way.values(), *(due for due, _ in self._queue)]


class Run:
    """One paced job."""

    def __init__(self, job: Paced) -> None:
        self.job, self.loop, self.refusals = job, Loop(), Refusals()
        self.lateness: list[float] = []
        start = time.perf_counter() + 0.05
        self.opens = start + job.warm
        self._end = self.opens + job.seconds
        self._pacers = [
            # Streams of one rate take turns instead of leaving at the same instant.
            Pacer(self, stream, start=start + n / len(job.streams) / stream.rate, end=self._end)
            for n, stream in enumerate(job.streams)
        ]
        self._finished = 0
        self._opened: gauge.Reading | None = None
        self._closed: gauge.Reading | None = None

    def outcome(self) -> Outcome:
        """Run the job to its end and sum it up."""
        for request in self.job.background:
            self._keep_busy(Connection(self.loop, self.job.port), request)
        self.loop.run(self._tick)
        assert self._opened
        assert self._closed
        names = [stream.name for stream in self.job.streams]
        seconds = self._closed.wall - self._opened.wall
        return Outcome(
            seconds=seconds,
            rate=self._finished / seconds,
            spreads=dict(zip(names, map(gauge.spread, map(self._all, self._pacers)), strict=True)),
            refused=self.refusals.counted(),
            lateness=gauge.spread(self.lateness).p99,
            **gauge.shares(self._opened, self._closed),
        )

    def _all(self, pacer: Pacer) -> list[float]:
        now = time.perf_counter()
        return pacer.latencies + [now - due for due in pacer.open if due >= self.opens]

    def _keep_busy(self, connection: Connection, request: bytes) -> None:
        def again(status: int, body: bytes) -> None:
            if status != 200:
                self.refusals.note(status, body)
            if self._closed is None:
                self._finished += self._opened is not None
                connection.send(request, again)

        connection.send(request, again)

    def _tick(self) -> float:
        now = time.perf_counter()
        if self._opened is None and now >= self.opens:
            self._opened = gauge.read(self.job.watch, self.job.database)
        if self._closed is None and now >= self._end:
            self._closed = gauge.read(self.job.watch, self.job.database)
        if self._closed:
            answered = not any(pacer.open for pacer in self._pacers)
            self.loop.stopped = answered or now > self._end + GRACE
            return 0.05
        moments = [pacer.tick(now) for pacer in self._pacers]
        if self._opened is None:
            moments.append(self.opens)
        return min(moments) - now


def outcome(job: Paced) -> Outcome:
    """Run a paced job."""
    return Run(job).outcome()

"""A closed loop: as many requests under way as there are chains."""

import math
import time

from bench.load import gauge
from bench.load.jobs import Closed, Outcome
from bench.load.loop import Connection, Loop
from bench.load.refusals import Refusals


class Chain:
    """Requests sent one after the other, each when the one before was answered."""

    def __init__(self, run: "Run", requests: list[bytes]) -> None:
        self._run, self._requests = run, requests
        self._lanes = [Connection(run.loop, run.job.port) for _ in range(run.job.lanes)]
        self._next = 0
        self._sent = 0.0

    def step(self) -> None:
        """Send the next request, or end."""
        if self._next == len(self._requests):
            if not self._run.job.repeat:
                self._run.ended()
                return
            self._next = 0
        number, self._next = self._next, self._next + 1
        self._sent = time.perf_counter()
        self._lanes[number % len(self._lanes)].send(self._requests[number], self._answered)

    def _answered(self, status: int, body: bytes) -> None:
        self._run.answered(self._sent, status, body)
        self.step()


class Run:
    """One closed job: when it is measured and what came back."""

    def __init__(self, job: Closed) -> None:
        self.job, self.loop = job, Loop()
        self._chains = [Chain(self, requests) for requests in job.chains]
        self._latencies: list[float] = []
        self._refusals = Refusals()
        self._opened: gauge.Reading | None = None
        self._closed: gauge.Reading | None = None
        self._left = len(self._chains)
        self._turn = 0.0

    def outcome(self) -> Outcome:
        """Run the job to its end and sum it up."""
        self._turn = time.perf_counter() + self.job.warm
        for chain in self._chains:
            chain.step()
        self.loop.run(self._tick)
        assert self._opened
        assert self._closed
        seconds = self._closed.wall - self._opened.wall
        return Outcome(
            seconds=seconds,
            rate=len(self._latencies) / seconds,
            spreads={"all": gauge.spread(self._latencies)},
            refused=self._refusals.counted(),
            **gauge.shares(self._opened, self._closed),
        )

    def answered(self, sent: float, status: int, body: bytes) -> None:
        """Note an answer; only those within the measured time count."""
        if status != self.job.expect:
            self._refusals.note(status, body)
        if self._opened and not self._closed:
            self._latencies.append(time.perf_counter() - sent)

    def ended(self) -> None:
        """Note that a chain ran out: the first ends the measured time, the last the job."""
        self._left -= 1
        if self._closed is None:
            self._closed = gauge.read(self.job.watch, self.job.database)
        self.loop.stopped = self._left == 0

    def _tick(self) -> float:
        if self._closed:
            return math.inf
        now = time.perf_counter()
        if now < self._turn:
            return self._turn - now
        if self._opened is None:
            self._opened = gauge.read(self.job.watch, self.job.database)
            self._turn = self._opened.wall + self.job.seconds
            return self.job.seconds
        self._closed = gauge.read(self.job.watch, self.job.database)
        self.loop.stopped = True
        return 0.0


def outcome(job: Closed) -> Outcome:
    """Run a closed job."""
    return Run(job).outcome()

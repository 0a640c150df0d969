"""What every row works with: how much effort to make, whom to tell, when to begin."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.load import gauge
from bench.load.jobs import Closed, Job, Outcome
from bench.places import SERVER_CORE
from bench.processes import Command, free_port, generate, pinned_child, serving
from bench.subjects.accounts import Accounts

CALM = 0.15
"""Cores that may be busy when a run begins."""
BACKLOG_LIMIT = 60.0
"""Seconds a server gets to finish what clients of an earlier run no longer wait for."""


@dataclass(frozen=True)
class Effort:
    """How long and how often to measure."""

    people: int
    rounds: int
    seconds: float
    warm: float
    starts: int
    requests: int
    """Requests before memory is read."""
    paced_rounds: int
    paced_seconds: float
    games: int
    """Games each of the fifty boards plays in a run."""
    later: int
    """Rounds on the boards that are left out before as many as before are measured once more; none: they are not."""
    refreshes: int
    """Sessions each connection refreshes in a run."""
    patience: float
    """Seconds to wait in all for the neighbours to be quiet before runs."""


FULL = Effort(
    people=16,
    rounds=5,
    seconds=4.0,
    warm=1.0,
    starts=9,
    requests=10_000,
    paced_rounds=3,
    paced_seconds=20.0,
    games=8,
    later=8,
    refreshes=150,
    patience=120.0,
)
QUICK = Effort(
    people=4,
    rounds=1,
    seconds=1.0,
    warm=0.3,
    starts=3,
    requests=1_000,
    paced_rounds=1,
    paced_seconds=2.0,
    games=4,
    later=0,
    refreshes=40,
    patience=5.0,
)


@dataclass(frozen=True)
class Hashing:
    """Hashes a second of a bare process, the core it used, and the cores strangers used."""

    rate: float
    own: float
    others: float


@dataclass
class Workbench:
    """One run of the suite."""

    effort: Effort
    say: Callable[[str], None]
    """Tells the person watching what is being done."""
    ceiling: float = 0.0
    """Requests a second the generator reaches against an empty server."""
    waited: float = 0.0
    """Seconds spent waiting for the neighbours so far."""

    def run(self, job: Job, what: str) -> Outcome:
        """Run a job as soon as the machine is calm."""
        self.say(what)
        self.wait_for_calm(getattr(job, "watch", []))
        return generate(job)

    def wait_for_calm(self, watch: list[int]) -> None:
        """Wait until the server is idle, and for a while until the neighbours are too."""
        start = time.perf_counter()
        while time.perf_counter() - start < BACKLOG_LIMIT:
            before = gauge.read(watch)
            time.sleep(0.25)
            shares = gauge.shares(before, gauge.read(watch))
            if shares["server"] > CALM:
                continue
            if shares["others"] < CALM or self.waited > self.effort.patience:
                return
            self.waited += 0.25

    def raw_hashes(self, accounts: Accounts, what: str) -> Hashing:
        """Compute hashes on the server's core and nothing else."""
        self.say(what)
        self.wait_for_calm([])
        script = Path(__file__).parent / "load" / "raw_hash.py"
        cost = accounts.argon2
        argv = [str(accounts.python), str(script), str(self.effort.seconds)]
        before, spent = gauge.read([]), children_seconds()
        done = subprocess.run(
            [*argv, str(cost.memory), str(cost.passes), str(cost.lanes)],
            stdout=subprocess.PIPE,
            check=True,
            preexec_fn=pinned_child(SERVER_CORE),
        )
        shares = gauge.shares(before, gauge.read([]))
        spent = (children_seconds() - spent) / (time.perf_counter() - before.wall)
        return Hashing(**json.loads(done.stdout), others=max(0.0, shares["others"] - spent))

    def measure_ceiling(self, folder: Path) -> None:
        """Find out how fast the generator is when the server costs nothing: the best of three."""
        port = free_port()
        script = str(Path(__file__).parent / "load" / "responder.py")
        command = Command([sys.executable, script, str(port)], ready="/")
        read = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"x: %s\r\n\r\n" % (b"x" * 400)
        with serving(command, port, folder) as server:
            job = Closed(
                port=port,
                chains=[[read]] * 32,
                seconds=self.effort.seconds / 2,
                warm=self.effort.warm / 2,
                repeat=True,
                watch=server.pids,
            )
            runs = [self.run(job, "The generator against an empty server") for _ in range(3)]
        self.ceiling = max(run.rate for run in runs)


def children_seconds() -> float:
    """Return the CPU time of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime

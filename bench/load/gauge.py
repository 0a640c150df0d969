"""Who used how much processor time between two moments."""

import contextlib
import os
import time
from pathlib import Path
from typing import NamedTuple

from bench.load.jobs import Spread

TICK = os.sysconf("SC_CLK_TCK")
CPU_CLOCK = 2
"""The kernel's number for the clock of all that a process has computed (CPUCLOCK_SCHED)."""


class Reading(NamedTuple):
    """Seconds since some moment: of the wall, of this process, of the server, of its database, of all cores."""

    wall: float
    own: float
    server: float
    database: float
    machine: float


def read(watch: list[int], database: int = 0) -> Reading:
    """Read all clocks; a process that is gone counts nothing, nor does a database that is none."""
    server = sum(process_seconds(pid) for pid in watch)
    kept = tree_seconds(database) if database else 0.0
    return Reading(time.perf_counter(), time.process_time(), server, kept, machine_seconds())


def process_seconds(pid: int) -> float:
    """Return the CPU time of a process, user and system, threads that have ended included.

    It is read from the process's own clock, as clock_getcpuclockid(3) names it: nanoseconds where /proc has hundredths.
    """
    try:
        return time.clock_gettime(~pid << 3 | CPU_CLOCK)
    except OSError:
        return 0.0


def tree_seconds(root: int) -> float:
    """Return the CPU time of a process, its descendants, and those of its children that have ended."""
    return ended_seconds(root) + sum(map(process_seconds, family(root)))


def ended_seconds(pid: int) -> float:
    """Return the CPU time of a process's children that have ended (proc(5): stat, 16 and 17)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / TICK


def family(pid: int) -> list[int]:
    """Return a process and all its descendants (proc(5): children)."""
    members = [pid]
    for parent in members:
        with contextlib.suppress(OSError):  # it ended meanwhile
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                members += map(int, children.read_text().split())
    return members


def machine_seconds() -> float:
    """Return the time all cores together were not idle (proc(5): the first line of stat).

    What the hypervisor took away counts too: it is as lost to us as a stranger's work.
    """
    with Path("/proc/stat").open() as stat:
        user, nice, system, _idle, _wait, irq, softirq, stolen = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + stolen) / TICK


def shares(before: Reading, after: Reading) -> dict[str, float]:
    """Return the cores used by this process, by the server, by its database and by anyone else."""
    wall = max(after.wall - before.wall, 1e-9)
    own = (after.own - before.own) / wall
    server = (after.server - before.server) / wall
    database = (after.database - before.database) / wall
    others = max(0.0, (after.machine - before.machine) / wall - own - server - database)
    return {"own": own, "server": server, "database": database, "others": others}


def spread(seconds: list[float]) -> Spread:
    """Sum latencies up; the p99 is the smallest value that 99 of 100 do not exceed."""
    if not seconds:
        return Spread(0, 0.0, 0.0, 0.0)
    ordered = sorted(seconds)
    return Spread(len(ordered), at(ordered, 50) * 1e3, at(ordered, 99) * 1e3, ordered[-1] * 1e3)


def at(ordered: list[float], percent: int) -> float:
    """Return the nearest-rank percentile of an ordered list."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]

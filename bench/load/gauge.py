"""Who used how much processor time between two moments."""

import os
import time
from pathlib import Path
from typing import NamedTuple

from bench.load.jobs import Spread

TICK = os.sysconf("SC_CLK_TCK")


class Reading(NamedTuple):
    """Seconds since some moment: of the wall, of this process, of the server, of all cores."""

    wall: float
    own: float
    server: float
    machine: float


def read(watch: list[int]) -> Reading:
    """Read all four clocks; a process that is gone counts nothing."""
    server = sum(process_seconds(pid) for pid in watch)
    return Reading(time.perf_counter(), time.process_time(), server, machine_seconds())


def process_seconds(pid: int) -> float:
    """Return the CPU time of a process, threads that have ended included (proc(5): stat, 14 and 15)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def machine_seconds() -> float:
    """Return the time all cores together were not idle (proc(5): the first line of stat).

    What the hypervisor took away counts too: it is as lost to us as a stranger's work.
    """
    with Path("/proc/stat").open() as stat:
        user, nice, system, _idle, _wait, irq, softirq, stolen = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + stolen) / TICK


def shares(before: Reading, after: Reading) -> dict[str, float]:
    """Return the cores used by this process, by the server and by anyone else."""
    wall = max(after.wall - before.wall, 1e-9)
    own = (after.own - before.own) / wall
    server = (after.server - before.server) / wall
    machine = (after.machine - before.machine) / wall
    return {"own": own, "server": server, "others": max(0.0, machine - own - server)}


def spread(seconds: list[float]) -> Spread:
    """Sum latencies up; the p99 is the smallest value that 99 of 100 do not exceed."""
    if not seconds:
        return Spread(0, 0.0, 0.0, 0.0)
    ordered = sorted(seconds)
    return Spread(len(ordered), at(ordered, 50) * 1e3, at(ordered, 99) * 1e3, ordered[-1] * 1e3)


def at(ordered: list[float], percent: int) -> float:
    """Return the nearest-rank percentile of an ordered list."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]

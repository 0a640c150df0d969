"""Noughts in processes of their own, one of each service, behind Envoy: `noughts cluster --replicas 1`."""

import re
import sys
from pathlib import Path

from bench.places import ROOT
from bench.processes import Command

RUNS = re.compile(r"^(\S+)\s*│ runs as process (\d+)$", re.MULTILINE)
LISTENS = re.compile(r"^(\S+)\s*│ noughts: \S+ at port (\d+)$", re.MULTILINE)


class Cluster:
    """The same code, apart."""

    name = "Noughts, apart"

    def __init__(self, database: str) -> None:
        self._database = database

    def command(self, port: int, folder: Path) -> Command:
        """Start the checkout's code, with limits off: they would measure the limiter."""
        argv = [sys.executable, "-m", "noughts", "cluster", "--replicas", "1", "--port", str(port)]
        return Command(
            [*argv, "--data", str(folder / "data"), "--database", self._database],
            ready="/readyz",
            environment={"NOUGHTS_RATE_LIMITS": "off", "PYTHONPATH": str(ROOT / "src")},
        )

    def running(self, folder: Path) -> dict[str, int]:
        """Return the process id of each service and of Envoy, by its name, once it serves."""
        return _told(RUNS, folder)

    def ports(self, folder: Path) -> dict[str, int]:
        """Return where each service listens, by its name, once it serves."""
        return _told(LISTENS, folder)


def _told(what: re.Pattern[str], folder: Path) -> dict[str, int]:
    """Return numbers its log tells, by the name of the service, without that of the replica."""
    log = (folder / "server.log").read_text()
    return {name.partition(".")[0]: int(found) for name, found in what.findall(log)}

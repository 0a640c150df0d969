"""A real cluster: `noughts cluster` with its PostgreSQL, two replicas of each service and Envoy."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from tests import servers

_RUNS = re.compile(r"^(\S+)\s*│ runs as process (\d+)$", re.MULTILINE)
_LISTENS = re.compile(r"^(\S+)\s*│ noughts: \S+ at port (\d+)$", re.MULTILINE)
START_S = 60.0


class Cluster(servers.Process):
    """One `noughts cluster` on loopback; its secret and its mails lie in `data`, everybody's log in `log`."""

    def __init__(self, folder: Path, replicas: int = 2, **settings: str) -> None:
        super().__init__(folder / "data", **settings)
        self.folder, self._replicas = folder, replicas

    @property
    def command(self) -> list[str]:
        """The command line."""
        options = ("--port", str(self.port), "--data", str(self.folder), "--replicas", str(self._replicas))
        return [sys.executable, "-m", "noughts", "cluster", *options]

    @property
    def database(self) -> str:
        """The address of its database."""
        found = re.findall(r"NOUGHTS_DATABASE='(.*?)'", self.log.read_text())
        return self.settings.get("database") or str(found[-1])

    def run(self, *arguments: str) -> str:
        """Return what the command line says, run beside it on the same database."""
        command = [sys.executable, "-m", "noughts", *arguments, "--data", str(self.data)]
        environ = self.environ() | {"NOUGHTS_DATABASE": self.database}
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout

    def running(self) -> dict[str, int]:
        """Return the process id of every member, by its name (`users.1`, `envoy`)."""
        return {name: int(pid) for name, pid in _RUNS.findall(self.log.read_text())}

    def ports(self) -> dict[str, int]:
        """Return where each replica of a service listens, by its name."""
        return {name: int(port) for name, port in _LISTENS.findall(self.log.read_text())}

    def kill_member(self, name: str) -> None:
        """End one of its processes as a power cut would."""
        os.kill(self.running()[name], signal.SIGKILL)

    def replace_everything(self) -> None:
        """Let it replace all processes while it serves, and return when it has."""
        before = self.log.read_text().count("everything was replaced")
        os.kill(self.pid, signal.SIGHUP)
        deadline = time.monotonic() + 120
        while self.log.read_text().count("everything was replaced") == before:
            if time.monotonic() > deadline:
                raise TimeoutError(self.log.read_text()[-3000:])
            time.sleep(0.2)


@contextmanager
def place() -> Iterator[Path]:
    """Make a folder for a cluster for the length of a block, in memory where there is room.

    Not in pytest's own folder: every other run of pytest shuts that to other users, and PostgreSQL never runs as root.
    """
    with tempfile.TemporaryDirectory(prefix="noughts-", dir=servers.memory()) as folder:
        yield Path(folder)


@contextmanager
def clustered(folder: Path | None = None, replicas: int = 2, **settings: str) -> Iterator[Cluster]:
    """Run a cluster for the length of a block, in a folder of its own, or of the caller's."""
    with nullcontext(folder) if folder else place() as found:
        cluster = Cluster(found, replicas, **settings)
        cluster.start(wait=False)
        try:
            cluster.until_it_answers(START_S)
            yield cluster
        finally:
            cluster.stop()

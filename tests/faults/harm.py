"""How harm is done: programs started to fail, and requests that are still on their way when the power goes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests import servers


class Ended(NamedTuple):
    """How a program ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it said on standard error."""
        return [line for line in self.err.splitlines() if line.strip()]


def environment(**settings: str) -> dict[str, str]:
    """Return an environment with these settings and no others."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("NOUGHTS_")}
    return environ | {f"NOUGHTS_{name.upper()}": value for name, value in settings.items()}


def noughts(*words: str, given: str = "", **settings: str) -> Ended:
    """Run the command line to its end, away from any terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "noughts", *words], env=environment(**settings), input=given, capture_output=True,
        text=True, timeout=30, start_new_session=True, check=False,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


def serve(data: Path, **settings: str) -> Ended:
    """Start a server that is expected not to start."""
    return noughts("serve", "--port", str(servers.free_port()), "--data", str(data), **settings)


def refused(ended: Ended) -> bool:
    """Return whether a program said in one line why it does not start, and ended so."""
    return ended.status not in (0, None) and len(ended.lines) == 1 and ended.lines[0].startswith("noughts: ")

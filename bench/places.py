"""Where things are kept, and which core runs what."""

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
SCRATCH = ROOT / ".bench"
"""Ignored by git: the peers' installations, the servers' data and logs."""

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[0]
LOAD_CORE = CORES[1 % len(CORES)]
"""The generator's core; on a single core the two share it, and the report says so."""
DATABASE_CORE = SERVER_CORE
"""PostgreSQL's core: a server and what it has asked of the database share one, and the generator has its own to itself."""


def scratch(name: str) -> Path:
    """Return a folder of our own that git does not see."""
    folder = SCRATCH / name
    folder.mkdir(parents=True, exist_ok=True)
    ignore = SCRATCH / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return folder


def emptied(name: str) -> Path:
    """Return a folder of our own with nothing in it."""
    shutil.rmtree(SCRATCH / name, ignore_errors=True)
    return scratch(name)


def venv_python(name: str) -> Path:
    """Return the interpreter of a peer's virtual environment."""
    return SCRATCH / "venvs" / name / "bin" / "python"


def require_linux() -> None:
    """Refuse to run where cores cannot be pinned and nothing in /proc can be read."""
    if sys.platform != "linux":
        raise SystemExit("The benchmarks pin cores and read /proc: they run on Linux only.")

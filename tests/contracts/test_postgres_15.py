"""The oldest PostgreSQL we promise to run on: what the newest one keeps, it keeps."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import postgres_servers

HERE = Path(__file__).parent
INSTALLED = postgres_servers.DEBIANS.is_dir()


@pytest.mark.slow
@pytest.mark.skipif(not INSTALLED, reason="PostgreSQL 15 is not installed here (Debian 12: apt-get install postgresql)")
def test_everything_that_is_promised_of_databases_holds_on_postgres_15() -> None:
    environ = os.environ | {postgres_servers.OTHER: str(postgres_servers.DEBIANS)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        str(HERE),
        "-k",
        "(postgres or roles) and not postgres_15 and not broadcast",
    ]
    done = subprocess.run(
        command, env=environ, cwd=HERE.parents[1], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-4_000:]
    assert "skipped" not in done.stdout
    assert int(done.stdout.splitlines()[-1].split(" passed")[0].split()[-1]) > 150

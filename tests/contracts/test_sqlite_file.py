"""What other processes may do to the database file while a server runs on it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import servers

VISIT = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM users').fetchone()"


@pytest.fixture
def started_twice(tmp_path: Path) -> Path:
    """A data directory whose file is there before the server under test starts."""
    with servers.serving(tmp_path / "data"):
        pass
    return tmp_path / "data"


def test_a_visiting_process_does_not_take_the_log_away(started_twice: Path) -> None:
    log = started_twice / "noughts.db-wal"
    with servers.serving(started_twice) as server:
        inode = log.stat().st_ino
        subprocess.run([sys.executable, "-c", VISIT, str(started_twice / "noughts.db")], check=True)
        with server.client() as client:
            assert client.post("/guests", json={}).status_code == 201
        assert log.stat().st_ino == inode


def test_what_was_acknowledged_after_a_visit_survives_a_kill(started_twice: Path) -> None:
    server = servers.Process(started_twice).start()
    subprocess.run([sys.executable, "-c", VISIT, str(started_twice / "noughts.db")], check=True)
    with server.client() as client:
        guest = client.post("/guests", json={}).json()
    server.kill()
    with servers.serving(started_twice) as again, again.client() as client:
        renewed = client.post("/token", json={"refresh_token": guest["refresh_token"]})
    assert renewed.json()["user"]["id"] == guest["user"]["id"]

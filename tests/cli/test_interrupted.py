"""Ended before it has begun: quietly, at once, whichever process it is."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import servers
from tests.faults.harm import environment

INTERRUPTED_WHILE_LOADING = """
import os, signal, sys
class Impatient:
    def find_spec(self, name, *_):
        if name == "noughts.compose":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Impatient())
from noughts.__main__ import main
main()
"""
WAITING = {"database": "postgresql://127.0.0.1:1/x", "wait_s": "600"}


def _heeding_ctrl_c() -> None:
    """Take Ctrl-C for what it is: whoever runs the tests in the background starts them deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def waiting(folder: Path, *before: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a server that waits for a database that never comes, or what was put before it."""
    log = folder / "log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "noughts", "serve", "--port", str(servers.free_port())],
            env=environment(**WAITING), stdout=told, stderr=told, cwd=folder,
            preexec_fn=_heeding_ctrl_c,  # noqa: PLW1509 - nothing else runs in this process just now
        )  # fmt: skip
    try:
        deadline = time.monotonic() + servers.START_S
        while "waiting_for_the_database" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.wait()


def test_ctrl_c_while_it_is_being_loaded_says_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_LOADING, "serve"], env=environment(), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_server_that_waits_for_its_database_ends_when_it_is_told_to(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    with waiting(tmp_path) as process:
        process.send_signal(number)
        assert process.wait(20) == status
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may begin a tree of processes of its own")
def test_so_it_does_as_the_first_process_of_a_container(tmp_path: Path) -> None:
    with waiting(tmp_path, "unshare", "--pid", "--fork", "--kill-child") as outside:
        (first,) = Path(f"/proc/{outside.pid}/task/{outside.pid}/children").read_text().split()
        os.kill(int(first), signal.SIGTERM)
        assert outside.wait(20) == 143

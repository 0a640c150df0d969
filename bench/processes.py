"""Starting, watching and ending the servers under test."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bench.load.gauge import family
from bench.load.jobs import Job, Outcome
from bench.places import LOAD_CORE, ROOT, SERVER_CORE

START_LIMIT = 60.0
"""Seconds a server may take to its first answer before we give up."""
END_LIMIT = 10.0
PR_SET_PDEATHSIG = 1


class DidNotStart(Exception):
    """A server ended or kept silent instead of answering."""


@dataclass(frozen=True)
class Command:
    """How a server is started."""

    argv: list[str]
    ready: str
    """A path it answers as soon as it serves."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    pid: int
    started_in: float
    """Seconds from starting the process to its first whole answer."""

    @property
    def pids(self) -> list[int]:
        """The process and all its descendants."""
        return family(self.pid)

    def memory(self) -> float:
        """Return the resident memory of the whole family, in megabytes of 10^6 bytes."""
        return sum(map(resident_bytes, self.pids)) / 1e6


@contextmanager
def serving(command: Command, port: int, folder: Path) -> Iterator[Server]:
    """Run a server on the server's core until the block ends."""
    with (folder / "server.log").open("ab") as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            command.argv,
            cwd=folder,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=pinned_child(SERVER_CORE),  # noqa: PLW1509 - it takes no lock
        )
        try:
            started_in = wait_for_answer(process, port, command.ready, start)
            yield Server(port, process.pid, started_in)
        except DidNotStart as error:
            tail = (folder / "server.log").read_text(errors="replace")[-1500:]
            raise DidNotStart(f"{error}\n{tail}") from None
        finally:
            end(process)


def pinned_child(core: int) -> Callable[[], None]:
    """Return what the child does before it becomes the server: take its core, die with us."""
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        os.sched_setaffinity(0, {core})
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return prepare


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, and make it when it does not."""
    process.terminate()
    try:
        process.wait(END_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for_answer(process: subprocess.Popen[bytes], port: int, path: str, start: float) -> float:
    """Ask every two milliseconds until the server answers; return the seconds it took."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    while (elapsed := time.perf_counter() - start) < START_LIMIT:
        if process.poll() is not None:
            raise DidNotStart(f"ended with status {process.returncode} before it answered")
        if answers(port, request):
            return time.perf_counter() - start
        time.sleep(0.002)
    raise DidNotStart(f"silent after {elapsed:.0f} s")


def answers(port: int, request: bytes) -> bool:
    """Say whether a request gets an answer that is not an error of the server."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(request)
            return sock.recv(4096)[9:10] in (b"2", b"4")
    except OSError:
        return False


def free_port() -> int:
    """Return a port nobody listens on at the moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def resident_bytes(pid: int) -> int:
    """Return what a process has in memory, pages it shares with others in full."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.partition("Rss:")[2].split()[0]) * 1024


def generate(job: Job) -> Outcome:
    """Run a job in a generator process of its own, on the generator's core."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=msgspec.json.encode(job),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        check=True,
        timeout=300,
        preexec_fn=pinned_child(LOAD_CORE),
    )
    return msgspec.json.decode(done.stdout, type=Outcome)

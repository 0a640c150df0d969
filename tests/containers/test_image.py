"""The image: small, for nobody but its own user, and one container of it is a whole Noughts."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import httpx
import pytest

from tests import servers
from tests.containers import images
from tests.containers.engine import Podman

pytestmark = pytest.mark.slow
MOST_OF_OUR_OWN: Final = 80_000_000
LOCKED_IN: Final = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp")
NEVER_IN_IT: Final = ("gcc", "cc", "make", "strip", "node", "npm", "git", "curl")


class Container:
    """One container with everything in it, answering on loopback."""

    def __init__(self, podman: Podman, name: str, port: int, client: httpx.Client) -> None:
        self.podman, self.name, self.port, self.client = podman, name, port, client
        deadline = time.monotonic() + servers.START_S
        while not self._answers():
            assert time.monotonic() < deadline, podman("logs", name)
            time.sleep(0.05)

    def inside(self, *command: str) -> str:
        """Return what a program in it says."""
        return self.podman("exec", self.name, *command)

    def _answers(self) -> bool:
        try:
            return self.client.get("/readyz").is_success
        except httpx.TransportError:
            return False


@contextmanager
def serving(podman: Podman, image: str, *options: str) -> Iterator[Container]:
    """Run a container for the length of a block."""
    port = servers.free_port()
    running = podman.running(image, options=[*LOCKED_IN, f"--publish=127.0.0.1:{port}:8000", *options])
    asking = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False)
    with running as name, asking as client:
        yield Container(podman, name, port, client)


@pytest.fixture(scope="module")
def container(podman: Podman, built: images.Images) -> Iterator[Container]:
    """A container that nobody may write to but for its data."""
    with serving(podman, built.noughts, "--volume=/data") as found:
        yield found


def test_what_we_put_on_the_base_is_less_than_80_mb(podman: Podman, built: images.Images) -> None:
    ours = images.size(podman, built.noughts) - images.size(podman, images.PYTHON)
    assert 0 < ours < MOST_OF_OUR_OWN


def test_it_is_built_from_what_is_under_version_control_alone(built: images.Images) -> None:
    assert not (built.checkout / "src/noughts/gateway/page").exists()
    assert not (built.checkout / "web/node_modules").exists()


def test_it_runs_as_nobody_in_particular_and_may_write_nothing_but_its_data(container: Container) -> None:
    assert container.inside("id", "-u") == "10001"
    status = container.inside("cat", "/proc/1/status")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    refused = container.podman.attempt("exec", container.name, "touch", "/opt/noughts/written")
    assert (refused.returncode, "Read-only file system" in refused.stderr) == (1, True)
    container.inside("touch", "/data/written")


def test_there_is_no_compiler_in_it_nor_what_built_it(container: Container) -> None:
    look = "import shutil, sys; print([name for name in sys.argv[1:] if shutil.which(name)])"
    assert container.inside("python", "-c", look, *NEVER_IN_IT) == "[]"
    assert container.inside("find", "/opt/noughts", "-name", "pip*", "-o", "-name", "hatchling*") == ""


def test_what_a_server_loads_is_there_as_bytecode(container: Container) -> None:
    loads = """
import sys
from noughts import compose, cli
import asyncpg, uvloop, redis.asyncio, opentelemetry.sdk.trace, aiosmtplib, aiobotocore.session
from pathlib import Path
late = ("alembic", "dns", "mako", "rich_rst", "sqlalchemy")
files = [(name, module.__cached__) for name, module in sys.modules.items()
         if getattr(module, "__file__", None) and "/opt/noughts/" in module.__file__ and getattr(module, "__cached__", None)]
print(len(files) > 300, [name for name, file in files if not Path(file).exists() and name.partition(".")[0] not in late])
"""
    assert container.inside("python", "-c", loads) == "True []"


def test_what_aws_and_traces_need_is_left_in_it(container: Container) -> None:
    asks = """
import asyncio, opentelemetry.exporter.otlp.proto.http.trace_exporter
from aiobotocore.session import get_session
async def name(service):
    async with get_session().create_client(service, region_name="eu-central-1") as client:
        return client.meta.service_model.service_name
print([asyncio.run(name(service)) for service in ("cognito-idp", "sts")])
"""
    assert container.inside("python", "-c", asks) == "['cognito-idp', 'sts']"


def test_the_engine_learns_whether_it_is_well(podman: Podman, container: Container) -> None:
    assert podman.attempt("healthcheck", "run", container.name).returncode == 0
    nothing = podman.attempt("exec", container.name, "python", "/opt/noughts/healthy.py", "9", "/healthz")
    assert (nothing.returncode, nothing.stderr) == (1, "Nothing answers on port 9: [Errno 111] Connection refused.\n")


def test_it_says_what_it_is_and_how_it_is_to_be_ended(podman: Podman, built: images.Images) -> None:
    (found,) = json.loads(podman("image", "inspect", built.noughts))
    settings = found["Config"]
    assert (settings["User"], settings["StopSignal"], settings["Entrypoint"], settings["Cmd"]) == (
        "10001:10001", "SIGTERM", ["noughts"], ["serve"],
    )  # fmt: skip
    assert settings["Labels"]["org.opencontainers.image.licenses"] == "MIT"


def test_one_container_alone_serves_and_its_volume_outlives_it(podman: Podman, built: images.Images) -> None:
    volume = podman("volume", "create", f"noughts-test-{servers.free_port()}")
    ada = {"username": "ada", "email": "ada@example.com", "password": "a quiet evening"}
    with ExitStack() as stack:
        stack.callback(podman, "volume", "rm", "--force", volume)
        with serving(podman, built.noughts, f"--volume={volume}:/data") as first:
            assert first.client.post("/users", json=ada).status_code == 201
            assert first.inside("noughts", "users", "promote", "ada") == "ada is an administrator now."
            assert "<title>" in first.client.get("/").text
        with serving(podman, built.noughts, f"--volume={volume}:/data") as second:
            name, password = ada["username"], ada["password"]
            assert second.client.post("/login", json={"username": name, "password": password}).status_code == 200


def test_sigterm_ends_it_with_status_0_after_the_request_under_way(podman: Podman, built: images.Images) -> None:
    body = b'{"username":"somebody","password":"whatever it is"}'
    head = f"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with serving(podman, built.noughts, "--volume=/data", "--env=NOUGHTS_HASH_PASSES=60") as container:
        with socket.create_connection(("127.0.0.1", container.port), timeout=15) as connection:
            connection.sendall(head.encode() + body)
            connection.settimeout(0.1)
            with pytest.raises(TimeoutError):  # it is being worked on
                connection.recv(1)
            podman("kill", "--signal=TERM", container.name)
            connection.settimeout(15)
            answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert podman("wait", container.name) == "0"


def test_the_gateway_says_that_it_drains_before_it_is_ended(podman: Podman, built: images.Images) -> None:
    nowhere = [f"--{service}=127.0.0.1:9" for service in ("users", "auth", "games", "gateway")]
    with podman.running(built.envoy, *nowhere, "--listen=0.0.0.0:8080", options=LOCKED_IN) as name:

        def is_ready() -> bool:
            return podman.attempt("healthcheck", "run", name).returncode == 0

        deadline = time.monotonic() + servers.START_S
        while not is_ready():
            assert time.monotonic() < deadline, podman("logs", name)
            time.sleep(0.1)
        podman("exec", name, "python", "/opt/noughts/drain.py", "0")
        assert not is_ready()
        podman("kill", "--signal=TERM", name)
        assert podman("wait", name) == "0"

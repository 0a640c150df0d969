"""The composed cluster: `infra/compose.yaml` as it stands, run by podman-compose on ports of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests import servers
from tests.containers import images
from tests.containers.engine import Podman

START_S = 120.0
REPLICAS = tuple(f"{service}-{number}" for service in ("users", "auth", "games", "gateway") for number in (1, 2))


class Stack(servers.Process):
    """A cluster in containers, answering on loopback; its secret and its mails lie in `data`."""

    def __init__(self, podman: Podman, built: images.Images, data: Path, **settings: str) -> None:
        super().__init__(data, **settings)
        self.podman = podman
        self.project = f"noughts-test-{uuid.uuid4().hex[:8]}"
        self.infra = built.checkout / "infra"
        self._images = built

    def start(self, *, wait: bool = True) -> "Stack":
        """Make the secrets, start everything, and wait until it answers."""
        subprocess.run(["sh", str(self.infra / "secrets.sh")], check=True)
        self.compose("up", "--detach", "--no-build")
        shutil.copy(self.infra / "secrets/secret", self.data / "secret")
        mails = self.podman("volume", "inspect", "--format={{.Mountpoint}}", f"{self.project}_mails")
        (self.data / "mails").symlink_to(mails)
        if wait:
            self.until_it_answers(START_S)
        return self

    def stop(self) -> int:
        """Remove all of it, the data too."""
        self.compose("down", "--volumes", "--timeout=5")
        return 0

    def run(self, *arguments: str) -> str:
        """Return what the command line says, run beside it."""
        return self.compose("--profile=tools", "run", "--rm", "-T", "noughts", *arguments).strip()

    def compose(self, *arguments: str) -> str:
        """Return what podman-compose says; raises RuntimeError with what it complains of."""
        command = [sys.executable, "-m", "podman_compose", f"--project-name={self.project}",
                   f"--file={self.infra / 'compose.yaml'}", *arguments]  # fmt: skip
        done = subprocess.run(command, env=self.environ(), capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise RuntimeError(
                f"podman-compose {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-4000:]}"
            )
        return done.stdout

    def container(self, service: str) -> str:
        """Return the name of a service's container."""
        return f"{self.project}_{service}_1"

    def running(self) -> dict[str, int]:
        """Return the process id of every replica, 0 of one that does not run, by its name (`users-1`)."""
        told = self.podman("inspect", "--format={{.State.Pid}}", *map(self.container, REPLICAS))
        return dict(zip(REPLICAS, map(int, told.split()), strict=True))

    def kill_member(self, name: str) -> None:
        """End a replica as a power cut would: behind the engine's back, which is to start it again."""
        os.kill(self.running()[name], signal.SIGKILL)

    def environ(self) -> dict[str, str]:
        """Return what `compose.yaml` is to put in where it leaves a choice."""
        return (
            self.podman.environ
            | super().environ()
            | {
                "NOUGHTS_IMAGE": self._images.noughts,
                "NOUGHTS_ENVOY_IMAGE": self._images.envoy,
                "NOUGHTS_PUBLISH": f"127.0.0.1:{self.port}",
                "NOUGHTS_BASE_URL": self.url,
                "NOUGHTS_SUBNET": f"10.213.{os.getpid() % 250}.0/24",
            }
        )

    def until_it_answers(self, seconds: float = START_S) -> None:
        """Return once every replica is ready, and the way in leads to each service."""
        deadline = time.monotonic() + seconds
        with self.client() as client:
            while not (all(map(self._is_ready, REPLICAS)) and self._leads_everywhere(client)):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"no answer within {seconds} s:\n{self.compose('logs', '--tail=20')[-8000:]}")
                time.sleep(0.1)

    def _is_ready(self, service: str) -> bool:
        ready = ("python", "/opt/noughts/healthy.py", "8000", "/readyz")
        return self.podman.attempt("exec", self.container(service), *ready).returncode == 0

    def _leads_everywhere(self, client: httpx.Client) -> bool:
        """Return whether each service does something: a page, a key, a new guest, the games of theirs."""
        try:
            guest = client.post("/guests", json={}).json()
            headers = {"Authorization": f"Bearer {guest.get('access_token')}"}
            asked = ("/", "/.well-known/jwks.json", "/users/me", "/games")
            return all(client.get(path, headers=headers).is_success for path in asked)
        except httpx.TransportError:
            return False


@contextmanager
def composed_of(podman: Podman, built: images.Images) -> Iterator[Stack]:
    """Run the cluster for the length of a block."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(podman, built, Path(folder), rate_limits="off")
        try:
            yield stack.start()
        finally:
            stack.stop()


@pytest.fixture(scope="session")
def podman() -> Podman:
    """Podman, on a storage of its own."""
    if os.geteuid() != 0:
        pytest.skip("containers are tried as root: base images are made by debootstrap")
    return Podman()


@pytest.fixture(scope="session")
def built(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> images.Images:
    """The images of this checkout."""
    return images.built(podman, tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def composed(podman: Podman, built: images.Images) -> Iterator[Stack]:
    """The composed cluster."""
    with composed_of(podman, built) as stack:
        yield stack

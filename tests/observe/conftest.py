"""Servers that are watched: one that does everything on SQLite, and services apart on PostgreSQL, their traces collected."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from tests import gateways, servers
from tests.databases import Copies
from tests.observe.collector import Collector, collecting
from tests.observe.exposition import Exposition, scrape

from noughts.gateway import envoy

ADA = {"username": "ada", "email": "ada@example.com", "password": "a proper secret"}


class Watched(servers.Process):
    """A server, and its page of metrics."""

    @property
    def admin_port(self) -> int:
        """Where its metrics are."""
        return int(self.settings["admin_port"])

    def page(self) -> Exposition:
        """Return what it tells now."""
        return scrape(self.admin_port)


class Apart:
    """Three processes: who people are and sign in, games, the gateway. Where each listens, and where its metrics are."""

    def __init__(self, collector: Collector, ports: dict[str, int], admin_ports: dict[str, int]) -> None:
        self.collector, self.ports, self.admin_ports = collector, ports, admin_ports
        self.url = f"http://127.0.0.1:{ports['gateway']}"

    def page(self, services: str) -> Exposition:
        """Return what a process tells now."""
        return scrape(self.admin_ports[services])


@pytest.fixture(autouse=True, scope="session")
def spans_sent_at_once() -> Iterator[None]:
    """Let no span wait for others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        yield


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A server with limits; ada has signed up there."""
    process = Watched(tmp_path_factory.mktemp("watched") / "data", admin_port=str(servers.free_port()))
    process.start()
    try:
        with process.client() as client:
            assert client.post("/users", json=ADA).status_code == 201
        yield process
    finally:
        process.stop()


@pytest.fixture(scope="session")
def apart(copies: Copies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """Services apart, traced."""
    ports = {services: servers.free_port() for services in ("users auth", "games", "gateway")}
    admin_ports = {services: servers.free_port() for services in ports}
    log = tmp_path_factory.mktemp("apart") / "log"
    with collecting() as collector, ExitStack() as stack:
        shared = {
            "BASE_URL": "http://localhost:8000",
            "SECRET": secrets.token_hex(32),
            "DATABASE": copies.take(),
            "DATA": str(log.parent),
            "RATE_LIMITS": "off",
            "TRACES": collector.url,
            "USERS_URL": f"http://127.0.0.1:{ports['users auth']}",
            "AUTH_URL": f"http://127.0.0.1:{ports['users auth']}",
            "GAMES_URL": f"http://127.0.0.1:{ports['games']}",
        }
        for services, port in ports.items():
            given = shared | {"PORT": str(port), "ADMIN_PORT": str(admin_ports[services])}
            if services == "gateway":
                del given["DATABASE"]
            stack.enter_context(_running(services, given, log))
        yield Apart(collector, ports, admin_ports)


@pytest.fixture(scope="session")
def entrance(apart: Apart, tmp_path_factory: pytest.TempPathFactory) -> Iterator[gateways.Gateway]:
    """A real Envoy before them, with metrics of its own."""
    at = {services: (f"127.0.0.1:{port}",) for services, port in apart.ports.items()}
    plan = envoy.Plan(
        users=at["users auth"],
        auth=at["users auth"],
        games=at["games"],
        gateway=at["gateway"],
        base_url="http://localhost:8000",
        listen=f"127.0.0.1:{servers.free_port()}",
        admin=f"127.0.0.1:{servers.free_port()}",
        metrics=f"127.0.0.1:{servers.free_port()}",
    )
    with gateways.standing(tmp_path_factory.mktemp("entrance"), plan) as gateway:
        yield gateway


@contextmanager
def _running(services: str, settings: dict[str, str], log: Path) -> Iterator[None]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("NOUGHTS_")}
    environ |= {f"NOUGHTS_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "noughts", "serve", *services.split()]
    with log.open("ab") as file:
        process = subprocess.Popen(command, env=environ, stdout=file, stderr=file, start_new_session=True)
    try:
        _until_ready(process, f"http://127.0.0.1:{settings['PORT']}/readyz", log)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + servers.START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    raise RuntimeError(f"it is not ready: {log.read_text()[-2000:]}")

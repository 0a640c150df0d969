"""A real Envoy in front of real servers, started by the tests."""

import json
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import msgspec

from noughts import compose
from noughts.gateway import envoy
from noughts.gateway.envoy.routing import Tables
from tests import servers

START_S = 20.0


def plan(*backends: servers.Process, **changes: Any) -> envoy.Plan:
    """Return a plan of a gateway on free loopback ports, with these one-process servers as the replicas of every service."""
    replicas = tuple(f"127.0.0.1:{backend.port}" for backend in backends)
    found: dict[str, Any] = dict.fromkeys(("users", "auth", "games", "gateway"), replicas)
    found["base_url"] = backends[0].settings.get("base_url", backends[0].url) if backends else "http://localhost:8000"
    found["listen"], found["admin"] = (f"127.0.0.1:{servers.free_port()}" for _ in range(2))
    return envoy.Plan(**(found | changes))


class Gateway:
    """One Envoy on loopback, as `plan` has it; its configuration and its log in `folder`; `gone` are services nobody waits for."""

    def __init__(
        self, folder: Path, plan: envoy.Plan, *, gone: tuple[str, ...] = (), tables: Tables = compose.TABLES
    ) -> None:
        self.plan, self.gone, self.tables = plan, gone, tables
        self.port, self.admin_port = (int(address.rpartition(":")[2]) for address in (plan.listen, plan.admin))
        self.scheme = "https" if plan.certificate else "http"
        self.config, self.log = folder / f"envoy-{self.port}.json", folder / f"envoy-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **ways: int) -> "Gateway":
        """Start it, and wait until it knows a healthy replica of each service."""
        self.config.write_bytes(msgspec.json.encode(envoy.bootstrap(self.tables, self.plan)))
        with self.log.open("ab") as log:
            command = envoy.command(self.config, workers=1, **ways)
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            if self._is_ready():
                return self
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"Envoy did not start: {self.log.read_text()[-3000:]}")

    def stop(self) -> int:
        """Ask it to stop and return its exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
        return self._process.wait(20)

    def wait(self, seconds: float = 20) -> int:
        """Return the exit status once it ended by itself."""
        assert self._process is not None
        return self._process.wait(seconds)

    def client(self, **keywords: Any) -> httpx.Client:
        """Return an HTTP client of it."""
        return httpx.Client(base_url=f"{self.scheme}://127.0.0.1:{self.port}", timeout=10, trust_env=False, **keywords)

    def admin(self, path: str) -> str:
        """Return what the admin port says there."""
        return httpx.get(f"http://127.0.0.1:{self.admin_port}{path}", trust_env=False).text

    def healthy(self) -> dict[str, int]:
        """Return how many replicas of each service it sends requests to."""
        found = json.loads(self.admin("/clusters?format=json"))["cluster_statuses"]
        return {
            cluster["name"]: sum(_is_healthy(host) for host in cluster.get("host_statuses", ())) for cluster in found
        }

    def lines(self) -> list[dict[str, Any]]:
        """Return the access log so far."""
        return [json.loads(line) for line in self.log.read_text().split("\n")[:-1] if line.startswith("{")]

    def _is_ready(self) -> bool:
        try:
            return self.admin("/ready").strip() == "LIVE" and all(
                count for name, count in self.healthy().items() if name not in self.gone
            )
        except httpx.TransportError:
            return False


def _is_healthy(host: dict[str, Any]) -> bool:
    status = host["health_status"]
    return not any(status.get(name) for name in ("failed_active_health_check", "failed_outlier_check"))


@contextmanager
def standing(
    folder: Path, plan: envoy.Plan, *, gone: tuple[str, ...] = (), tables: Tables = compose.TABLES
) -> Iterator[Gateway]:
    """Run a gateway for the length of a block."""
    gateway = Gateway(folder, plan, gone=gone, tables=tables).start()
    try:
        yield gateway
    finally:
        gateway.stop()


class Mirror:
    """A server that answers with what it was sent: what a service would see.

    After an upgrade it sends back every byte; `/drip` comes in two pieces, the second when told to; once `mute` it hangs up on
    whatever it heard.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.mute = False
        self.drip = threading.Event()
        mirror = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while head := _head(self.rfile):
                    if not mirror._answer(self.wfile, self.rfile, head):
                        return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Take no more connections."""
        self.drip.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, out: BinaryIO, body: BinaryIO, head: list[str]) -> bool:
        """Answer one request; return whether there may be another."""
        headers = [line.partition(": ") for line in head[1:]]
        names = {name.lower(): value for name, _, value in headers}
        body.read(int(names.get("content-length", 0)))
        method, path, _ = head[0].split(" ")
        if self.mute and path != "/readyz":
            self.heard.append(f"{method} {path}")
            return False
        if "upgrade" in names:
            out.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            while data := body.read1(65_536):  # type: ignore[attr-defined]  # it is a buffered reader
                out.write(data)
            return False
        if path == "/drip":
            out.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            self.drip.wait(20)
            out.write(b"6\r\nsecond\r\n0\r\n\r\n")
            return True
        shown = {"request": head[0], "headers": [[name.lower(), value] for name, _, value in headers]}
        told = json.dumps(shown).encode()
        out.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(told) + told)
        return True


def _head(stream: BinaryIO) -> list[str]:
    """Return the lines of a request's head; none at the end of the connection."""
    lines = []
    while (line := stream.readline()) not in (b"", b"\r\n"):
        lines.append(line.decode("latin-1").rstrip("\r\n"))
    return lines


@contextmanager
def mirrored(folder: Path, *, tables: Tables = compose.TABLES, **changes: Any) -> Iterator[tuple[Gateway, Mirror]]:
    """Run a gateway without limits before a mirror of every service, for the length of a block."""
    mirror = Mirror()
    services = dict.fromkeys(("users", "auth", "games", "gateway"), (mirror.address,))
    try:
        with standing(folder, plan(**({"limited": False} | services | changes)), tables=tables) as gateway:
            yield gateway, mirror
    finally:
        mirror.stop()

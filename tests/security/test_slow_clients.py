"""People who take their time: they are hung up on, and cost nobody else anything. All wait at once, once."""

import resource
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from noughts.kit.edge.connection import KEEP_ALIVE_S, REQUEST_DEADLINE_S
from tests import servers
from tests.security.attacks import HOST, Reply, connect, receive

HEALTH: Final = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
OPENINGS: Final = {
    "nothing": b"",
    "half a request line": b"GET /hea",
    "half a header": b"GET /healthz HTTP/1.1\r\nHost: loc",
    "half a body": b"POST /guests HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\n{}",
    "half a chunk": b"POST /guests HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{}",
    "half a second request": HEALTH + b"GET /hea",
}
DRIPS: Final = {"a header that never ends": b"GET /healthz HTTP/1.1\r\nX: ", "empty lines": HEALTH + b"\r\n"}
IDLE: Final = 1_000
pytestmark = pytest.mark.slow


class Watch:
    """The connections that were opened and what became of them within the deadlines."""

    def __init__(self, server: servers.Process) -> None:
        self.server = server
        self._open = {name: connect(server) for name in (*OPENINGS, *DRIPS)}
        for name, opening in (OPENINGS | DRIPS).items():
            self._open[name].sendall(opening)
        self._idle = connect(server)
        self._idle.sendall(HEALTH)
        self.deaf = _deaf(server)
        assert self.is_connected(self.deaf)
        self.replies: dict[str, Reply] = {}

    def wait(self) -> None:
        """Drip for as long as a request may take, then wait as long as a connection may be idle."""
        end = time.monotonic() + REQUEST_DEADLINE_S + 1
        while time.monotonic() < end:
            time.sleep(0.5)
            for name in DRIPS:
                self._drip(self._open[name], b"\r\n" if name == "empty lines" else b"a")
        self.replies = {name: receive(connection) for name, connection in self._open.items()}
        self.replies["idle, early"] = receive(self._idle)
        time.sleep(max(0.0, KEEP_ALIVE_S - REQUEST_DEADLINE_S))
        self.replies["idle, late"] = receive(self._idle)

    def is_connected(self, connection: socket.socket) -> bool:
        """Return whether the server still holds its end of a connection."""
        return f":{connection.getsockname()[1]:04X} " in _peers_of(self.server)

    def close(self) -> None:
        """Let go of everything."""
        for connection in (*self._open.values(), self._idle, self.deaf):
            connection.close()

    @staticmethod
    def _drip(connection: socket.socket, drop: bytes) -> None:
        try:
            connection.sendall(drop)
        except OSError:
            return


def _deaf(server: servers.Process) -> socket.socket:
    """Return a connection that asks for far more than it reads."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall((b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n") * 200)
    return connection


@pytest.fixture(scope="module")
def watch(server: servers.Process) -> Iterator[Watch]:
    """Everyone who takes their time, after the deadlines."""
    found = Watch(server)
    found.wait()
    yield found
    found.close()


@pytest.mark.parametrize("opening", [*OPENINGS, *DRIPS])
def test_a_request_that_does_not_arrive_in_time_is_hung_up_on(watch: Watch, opening: str) -> None:
    assert watch.replies[opening].closed
    assert watch.replies[opening].statuses[-1] == 408


def test_an_idle_connection_is_kept_for_a_while(watch: Watch) -> None:
    assert not watch.replies["idle, early"].closed


def test_an_idle_connection_is_hung_up_on_in_the_end(watch: Watch) -> None:
    assert watch.replies["idle, late"].closed


def test_who_does_not_read_the_answers_is_hung_up_on(watch: Watch) -> None:
    time.sleep(2)

    assert not watch.is_connected(watch.deaf)


def test_a_thousand_idle_connections_cost_others_nothing_even_from_a_shell_that_allows_few(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    process = servers.Process(tmp_path_factory.mktemp("idle") / "data", rate_limits="off").start(wait=False)
    subprocess.run(["prlimit", f"--nofile=512:{most}", "--pid", str(process.pid)], check=True)
    process.until_it_answers()
    idle = [connect(process) for _ in range(IDLE)]
    for connection in idle:
        connection.sendall(HEALTH)

    with process.client() as client:
        started = time.monotonic()
        answers = [client.get("/healthz").status_code for _ in range(20)]
        took = time.monotonic() - started

    for connection in idle:
        connection.close()
    process.stop()
    assert answers == [200] * 20
    assert took < 5


def _peers_of(server: servers.Process) -> str:
    """Return the ports the server is connected to, as the system lists them."""
    lines = [line.split() for line in Path(f"/proc/{server.pid}/net/tcp").read_text().splitlines()[1:]]
    mine, established = f":{server.port:04X}", "01"
    return " ".join(f"{line[2]} " for line in lines if line[1].endswith(mine) and line[3] == established)

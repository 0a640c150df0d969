"""How often anyone may call, and that no header says who is calling."""

import socket
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import servers
from tests.security.attacks import HOST, PASSWORD, Reply, connect, guest, some_name

ORIGIN_SECRET = "a secret of the origin in this test".replace(" ", "-")


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a server of its own, with the limits everyone has."""
    with servers.serving(tmp_path / "data") as process, process.client() as client:
        yield client


@pytest.fixture
def behind_a_proxy(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client the server takes for a proxy it trusts."""
    with (
        servers.serving(tmp_path / "data", trusted_proxies="127.0.0.0/8, 10.0.0.0/8") as process,
        process.client() as client,
    ):
        yield client


@pytest.fixture
def behind_cloudfront(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a server that believes whoever shows a secret."""
    with servers.serving(tmp_path / "data", origin_secret=ORIGIN_SECRET) as process, process.client() as client:
        yield client


def register(client: httpx.Client, address: str) -> int:
    """Ask to be registered, wrongly, from somewhere: that counts all the same."""
    return client.post("/users", json={}, headers={"X-Forwarded-For": address}).status_code


def test_the_sign_ins_of_an_address_are_limited_and_the_answer_says_for_how_long(limited: httpx.Client) -> None:
    answers = [limited.post("/login", json={"username": some_name(), "password": "x"}) for _ in range(35)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert Counter(answer.status_code for answer in answers[:30]) == {401: 30}
    assert len(refused) >= 4
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 60
    assert refused[0].headers["RateLimit-Policy"] == '"sign-in";q=30;w=60'
    assert "RateLimit" in refused[0].headers


def test_browsers_of_ones_own_bring_no_more_sign_ins(limited: httpx.Client) -> None:
    name, origin = some_name(), {"Origin": str(limited.base_url).rstrip("/")}
    limited.post("/users", json={"username": name, "email": f"{name}@example.com", "password": PASSWORD})
    body = {"username": name, "password": PASSWORD, "cookie": True}
    kept = []
    for _ in range(3):
        kept += limited.post("/login", json=body, headers=origin).headers.get_list("Set-Cookie")[1:]
        limited.cookies.clear()

    found = []
    for cookie in kept * 12:
        shown = {"Cookie": cookie.partition(";")[0]}
        found.append(limited.post("/login", json=body | {"cookie": False}, headers=shown).status_code)
    assert found.count(200) <= 32


def test_the_changes_a_person_may_try_are_limited_since_each_may_cost_a_hash(limited: httpx.Client) -> None:
    visitor = guest(limited)
    body = {"current_password": PASSWORD, "new_password": "another lighthouse"}
    found = [limited.put("/users/me/password", json=body, headers=visitor.signed) for _ in range(40)]
    assert found[-1].headers["RateLimit-Policy"] == '"changes";q=30;w=60'


def test_headers_do_not_give_another_address_to_who_is_no_trusted_proxy(limited: httpx.Client) -> None:
    names = [
        "X-Forwarded-For",
        "X-Real-IP",
        "Forwarded",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Client-IP",
        "Client-IP",
    ]

    statuses = [
        limited.post("/users", json={}, headers=dict.fromkeys(names, f"203.0.{n}.7")).status_code for n in range(105)
    ]

    assert statuses[:100] == [422] * 100
    assert 429 in statuses[100:]


def test_behind_a_trusted_proxy_each_address_has_its_own_limit(behind_a_proxy: httpx.Client) -> None:
    mine = [register(behind_a_proxy, "203.0.113.7") for _ in range(105)]

    assert 429 in mine[100:]
    assert register(behind_a_proxy, "198.51.100.7") == 422


def test_only_the_hop_the_proxy_added_counts(behind_a_proxy: httpx.Client) -> None:
    forged = [register(behind_a_proxy, f"198.51.{n}.1, 203.0.113.9, 10.1.2.3") for n in range(105)]

    assert 429 in forged[100:]


def test_behind_cloudfront_each_viewer_has_a_limit_and_who_forges_one_has_not(behind_cloudfront: httpx.Client) -> None:
    def ask(viewer: str, secret: str) -> int:
        headers = {"CloudFront-Viewer-Address": viewer, "X-Noughts-Origin": secret}
        return behind_cloudfront.post("/users", json={}, headers=headers).status_code

    forged = [ask(f"203.0.{n}.7:443", "no secret") for n in range(105)]
    known = [ask(f"203.0.{n}.7:443", ORIGIN_SECRET) for n in range(105)]
    one = [ask(f"198.51.100.7:{port}", ORIGIN_SECRET) for port in range(1_000, 1_105)]

    assert 429 in forged[100:]
    assert known == [422] * 105
    assert 429 in one[100:]


@pytest.mark.parametrize(
    "garbage", ["evil", "203.0.113.1:80", "'; DROP", "1" * 5_000, ",,,", "::1%eth0", "256.1.1.1", "\xe9"]
)
def test_an_address_that_is_none_breaks_nothing(behind_a_proxy: httpx.Client, garbage: str) -> None:
    answer = behind_a_proxy.get("/healthz", headers=[(b"X-Forwarded-For", garbage.encode("latin-1"))])

    assert answer.status_code == 200


def test_a_trailer_names_no_address(behind_a_proxy: httpx.Client) -> None:
    statuses = []
    head = b"POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Forwarded-For: 203.0.113.5\r\n"
    for n in range(105):
        trailer = f"2\r\n{{}}\r\n0\r\nX-Forwarded-For: 198.51.{n}.1\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", behind_a_proxy.base_url.port or 0), timeout=5) as connection:
            connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + trailer)
            statuses.append(connection.recv(12)[-3:])

    assert b"429" in statuses[100:]


def test_a_network_together_may_not_register_more_than_its_share(behind_a_proxy: httpx.Client) -> None:
    counted = Counter(register(behind_a_proxy, f"203.0.113.{n % 200}") for n in range(1_010))

    assert counted[422] <= 1_003
    assert counted[429] >= 7
    guests = behind_a_proxy.post("/guests", json={}, headers={"X-Forwarded-For": "203.0.113.250"})
    elsewhere = behind_a_proxy.post("/guests", json={}, headers={"X-Forwarded-For": "198.51.100.1"})
    assert (guests.status_code, elsewhere.status_code) == (429, 201)


def test_the_addresses_of_one_ipv6_network_are_one(behind_a_proxy: httpx.Client) -> None:
    statuses = [register(behind_a_proxy, f"2001:db8:1:2::{n:x}") for n in range(105)]

    assert 429 in statuses[100:]


def test_the_moves_of_a_person_are_limited(limited: httpx.Client) -> None:
    person = guest(limited)
    move = f"/games/{person.id}/moves"

    statuses = [limited.post(move, json={"ply": 0, "cell": 0}, headers=person.signed).status_code for _ in range(60)]

    assert 429 in statuses
    assert set(statuses) == {404, 429}


def test_looking_around_is_limited_for_an_address_whoever_asks_and_nothing_else_is(limited: httpx.Client) -> None:
    person = guest(limited)

    answers = [limited.get(path, headers=person.signed) for path in ("/lobby", "/players/computer-6") * 40]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].headers["RateLimit-Policy"] == '"looks";q=20;w=1'
    assert Counter(answer.status_code for answer in answers[:20]) == {200: 20}
    assert limited.get("/users/me", headers=person.signed).status_code == 200


def test_a_flood_of_sign_ins_is_shed_and_nobody_else_notices(tmp_path: Path) -> None:
    process = servers.Process(tmp_path / "data", rate_limits="off", log="error").start()
    body = b'{"username":"somebody","password":"whatever it is"}'
    sign_in = (
        b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    with connect(process) as other:
        flood = [connect(process) for _ in range(250)]
        for connection in flood:
            connection.sendall(sign_in + body)
        waits = [_wait_for_health(other) for _ in range(20)]
        replies = [_answer(connection) for connection in flood]
    for connection in flood:
        connection.close()
    peak = _peak_memory_mb(process)
    process.stop()

    counted = Counter(reply.statuses[0] for reply in replies)
    shed = [reply for reply in replies if reply.statuses == [503]]
    assert set(counted) == {401, 503}
    assert counted[401] >= 64
    assert all(b"retry-after: 2" in reply.head and b"hash-queue-full" in reply.data for reply in shed)
    assert statistics.median(waits) < 0.25
    assert peak < 400


def _answer(connection: socket.socket) -> Reply:
    """Return the first thing that comes back, however late."""
    return Reply(connection.recv(65_536), closed=False)


def _wait_for_health(connection: socket.socket) -> float:
    started = time.monotonic()
    connection.sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
    assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
    return time.monotonic() - started


def _peak_memory_mb(process: servers.Process) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024

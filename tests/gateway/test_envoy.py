"""Envoy itself, before something that shows what reaches a service."""

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests import gateways, live, servers
from tests.gateways import Gateway, Mirror

from noughts import compose

_CLAIMS = {
    "iss": "http://localhost:8000",
    "aud": "noughts",
    "sub": "somebody",
    "iat": 1_700_000_000,
    "exp": 4_000_000_000,
}
UNKNOWN_TOKEN = jwt.encode(
    _CLAIMS, ec.generate_private_key(ec.SECP256R1()), "ES256", headers={"kid": "a", "typ": "at+jwt"}
)
MOVE = "/games/01a2198f-00f7-715f-922e-c8980956059f/moves"


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Mirror]]:
    """A gateway before a mirror."""
    tables = {**compose.TABLES, "Live": live.ROUTES}
    with gateways.mirrored(tmp_path_factory.mktemp("mirrored"), tables=tables) as found:
        yield found


@pytest.fixture
def gateway(mirrored: tuple[Gateway, Mirror]) -> Gateway:
    """The gateway."""
    return mirrored[0]


@pytest.fixture
def client(gateway: Gateway) -> Iterator[httpx.Client]:
    """A client of it."""
    with gateway.client() as found:
        yield found


@pytest.fixture
def muted(tmp_path: Path) -> Iterator[tuple[httpx.Client, Mirror]]:
    """A client, and a service that hangs up on whatever it heard."""
    with gateways.mirrored(tmp_path) as (gateway, mirror), gateway.client() as client:
        mirror.mute = True
        yield client, mirror


def upgraded(gateway: Gateway, path: str) -> socket.socket:
    """Return a connection on which a WebSocket was asked for."""
    connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=5)
    asked = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    connection.sendall(
        asked.encode() + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    return connection


def test_a_live_connection_goes_both_ways_for_as_long_as_it_lasts(gateway: Gateway) -> None:
    with upgraded(gateway, "/live?ticket=t") as connection:
        assert connection.recv(4_096).startswith(b"HTTP/1.1 101 ")
        for said in (b"one", b"two" * 30_000):
            connection.sendall(said)
            assert _received(connection, len(said)) == said


def _received(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += connection.recv(65_536)
    return data


@pytest.mark.parametrize("path", ["/", "/games", "/live/x", "/healthz"])
def test_no_other_address_offers_an_upgrade(gateway: Gateway, path: str) -> None:
    with upgraded(gateway, path) as connection:
        assert connection.recv(4_096).startswith(b"HTTP/1.1 403 ")


def test_an_answer_that_comes_by_and_by_is_passed_on_piece_by_piece(
    mirrored: tuple[Gateway, Mirror], client: httpx.Client
) -> None:
    _, mirror = mirrored
    with client.stream("GET", "/drip") as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"first"
        mirror.drip.set()
        assert b"".join(pieces) == b"second"


def test_what_may_have_been_heard_is_not_said_again(muted: tuple[httpx.Client, Mirror]) -> None:
    client, mirror = muted
    answers = [client.post("/guests", json={}), client.patch("/lobby", json={}), client.post("/users", json={})]

    assert Counter(mirror.heard) == {"POST /guests": 1, "PATCH /lobby": 1, "POST /users": 1}
    assert [answer.status_code for answer in answers] == [503] * 3
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}
    assert {answer.headers["Retry-After"] for answer in answers} == {"1"}


def test_what_is_as_harmless_twice_as_once_is_said_again(muted: tuple[httpx.Client, Mirror]) -> None:
    client, mirror = muted
    signed = {"Authorization": f"Bearer {UNKNOWN_TOKEN}"}
    client.get("/healthz")
    client.put("/users/me", json={}, headers=signed)
    client.post(MOVE, json={}, headers=signed)

    heard = Counter(mirror.heard)
    assert min(heard["GET /healthz"], heard["PUT /users/me"], heard[f"POST {MOVE}"]) > 1


def test_a_change_on_a_condition_is_said_once(muted: tuple[httpx.Client, Mirror]) -> None:
    client, mirror = muted
    client.put("/users/me", json={}, headers={"Authorization": f"Bearer {UNKNOWN_TOKEN}", "If-Match": '"1-full"'})

    assert mirror.heard.count("PUT /users/me") == 1


def test_a_service_that_cannot_be_reached_is_a_problem_and_the_others_go_on(
    tmp_path: Path, mirrored: tuple[Gateway, Mirror]
) -> None:
    gone = (f"127.0.0.1:{servers.free_port()}",)
    alive = (mirrored[1].address,)
    plan = gateways.plan(users=alive, auth=alive, games=gone, gateway=alive, limited=False)
    with gateways.standing(tmp_path, plan, gone=("games",)) as found, found.client() as client:
        answer = client.get("/games", headers={"Authorization": f"Bearer {UNKNOWN_TOKEN}"})
        beside = client.get("/healthz")

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert beside.status_code == 200


def test_a_replica_that_is_gone_is_left_out_after_three_tries_and_nobody_notices(
    tmp_path: Path, mirrored: tuple[Gateway, Mirror]
) -> None:
    alive, leaving = mirrored[1].address, Mirror()
    plan = gateways.plan(users=(alive,), auth=(alive,), games=(alive,), gateway=(alive, leaving.address), limited=False)
    with gateways.standing(tmp_path, plan) as found, found.client() as client:
        leaving.stop()
        answers = [client.post("/lobby", json={}).status_code for _ in range(60)]
        failed = found.admin("/stats?filter=cluster.gateway.upstream_cx_connect_fail")
        left_out = found.admin("/stats?filter=cluster.gateway.outlier_detection.ejections_enforced_total")

    assert answers == [200] * 60
    assert (int(failed.split()[1]) <= 5, left_out.split()[1]) == (True, "1")


def test_a_service_may_be_known_by_name(tmp_path: Path, mirrored: tuple[Gateway, Mirror]) -> None:
    by_name = (f"localhost:{mirrored[1].address.rpartition(':')[2]}",)
    plan = gateways.plan(users=by_name, auth=by_name, games=by_name, gateway=by_name)
    with gateways.standing(tmp_path, plan) as found, found.client() as client:
        assert client.get("/healthz").status_code == 200


def test_while_the_keys_cannot_be_read_the_services_judge_tokens(client: httpx.Client) -> None:
    judged = client.get("/users/me", headers={"Authorization": f"Bearer {UNKNOWN_TOKEN}"})
    no_token = [client.get("/users/me", headers=headers) for headers in ({}, {"Authorization": "Bearer nonsense"})]

    assert judged.json()["request"].startswith("GET /users/me ")
    assert [answer.status_code for answer in no_token] == [401, 401]


def test_the_log_has_a_line_of_json_for_each_request_without_what_stands_behind_the_question_mark(
    gateway: Gateway, client: httpx.Client
) -> None:
    client.get("/lobby?ticket=s3cret", headers={"X-Request-Id": "told"})

    deadline = time.monotonic() + 5
    while (
        not (lines := [line for line in gateway.lines() if line.get("request") == "told"])
        and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert {name: lines[0][name] for name in ("method", "path", "status", "address", "service")} == {
        "method": "GET", "path": "/lobby", "status": 200, "address": "127.0.0.1", "service": "gateway",
    }  # fmt: skip
    assert "s3cret" not in json.dumps(lines)

"""The gateway before everything: what it refuses by itself, and what nobody gets past it."""

import json
import re
import socket
import ssl
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.settings
import httpx
import jwt
import pytest

from tests import gateways, servers
from tests.databases import Copies
from tests.gateways import Gateway
from tests.security.attacks import HOST, PASSWORD, Person, Reply, claims, guest, member, private_key, receive

HEALTH = b"GET /healthz HTTP/1.1\r\n" + HOST
POST = b"POST /guests HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
SMUGGLED = b"GET /problems/smuggled HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Process]:
    """A server that believes its gateway, without limits."""
    data = tmp_path_factory.mktemp("behind") / "data"
    with servers.serving(data, rate_limits="off", trusted_proxies="127.0.0.0/8") as process:
        yield process


@pytest.fixture(scope="module")
def gateway(behind: servers.Process, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway before it, without limits."""
    with gateways.standing(tmp_path_factory.mktemp("gateway"), gateways.plan(behind, limited=False)) as found:
        yield found


@pytest.fixture(scope="module")
def client(gateway: Gateway) -> Iterator[httpx.Client]:
    """A client of the gateway."""
    with gateway.client() as found:
        yield found


@pytest.fixture(scope="module")
def ada(client: httpx.Client) -> Person:
    """A guest who came through the gateway."""
    return guest(client)


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway before something that tells what it was sent."""
    with gateways.mirrored(tmp_path_factory.mktemp("mirrored")) as (found, _):
        yield found


def send(gateway: Gateway, *parts: bytes, seconds: float = 0.4, pause: float = 0.1) -> Reply:
    """Send bytes as they are, with a pause between the parts, and return what comes back."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        for number, part in enumerate(parts):
            if number:
                time.sleep(pause)
            connection.sendall(part)
        return receive(connection, seconds)


def seen(gateway: Gateway, **headers: str) -> dict[str, str]:
    """Return the headers a service is sent for a request with these."""
    with gateway.client() as client:
        return dict(client.get("/healthz", headers=headers).json()["headers"])


# Paths


@pytest.mark.parametrize(
    "path",
    [
        "/users/%252e%252e/admin",
        "/users/%2e%2e/admin",
        "/users/..%2fme",
        "/users%2fme",
        "/users%2Fme",
        "/users/%252fme",
        "/users/me%2f",
        "/users/me/",
        "//users/me",
        "/users//me",
        "/users/%c0%ae%c0%ae/me",
        "/users/m%c1%a5",
        "/users/me%00",
        "/users/me%20",
        "/users/me;x=1",
        "/users/me.json",
        "/users\\me",
        "/USERS/me",
        "/./users/me",
        "/x/../users/me",
        "/users/%zz",
        "/users/ME",
        "/users/%6de",
        "/log%69n",
        "/users/me#/../healthz",
    ],
)
def test_a_path_is_read_one_way_by_the_gateway_and_the_services(gateway: Gateway, ada: Person, path: str) -> None:
    token = f"Authorization: Bearer {ada.access}\r\n\r\n"
    reply = send(gateway, f"GET {path} HTTP/1.1\r\n".encode() + HOST + token.encode())

    assert reply.statuses[0] in (400, 404)
    assert b"application/problem+json" in reply.head


@pytest.mark.parametrize(
    "path",
    [
        "/internal/users/identify",
        "/internal/users/cards",
        "/internal/users/00000000-0000-7000-8000-000000000001",
        "//internal/users/cards",
        "/x/../internal/users/cards",
        "/users/../internal/users/cards",
        "/users/..%2finternal/users/cards",
        "/%69nternal/users/cards",
        "/internal%2fusers/cards",
        "/INTERNAL/users/cards",
        "/internal",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_services_ask_each_other_is_nowhere_to_be_found(mirrored: Gateway, method: str, path: str) -> None:
    reply = send(mirrored, f"{method} {path} HTTP/1.1\r\n".encode() + HOST + b"Content-Length: 0\r\n\r\n")

    through = b'"request"' in reply.data
    assert reply.statuses == [404] or (
        through and b"/INTERNAL/" in reply.data
    )  # that is for the page's service to miss


@pytest.mark.parametrize(
    "path", ["/stats", "/stats/prometheus", "/config_dump", "/quitquitquit", "/clusters", "/metrics"]
)
def test_what_is_for_operators_is_not_at_the_entrance(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post(path).status_code in (404, 405)


def test_the_admin_pages_are_on_loopback_and_metrics_stand_alone_elsewhere(
    tmp_path: Path, behind: servers.Process
) -> None:
    metrics = servers.free_port()
    plan = gateways.plan(behind, metrics=f"127.0.0.1:{metrics}")
    with (
        gateways.standing(tmp_path, plan) as found,
        httpx.Client(base_url=f"http://127.0.0.1:{metrics}", trust_env=False) as shown,
    ):
        assert "envoy_cluster_upstream_rq" in shown.get("/stats/prometheus").text
        others = [
            shown.request(method, path).status_code
            for method in ("GET", "POST")
            for path in ("/", "/quitquitquit", "/config_dump")
        ]
        assert found.admin("/ready").strip() == "LIVE"
    assert others == [404] * 6


# What is no request, and what is too much


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: +2\r\n",
        b"Content-Length: -2\r\n",
        b"Content-Length: 0x2\r\n",
        b"X: a\0b\r\n",
        b"X y: a\r\n",
        b"Host: evil.example\r\n",
    ],
)
def test_a_request_that_could_be_framed_two_ways_ends_the_connection(gateway: Gateway, headers: bytes) -> None:
    reply = send(gateway, POST + headers + b"\r\n{}" + SMUGGLED, seconds=1)

    assert reply.statuses[0] in (400, 501)
    assert b"smuggled" not in reply.data
    assert reply.closed or b"evil" in headers  # two hosts are well framed, and refused all the same


@pytest.mark.parametrize(("method", "expected"), [("TRACE", 405), ("PROPFIND", 405), ("FOO", 400), ("CONNECT", 405)])
def test_strange_methods_are_not_allowed(gateway: Gateway, method: str, expected: int) -> None:
    target = "localhost:22" if method == "CONNECT" else "/healthz"

    reply = send(gateway, f"{method} {target} HTTP/1.1\r\n".encode() + HOST + b"\r\n")

    assert reply.statuses == [expected]
    assert b"application/problem+json" in reply.head


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"])
def test_a_method_cannot_be_overridden(client: httpx.Client, ada: Person, header: str) -> None:
    assert client.get("/users/me", headers={**ada.signed, header: "DELETE"}).status_code == 200
    assert client.get("/users/me", headers=ada.signed).status_code == 200


@pytest.mark.parametrize(
    ("request_head", "expected"),
    [
        (HEALTH + b"Authorization: Bearer " + b"a" * 65_536 + b"\r\n\r\n", 431),
        (HEALTH + b"".join(b"X-%d: a\r\n" % number for number in range(200)) + b"\r\n", 431),
        (b"GET /" + b"a" * 16_384 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (POST + b"Content-Length: 70000\r\n\r\n" + b" " * 70_000, 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n11170\r\n" + b" " * 70_000 + b"\r\n0\r\n\r\n", 413),
    ],
)
def test_what_is_too_large_is_refused_with_a_problem_document(
    gateway: Gateway, request_head: bytes, expected: int
) -> None:
    reply = send(gateway, request_head)

    assert reply.statuses == [expected]
    document = json.loads(reply.data.partition(b"\r\n\r\n")[2])
    assert document["status"] == expected
    assert re.search(rb"x-request-id: [\w-]{1,64}\r\n", reply.head + b"\r\n")


def test_a_body_that_is_just_small_enough_is_passed_on(gateway: Gateway) -> None:
    assert send(gateway, POST + b"Content-Length: 60000\r\n\r\n" + b" " * 59_998 + b"{}").statuses == [201]


@pytest.mark.slow
@pytest.mark.parametrize("begun", [HEALTH + b"X: ", POST + b"Content-Length: 99\r\n\r\n{"])
def test_a_request_that_does_not_arrive_in_time_is_told_so_and_hung_up_on(gateway: Gateway, begun: bytes) -> None:
    reply = send(gateway, begun, seconds=20)

    assert (reply.statuses, reply.closed) == ([408], True)
    assert b"/problems/request-timeout" in reply.data


def test_others_are_served_while_two_hundred_send_nothing(gateway: Gateway, client: httpx.Client) -> None:
    waiting = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(200)]
    for connection in waiting:
        connection.sendall(HEALTH)
    assert client.get("/healthz").status_code == 200
    for connection in waiting:
        connection.close()


def test_past_the_number_of_connections_new_ones_are_closed(tmp_path: Path, behind: servers.Process) -> None:
    with gateways.standing(tmp_path, gateways.plan(behind, connections=20)) as found:
        held = [socket.create_connection(("127.0.0.1", found.port)) for _ in range(20)]
        for connection in held:
            connection.sendall(HEALTH + b"\r\n")
            assert connection.recv(4_096).startswith(b"HTTP/1.1 200")
        over = socket.create_connection(("127.0.0.1", found.port), timeout=5)
        assert over.recv(1) == b""
        for connection in (*held, over):
            connection.close()


# HTTP/2


def http2(
    gateway: Gateway,
    headers: list[tuple[str, str]],
    *,
    body: bytes | None = None,
    context: ssl.SSLContext | None = None,
) -> list[Any]:
    """Send one request over HTTP/2, unchecked, and return what comes back."""
    config = h2.config.H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)
    stream = h2.connection.H2Connection(config)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as plain:
        connection = context.wrap_socket(plain, server_hostname="localhost") if context else plain
        stream.initiate_connection()
        stream.send_headers(1, headers, end_stream=body is None)
        if body is not None:
            stream.send_data(1, body, end_stream=True)
        connection.sendall(stream.data_to_send())
        found: list[Any] = []
        while not any(
            isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset, h2.events.ConnectionTerminated))
            for event in found
        ):
            data = connection.recv(65_536)
            if not data:
                break
            found += stream.receive_data(data)
            connection.sendall(stream.data_to_send())
        return found


def status(events: list[Any]) -> int | None:
    """Return the status that came back, if one did."""
    answers = [event for event in events if isinstance(event, h2.events.ResponseReceived)]
    return int(dict(answers[0].headers)[b":status"]) if answers else None


ASKED = [(":method", "GET"), (":path", "/healthz"), (":scheme", "http"), (":authority", "localhost")]


def test_http_2_is_spoken(gateway: Gateway) -> None:
    assert status(http2(gateway, ASKED)) == 200


@pytest.mark.parametrize(
    "more",
    [
        [("transfer-encoding", "chunked")],
        [("connection", "keep-alive")],
        [("connection", "close, x-evil"), ("x-evil", "1")],
        [("upgrade", "websocket")],
        [("keep-alive", "timeout=5")],
        [("te", "chunked")],
        [("x-evil", "a\r\nx-injected: 1")],
        [("x-evil", "a\nb")],
        [("x-evil", "a\0b")],
        [("x-evil: a", "b")],
        [("x-evil\r\nx-injected", "b")],
        [("X-Evil", "b")],
        [(":path", "/users/me")],
        [("host", "evil.example")],
        [("content-length", "5")],
    ],
)
def test_what_http_2_forbids_reaches_no_service(mirrored: Gateway, more: list[tuple[str, str]]) -> None:
    events = http2(mirrored, ASKED + more)

    body = b"".join(event.data for event in events if isinstance(event, h2.events.DataReceived))
    assert status(events) in (None, 400) or b"evil" not in body.lower()
    assert b"inject" not in body
    assert b"transfer-encoding" not in body


def test_a_body_longer_than_announced_is_no_second_request(mirrored: Gateway) -> None:
    headers = [
        (":method", "POST"),
        (":path", "/guests"),
        (":scheme", "http"),
        (":authority", "localhost"),
        ("content-length", "2"),
    ]

    events = http2(mirrored, headers, body=b"{}" + SMUGGLED)

    assert status(events) in (None, 400)


def test_streams_opened_to_be_reset_end_the_connection(gateway: Gateway, client: httpx.Client) -> None:
    stream = h2.connection.H2Connection(h2.config.H2Configuration())
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        stream.initiate_connection()
        ended = False
        for number in range(2_000):
            stream.send_headers(2 * number + 1, ASKED)
            stream.reset_stream(2 * number + 1)
            if number % 50 == 49:
                try:
                    connection.sendall(stream.data_to_send())
                except OSError:
                    ended = True
                    break
        ended = ended or receive(connection, 2).closed
    assert ended
    assert "downstream_rq_too_many_premature_resets: 1" in gateway.admin("/stats?filter=main.*premature")
    assert client.get("/healthz").status_code == 200


def test_a_connection_carries_a_hundred_streams(gateway: Gateway) -> None:
    events = http2(gateway, ASKED)

    told = next(event for event in events if isinstance(event, h2.events.RemoteSettingsChanged))
    assert told.changed_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS].new_value == 100


# Who is calling


def test_nothing_that_says_who_is_calling_comes_from_outside(mirrored: Gateway) -> None:
    forged = [
        "X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "Client-IP",
        "X-Forwarded-Host", "X-Forwarded-Proto", "X-User", "X-User-Id", "X-Envoy-Internal", "X-Envoy-External-Address",
        "X-Envoy-Original-Path", "X-Envoy-Retry-On", "X-Noughts-Subject", "X-Original-URL", "X-Rewrite-URL", "x_forwarded_for",
    ]  # fmt: skip

    found = seen(mirrored, **dict.fromkeys(forged, "203.0.113.7"))

    assert "203.0.113.7" not in found.values()
    assert (found["x-forwarded-for"], found["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert set(found) <= {
        "host",
        "accept",
        "accept-encoding",
        "user-agent",
        "x-request-id",
        "x-forwarded-for",
        "x-forwarded-proto",
    }


@pytest.mark.parametrize(
    ("forwarded", "expected"), [("6.6.6.6, 203.0.113.7", "203.0.113.7"), ("203.0.113.7", "203.0.113.7")]
)
def test_behind_proxies_of_ones_own_the_address_they_saw_counts(tmp_path: Path, forwarded: str, expected: str) -> None:
    with gateways.mirrored(tmp_path, trusted_hops=1) as (found, _):
        assert seen(found, **{"X-Forwarded-For": forwarded})["x-forwarded-for"] == expected


def test_the_name_the_gateway_gives_to_a_caller_is_believed_from_nobody_else(client: httpx.Client, ada: Person) -> None:
    forged = {"X-Noughts-Subject": ada.id, "X_Noughts_Subject": ada.id}

    assert client.get("/users/me", headers=forged).status_code == 401
    assert client.get("/users/me", headers=forged | {"Authorization": "Bearer a.b.c"}).status_code == 401


@pytest.mark.parametrize("chosen", ["abc_-1", "a" * 64])
def test_a_request_id_that_may_stand_in_logs_is_kept(mirrored: Gateway, chosen: str) -> None:
    assert seen(mirrored, **{"X-Request-Id": chosen})["x-request-id"] == chosen


@pytest.mark.parametrize("chosen", ["a" * 65, "a b", "a\tb", "{{7*7}}", "a,b", "é", ""])
def test_any_other_is_replaced(mirrored: Gateway, chosen: str) -> None:
    with mirrored.client() as client:
        answer = client.get("/healthz", headers=[(b"X-Request-Id", chosen.encode("latin-1"))])

    given = dict(answer.json()["headers"])["x-request-id"]
    assert re.fullmatch(r"[0-9a-f-]{36}", given)
    assert answer.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize("token", ["a.b.c", "Bearer", "é"])
def test_without_a_token_of_ours_a_request_goes_no_further(mirrored: Gateway, token: str) -> None:
    with mirrored.client() as client:
        answer = client.get("/users/me", headers=[(b"Authorization", f"Bearer {token}".encode("latin-1"))])

    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


def test_the_gateway_itself_refuses_what_is_no_token_of_ours(
    gateway: Gateway, behind: servers.Process, client: httpx.Client, ada: Person
) -> None:
    key_id, key = private_key(behind)
    said, head = claims(ada.access), {"kid": key_id, "typ": "at+jwt"}

    def signed(**changes: Any) -> str:
        return jwt.encode(said | changes, key, "ES256", headers=head)

    head_part, payload, signature = ada.access.split(".")
    before = behind.log.read_text().count("request_answered")
    tokens = {
        "bent": f"{head_part}.{payload}.{signature[:-4]}AAAA",
        "unsigned": f"{head_part}.{payload}.",
        "issuer": signed(iss="http://localhost:1"),
        "audience": signed(aud="others"),
        "expired": signed(exp=int(time.time()) - 60, iat=int(time.time()) - 660),
        "none": jwt.encode(said, None, "none", headers=head),  # type: ignore[arg-type]  # that is the attack
        "hmac": jwt.encode(said, "x" * 32, "HS256", headers=head),
    }
    statuses = {
        name: client.get("/users/me", headers={"Authorization": f"Bearer {token}"}) for name, token in tokens.items()
    }

    assert {name: answer.status_code for name, answer in statuses.items()} == dict.fromkeys(tokens, 401)
    assert {answer.headers["WWW-Authenticate"] for answer in statuses.values()} == {'Bearer error="invalid_token"'}
    assert {answer.json()["type"] for answer in statuses.values()} == {"/problems/invalid-token"}
    assert behind.log.read_text().count("request_answered") == before + _health_checks(behind, before)
    assert client.get("/users/me", headers={"Authorization": f"Bearer {signed()}"}).status_code == 200


def _health_checks(behind: servers.Process, before: int) -> int:
    """Return how many of the answers since then were the gateway's own questions."""
    lines = [line for line in behind.log.read_text().splitlines() if "request_answered" in line][before:]
    return sum('"/readyz"' in line or '"/.well-known/jwks.json"' in line for line in lines)


def test_the_gateways_log_names_whoever_was_signed_in(gateway: Gateway, client: httpx.Client, ada: Person) -> None:
    client.get("/users/me", headers=ada.signed | {"X-Request-Id": "named"})

    deadline = time.monotonic() + 5
    while (
        not (found := [line for line in gateway.lines() if line.get("request") == "named"])
        and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert (found[0]["user"], found[0]["path"]) == (ada.id, "/users/me")
    assert ada.access not in gateway.log.read_text()


def test_a_token_is_believed_in_its_header_alone(client: httpx.Client, ada: Person) -> None:
    assert client.get(f"/users/me?access_token={ada.access}").status_code == 401


def test_a_session_that_is_over_is_over_behind_the_gateway_too(client: httpx.Client) -> None:
    visitor = guest(client)

    assert client.post("/logout", headers=visitor.signed).status_code == 204
    assert client.get("/users/me", headers=visitor.signed).status_code == 401


# Other sites


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost", "https://good.evil.com"])
@pytest.mark.parametrize("path", ["/healthz", "/users/me", "/nowhere"])
def test_no_other_site_is_told_that_it_may_read(client: httpx.Client, ada: Person, path: str, origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    answers = [client.get(path, headers={**ada.signed, "Origin": origin}), client.options(path, headers=asked)]

    assert not any(name.startswith("access-control-") for answer in answers for name in answer.headers)
    assert "origin" in answers[0].headers["Vary"]


@pytest.fixture(scope="module")
def shared(behind: servers.Process, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a gateway whose answers a named site's pages may read, and which answers for one host."""
    plan = gateways.plan(behind, origins=("https://good.com",), hosts=("play.example", "127.0.0.1"), limited=False)
    with gateways.standing(tmp_path_factory.mktemp("shared"), plan) as found, found.client() as client:
        yield client


def test_a_named_site_may_read_but_send_no_cookies(shared: httpx.Client) -> None:
    asked = {"Origin": "https://good.com", "Access-Control-Request-Method": "PUT"}
    answers = [
        shared.get("/users/me", headers={"Origin": "https://good.com"}),
        shared.options("/users/me", headers=asked),
    ]

    assert [answer.status_code for answer in answers] == [401, 200]
    assert {answer.headers["Access-Control-Allow-Origin"] for answer in answers} == {"https://good.com"}
    assert not any("access-control-allow-credentials" in answer.headers for answer in answers)
    assert "origin" in answers[0].headers["Vary"].lower()


@pytest.mark.parametrize(
    "origin",
    ["https://evil", "null", "https://good.evil.com", "https://goodXcom", "http://good.com", "https://good.com.evil"],
)
def test_no_other_is_taken_for_it(shared: httpx.Client, origin: str) -> None:
    answer = shared.get("/healthz", headers={"Origin": origin})

    assert not any(name.startswith("access-control-") for name in answer.headers)


@pytest.mark.parametrize(
    ("host", "expected"), [("evil.example", 421), ("play.example", 200), ("play.example:8443", 200), ("127.0.0.1", 200)]
)
def test_only_named_hosts_are_answered_for(shared: httpx.Client, host: str, expected: int) -> None:
    answer = shared.get("/healthz", headers={"Host": host})

    assert answer.status_code == expected
    assert answer.headers["Content-Type"].startswith("application/")


# How often


@pytest.fixture(scope="module")
def limited(two_servers: list[servers.Process], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with limits before two replicas that have none of their own; one proxy stands before it."""
    with gateways.standing(tmp_path_factory.mktemp("limited"), gateways.plan(*two_servers, trusted_hops=1)) as found:
        yield found


def somewhere() -> dict[str, str]:
    """Return the header with which the trusted proxy tells of an address nobody else has."""
    return {"X-Forwarded-For": f"2001:db8:{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}::1"}


def test_a_limit_holds_for_all_replicas_together(limited: Gateway) -> None:
    here = somewhere()
    with limited.client() as client:
        answers = [client.post("/login", json={"username": "nobody", "password": "x"}, headers=here) for _ in range(40)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert Counter(answer.status_code for answer in answers[:30]) == {401: 30}
    assert len(refused) >= 7
    assert refused[0].headers["RateLimit-Policy"] == '"sign-in";q=30;w=60'
    assert refused[0].headers["Retry-After"] == "2"
    assert refused[0].headers["RateLimit"] == '"sign-in";r=0;t=2'
    assert refused[0].json()["type"] == "/problems/too-many-requests"


def test_gateways_that_know_of_each_other_share_a_limit(tmp_path: Path, two_servers: list[servers.Process]) -> None:
    peers = ("127.0.0.1:1", "127.0.0.1:2")
    with gateways.standing(tmp_path, gateways.plan(*two_servers, peers=peers)) as found, found.client() as client:
        statuses = [client.post("/users", json={}).status_code for _ in range(60)]

    assert statuses == [422] * 50 + [429] * 10


def test_forged_addresses_are_counted_as_one(tmp_path: Path, two_servers: list[servers.Process]) -> None:
    names = [
        "X-Forwarded-For",
        "X-Real-IP",
        "Forwarded",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Client-IP",
        "Client-IP",
    ]
    with gateways.standing(tmp_path, gateways.plan(*two_servers)) as found, found.client() as client:
        statuses = [
            client.post("/users", json={}, headers=dict.fromkeys(names, f"203.0.{n}.7")).status_code for n in range(105)
        ]

    assert statuses == [422] * 100 + [429] * 5


def test_a_hop_added_before_the_trusted_one_does_not_dodge_a_limit(limited: Gateway) -> None:
    here = somewhere()["X-Forwarded-For"]
    with limited.client() as client:
        statuses = [
            client.post("/users", json={}, headers={"X-Forwarded-For": f"198.51.{n}.1, {here}"}).status_code
            for n in range(105)
        ]

    assert statuses == [422] * 100 + [429] * 5


def test_the_addresses_of_one_ipv6_network_are_one(limited: Gateway) -> None:
    network = somewhere()["X-Forwarded-For"].removesuffix("1")
    with limited.client() as client:
        statuses = [
            client.post("/users", json={}, headers={"X-Forwarded-For": f"{network}{n:x}"}).status_code
            for n in range(1, 106)
        ]

    assert statuses == [422] * 100 + [429] * 5


def test_each_person_has_a_limit_of_their_own_wherever_they_are(limited: Gateway) -> None:
    here, there = somewhere(), somewhere()
    with limited.client() as client:
        one, other = guest_at(client, here), guest_at(client, here)
        body = {"current_password": PASSWORD, "new_password": "another lighthouse"}
        mine = [client.put("/users/me/password", json=body, headers=here | one.signed).status_code for _ in range(31)]
        elsewhere = client.put("/users/me/password", json=body, headers=there | one.signed).status_code
        theirs = client.put("/users/me/password", json=body, headers=here | other.signed).status_code

    assert (mine[-1], elsewhere) == (429, 429)
    assert 429 not in (theirs, *mine[:30])


def guest_at(client: httpx.Client, address: dict[str, str]) -> Person:
    """Return a new guest who came from an address."""
    with httpx.Client(base_url=client.base_url, headers=address, trust_env=False) as there:
        return guest(there)


def test_routes_that_share_a_limit_share_its_calls(limited: Gateway) -> None:
    with limited.client() as client:
        here = somewhere()
        visitor = guest_at(client, here)
        changes = [client.put("/users/me", json={}, headers=here | visitor.signed) for _ in range(20)]
        changes += [client.patch("/users/me", json={}, headers=here | visitor.signed) for _ in range(11)]

    assert [answer.status_code == 429 for answer in changes] == [False] * 30 + [True]


def test_a_token_that_is_none_is_counted_by_its_address(limited: Gateway) -> None:
    here = somewhere()
    with limited.client() as client:
        found = Counter(
            client.get("/users/me", headers=here | {"Authorization": f"Bearer a.{n}.c"}).status_code for n in range(400)
        )

    assert set(found) == {401, 429}


def test_a_network_together_may_not_register_more_than_its_share(limited: Gateway) -> None:
    network = f"2001:db8:{uuid.uuid4().hex[:4]}"
    with limited.client() as client:
        counted = Counter(
            client.post("/users", json={}, headers={"X-Forwarded-For": f"{network}:{n % 200:x}::1"}).status_code
            for n in range(1_010)
        )
        guests = client.post("/guests", json={}, headers={"X-Forwarded-For": f"{network}:ffff::1"}).status_code

    assert counted[422] <= 1_005
    assert guests == 429


@pytest.fixture(scope="module")
def counting(copies: Copies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with limits before two replicas with limits."""
    folder, address = tmp_path_factory.mktemp("counting"), copies.take()
    with (
        servers.together(folder, 2, database=address, trusted_proxies="127.0.0.0/8") as replicas,
        gateways.standing(folder, gateways.plan(*replicas, trusted_hops=1)) as found,
    ):
        yield found


def test_a_forged_cookie_brings_no_more_sign_ins_and_keeps_nobody_out(counting: Gateway) -> None:
    here = somewhere()
    with counting.client() as client, counting.client(headers=here) as known:
        person = member(known)
        origin = {"Origin": str(client.base_url).rstrip("/")}
        body = {"username": person.username, "password": PASSWORD, "cookie": True}
        kept = known.post("/login", json=body, headers=origin).headers.get_list("Set-Cookie")
        known.cookies.clear()
        device = next(line for line in kept if "noughts-device" in line).partition(";")[0]

        guesses = []
        for number in range(120):
            forged = {"Cookie": f"noughts-device=forged{number}"} if number % 2 else {}
            guesses.append(
                client.post("/login", json={"username": f"nobody{number}", "password": "x"}, headers=here | forged)
            )
        let_in = client.post("/login", json=body | {"cookie": False}, headers=here | {"Cookie": device})

    heard = sum(answer.headers.get("RateLimit-Policy", "").find("sign-in") < 0 for answer in guesses)
    assert heard <= 2 * 33  # as many without a cookie as with forged ones, whichever replica was asked
    assert let_in.status_code == 200

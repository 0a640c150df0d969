"""Where one request ends and the next begins: nobody may see it differently from the server."""

import pytest

from tests import servers
from tests.security.attacks import HOST, Person, connect, receive, rows, send

POST = b"POST /guests HTTP/1.1\r\n" + HOST
JSON = b"Content-Type: application/json\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\n" + HOST
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SMUGGLED = b"GET /problems/smuggled HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"X: y\r\n Transfer-Encoding: chunked\r\n",
        b"Content-Length: 2\r\nContent-Length: 2\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: 2, 2\r\n",
        b"Content-Length : 2\r\n",
        b"Content-Length: +2\r\n",
        b"Content-Length: -2\r\n",
        b"Content-Length: 0x2\r\n",
        b"Content-Length: 99999999999999999999999\r\n",
        b"X: a\0b\r\n",
        b"X: a\rb\r\n",
        b"X\xc3\xa9: a\r\n",
        b"X y: a\r\n",
        b": a\r\n",
    ],
)
def test_a_request_that_could_be_framed_two_ways_is_refused_and_the_connection_closed(
    server: servers.Process, headers: bytes
) -> None:
    reply = send(server, POST + JSON + headers + b"\r\n{}" + SMUGGLED)

    assert (reply.statuses, reply.closed) == ([400], True)


@pytest.mark.parametrize(
    "body",
    [b"-1\r\n\r\n", b"0x2\r\n{}\r\n0\r\n\r\n", b"fffffffffffffffff\r\n", b"2\n{}\n0\n\n", b"2\r\n{}x\r\n0\r\n\r\n"],
)
def test_a_chunk_of_unclear_length_is_refused_and_the_connection_closed(server: servers.Process, body: bytes) -> None:
    reply = send(server, POST + JSON + CHUNKED + b"\r\n" + body)

    assert (reply.statuses[-1], reply.closed) == (400, True)


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /healthz HTTP/2.0\r\n",
        b"GET /healthz HTTP/9.9\r\n",
        b"GET /heal thz HTTP/1.1\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n",
        b"get /healthz HTTP/1.1\r\n",
        b"FOO /healthz HTTP/1.1\r\n",
        b"GET /healthz HTTP/1.1\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n",
    ],
)
def test_what_is_no_request_is_answered_with_a_problem_document_and_hung_up_on(
    server: servers.Process, request_line: bytes
) -> None:
    reply = send(server, request_line + HOST + b"\r\n")

    assert (reply.statuses, reply.closed) == ([400], True)
    assert b"application/problem+json" in reply.head


@pytest.mark.parametrize("hosts", [b"", HOST + b"Host: evil.example\r\n"])
@pytest.mark.parametrize("path", [b"/healthz", b"/", b"/assets/x.js"])
def test_a_request_names_one_host(server: servers.Process, hosts: bytes, path: bytes) -> None:
    assert send(server, b"GET " + path + b" HTTP/1.1\r\n" + hosts + b"\r\n").statuses == [400]


def test_http_1_0_is_served_without_a_host_and_then_hung_up_on(server: servers.Process) -> None:
    reply = send(server, b"GET /healthz HTTP/1.0\r\n\r\n")

    assert (reply.statuses, reply.closed) == ([200], True)


def test_connection_close_is_honoured(server: servers.Process) -> None:
    reply = send(server, HEALTH + b"Connection: close\r\n\r\n")

    assert reply.closed
    assert b"connection: close" in reply.head


@pytest.mark.parametrize(("method", "expected"), [(b"TRACE", {405}), (b"CONNECT", {400, 405}), (b"PROPFIND", {405})])
def test_strange_methods_are_not_allowed(server: servers.Process, method: bytes, expected: set[int]) -> None:
    assert set(send(server, method + b" /healthz HTTP/1.1\r\n" + HOST + b"\r\n").statuses) <= expected


def test_connect_opens_no_tunnel(server: servers.Process) -> None:
    assert send(server, b"CONNECT localhost:22 HTTP/1.1\r\n" + HOST + b"\r\n").statuses == [400]


def test_the_body_of_a_get_is_never_taken_for_a_request(server: servers.Process) -> None:
    reply = send(server, HEALTH + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED + HEALTH + b"\r\n")

    assert reply.statuses == [200, 200]


@pytest.mark.parametrize("path", [b"/games", b"/users/me", b"/nowhere", b"/guests?token=x"])
def test_the_body_of_a_request_refused_early_is_never_taken_for_a_request(server: servers.Process, path: bytes) -> None:
    refused = b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED)

    reply = send(server, refused, SMUGGLED + HEALTH + b"\r\n")

    assert len(reply.statuses) == 2
    assert 400 <= reply.statuses[0] < 500
    assert reply.statuses[1] == 200


def test_the_rest_of_a_body_too_large_is_never_taken_for_a_request(server: servers.Process) -> None:
    refused = POST + JSON + b"Content-Length: 70000\r\n\r\n"

    reply = send(server, refused, SMUGGLED + b"x" * (70_000 - len(SMUGGLED)) + HEALTH + b"\r\n")

    assert reply.statuses == [413, 200]


@pytest.mark.parametrize("path", [b"/games", b"/nowhere", b"/guests?token=x"])
def test_a_request_answered_before_it_was_told_to_continue_ends_the_connection(
    server: servers.Process, path: bytes
) -> None:
    expecting = b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"

    reply = send(server, expecting, SMUGGLED)

    assert len(reply.statuses) == 1
    assert reply.closed
    assert b"connection: close" in reply.head


def test_who_expects_to_be_told_to_continue_is_told_and_served(server: servers.Process) -> None:
    reply = send(server, POST + JSON + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", b"{}")

    assert reply.statuses == [100, 201]


def test_a_trailer_is_no_header(server: servers.Process, alice: Person) -> None:
    trailer = b"0\r\nAuthorization: Bearer " + alice.access.encode() + b"\r\n\r\n"

    reply = send(server, b"GET /users/me HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n" + trailer)

    assert reply.statuses == [401]


def test_trailers_without_end_are_refused(server: servers.Process) -> None:
    reply = send(server, POST + JSON + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n", b"X: " + b"a" * 200_000, b"a" * 200_000)

    assert (reply.statuses[-1], reply.closed) == (431, True)


def test_pipelined_requests_are_answered_in_order(server: servers.Process) -> None:
    paths = [b"/healthz", b"/nowhere", b"/readyz", b"/users/me"]

    reply = send(server, b"".join(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n" for path in paths))

    assert reply.statuses == [200, 404, 200, 401]


def test_a_large_body_before_a_pipelined_request_is_no_large_header(server: servers.Process) -> None:
    body = b"Content-Length: 60000\r\n\r\n" + b" " * 59_998 + b"{}"

    assert send(server, POST + JSON + body + HEALTH, b"\r\n").statuses == [201, 200]


def test_after_an_upgrade_nobody_offers_the_connection_ends(server: servers.Process) -> None:
    reply = send(server, HEALTH + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + SMUGGLED, SMUGGLED)

    assert (reply.statuses, reply.closed) == ([200], True)


def test_a_body_is_never_passed_over_for_an_upgrade(server: servers.Process) -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n"

    reply = send(server, POST + JSON + upgrade + b"Content-Length: 13\r\n\r\n" + b'{"cookie": 1}')

    assert (reply.statuses, reply.closed) == ([400], True)


def test_half_a_body_does_nothing(server: servers.Process) -> None:
    before = rows(server, "SELECT count(*) FROM users")

    for body in (b"", b"{}"):
        with connect(server) as connection:
            connection.sendall(POST + JSON + b"Content-Length: 99\r\n\r\n" + body)
            receive(connection, 0.1)
    receive_after = send(server, HEALTH + b"\r\n")

    assert receive_after.statuses == [200]
    assert rows(server, "SELECT count(*) FROM users") == before


def test_head_is_answered_without_a_body(server: servers.Process) -> None:
    reply = send(server, b"HEAD /healthz HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}" + HEALTH + b"\r\n")

    assert reply.statuses == [200, 200]
    assert reply.data.count(b'{"status":"alive"}') == 1


@pytest.mark.parametrize("count", [200, 5_000])
def test_too_many_headers_are_refused(server: servers.Process, count: int) -> None:
    reply = send(server, HEALTH + b"".join(b"X-%d: a\r\n" % number for number in range(count)) + b"\r\n")

    assert (reply.statuses, reply.closed) == ([431], True)


@pytest.mark.parametrize("size", [40_000, 65_536])
def test_a_huge_authorization_header_is_refused(server: servers.Process, size: int) -> None:
    reply = send(server, b"GET /users/me HTTP/1.1\r\n" + HOST + b"Authorization: Bearer " + b"a" * size + b"\r\n\r\n")

    assert (reply.statuses, reply.closed) == ([431], True)


def test_headers_without_end_are_refused(server: servers.Process) -> None:
    reply = send(server, HEALTH + b"X: ", b"a" * 40_000)

    assert (reply.statuses, reply.closed) == ([431], True)


@pytest.mark.parametrize("path", [b"/" + b"a" * 16_384, b"/users/me?x=" + b"a" * 16_384])
def test_an_address_of_16_kilobytes_is_refused(server: servers.Process, path: bytes) -> None:
    reply = send(server, b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")

    assert (reply.statuses, reply.closed) == ([414], True)

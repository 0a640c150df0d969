"""Paths and queries written to be read two ways, or to carry what they should not."""

import httpx
import pytest

from tests import servers
from tests.security.attacks import HOST, Person, send

INJECTIONS = [
    "' OR 1=1--",
    '";DROP TABLE users;--',
    "%' AND '1'='1",
    "1;SELECT 1",
    "\\'; --",
    "{{7*7}}",
    "${jndi:ldap://x}",
]


@pytest.mark.parametrize(
    "path",
    [
        "/users/%252e%252e/admin",
        "/users/%2e%2e/admin",
        "/users/..%2fme",
        "/users%2fme",
        "/users/%2Fme",
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
        "/users/%6de%2f..",
        "/internal/users/identify",
        "/internal/users/00000000-0000-7000-8000-000000000001",
        "/games/me",
        "/metrics",
        "/debug",
        "/.env",
        "/.git/config",
    ],
)
def test_a_path_is_decoded_once_and_leads_to_one_place(server: servers.Process, alice: Person, path: str) -> None:
    token = f"Authorization: Bearer {alice.access}\r\n\r\n"
    reply = send(server, f"GET {path} HTTP/1.1\r\n".encode() + HOST + token.encode())

    assert reply.statuses[0] in (400, 404)
    assert b"application/problem+json" in reply.head


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../app.py",
        "/assets/%2e%2e/%2e%2e/app.py",
        "/assets/..%5c..%5capp.py",
        "/assets/%00.js",
        f"/assets/{'a' * 300}.js",
        "/assets//etc/passwd.",
        "/assets/%2e",
        "/@..",
        "/@a.%00",
    ],
)
def test_no_address_of_the_page_leads_out_of_its_folder(server: servers.Process, path: str) -> None:
    reply = send(server, f"GET {path} HTTP/1.1\r\n".encode() + HOST + b"\r\n")

    assert reply.statuses == [404]


@pytest.mark.parametrize("name", ["X-Request-Id", "Origin", "Cookie", "User-Agent"])
def test_encoded_line_breaks_in_a_header_make_no_header(server: servers.Process, name: str) -> None:
    reply = send(server, b"GET /healthz HTTP/1.1\r\n" + HOST + f"{name}: a%0d%0aX-Evil: 1\r\n\r\n".encode())

    assert b"evil" not in reply.head


def test_encoded_line_breaks_in_a_path_make_no_header_and_no_line_in_the_log(server: servers.Process) -> None:
    lines = server.log.read_text().count("\n")

    reply = send(server, b"GET /users/%0d%0aX-Evil:%201 HTTP/1.1\r\n" + HOST + b"\r\n")

    assert b"evil" not in reply.head
    assert server.log.read_text().count("\n") == lines + 1


@pytest.mark.parametrize(
    "name", ["token", "access_token", "refresh_token", "password", "email", "code", "invite", "PASSWORD", "%74oken"]
)
@pytest.mark.parametrize("path", ["/users/me", "/games", "/healthz"])
def test_secrets_and_personal_data_in_a_query_are_refused(
    client: httpx.Client, alice: Person, path: str, name: str
) -> None:
    answer = client.get(f"{path}?{name}=s3cret-in-query", headers=alice.signed)

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/secret-in-query")


def test_a_token_in_a_query_signs_nobody_in(client: httpx.Client, alice: Person) -> None:
    assert client.get(f"/users/me?access_token={alice.access}").status_code == 401


@pytest.mark.parametrize("query", ["callback=f", "jsonp=f", "_method=DELETE", "role=admin", "a=1&b=2"])
def test_a_query_nobody_knows_is_refused(client: httpx.Client, alice: Person, query: str) -> None:
    answer = client.get(f"/users/me?{query}", headers=alice.signed)

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "query", ["limit=1&limit=2", "cursor=%FF", "cursor=%ED%A0%80", "&".join(f"a{number}=1" for number in range(60))]
)
def test_a_query_that_cannot_be_read_is_refused(client: httpx.Client, alice: Person, query: str) -> None:
    assert client.get(f"/games?{query}", headers=alice.signed).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        *({"cursor": text} for text in INJECTIONS),
        *({"status": text} for text in INJECTIONS),
        *({"player": text} for text in INJECTIONS),
        *({"limit": text} for text in ("0", "101", "-1", "1.5", "0x10", "9" * 400, "NaN", "true", "1;DROP", "١")),
        {"cursor": "AAAAAAAAAAAAAAAAAAAAAB"},
        {"cursor": "AAAAAAAAAAAAAAAAAAAAAA=="},
        {"cursor": "AAAAAAAAAAAAAAAAAAAA+A"},
        {"cursor": ""},
        {"cursor": "A" * 4_000},
        {"player": "me"},
        {"player": "[00000000-0000-7000-8000-000000000001]"},
    ],
)
def test_a_query_is_never_more_than_a_value(client: httpx.Client, alice: Person, query: dict[str, str]) -> None:
    answer = client.get("/games", params=query, headers=alice.signed)

    assert answer.status_code == 422, answer.text


def test_a_cursor_of_ones_own_making_shows_nothing_one_may_not_see(client: httpx.Client, mallory: Person) -> None:
    answer = client.get("/games?cursor=_____________________w", headers=mallory.signed)

    assert answer.json() == {"items": [], "next": None}


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"])
def test_a_method_cannot_be_overridden(client: httpx.Client, alice: Person, header: str) -> None:
    answer = client.get("/users/me", headers={**alice.signed, header: "DELETE"})

    assert answer.status_code == 200
    assert client.get("/users/me", headers=alice.signed).json()["status"] == "active"


@pytest.mark.parametrize("header", ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix"])
def test_a_path_cannot_be_overridden(client: httpx.Client, alice: Person, header: str) -> None:
    assert client.get("/healthz", headers={**alice.signed, header: "/users/me"}).json() == {"status": "alive"}


@pytest.mark.parametrize("path", ["/logout", "/guests", "/login", "/token", "/recovery", "/email/verify"])
def test_reading_changes_nothing(client: httpx.Client, alice: Person, path: str) -> None:
    answer = client.get(path, headers=alice.signed)

    assert answer.status_code == 405
    assert "GET" not in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/users/me", "/games", "/login"])
def test_options_tells_what_is_allowed_and_does_nothing(client: httpx.Client, path: str) -> None:
    answer = client.options(path)

    assert answer.status_code == 204
    assert "OPTIONS" in answer.headers["Allow"]


@pytest.mark.parametrize("name", ["Host", "Authorization", "Content-Type", "If-Match", "Idempotency-Key"])
def test_a_header_that_may_stand_once_may_not_stand_twice(server: servers.Process, alice: Person, name: str) -> None:
    signed = f"Authorization: Bearer {alice.access}\r\n".encode()
    twice = f"{name}: a\r\n{name}: b\r\n\r\n".encode()

    assert send(server, b"GET /users/me HTTP/1.1\r\n" + HOST + signed + twice).statuses == [400]


def test_a_redirect_is_never_given(client: httpx.Client, alice: Person) -> None:
    answers = [
        client.get(path, headers=alice.signed) for path in ("//evil.example", "/login?next=//evil", "/users/me/")
    ]

    assert not any(answer.is_redirect for answer in answers)

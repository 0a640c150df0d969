"""Pages of other sites, shared caches, scripts: what a browser is told so that they get nothing."""

from collections.abc import Iterator

import httpx
import pytest

from tests import servers
from tests.security.attacks import HOST, PASSWORD, Person, guest, login, me, member, send

FOREIGN = [
    "https://evil.example",
    "null",
    "",
    "http://localhost.evil.example",
    "http://evil.example:80",
    "http://localhostXcom",
    "//",
]


@pytest.fixture
def browser(server: servers.Process) -> Iterator[httpx.Client]:
    """A client that keeps its own cookies and comes from our page."""
    origin = f"http://127.0.0.1:{server.port}"
    with httpx.Client(base_url=origin, headers={"Origin": origin}, trust_env=False, verify=False) as found:
        yield found


def test_a_cookie_of_a_session_that_is_over_signs_nobody_out(client: httpx.Client, browser: httpx.Client) -> None:
    alice = member(client)
    browser.post("/login", json={"username": alice.username, "password": PASSWORD, "cookie": True})
    body = {"current_password": PASSWORD, "new_password": "another lighthouse"}
    assert client.put("/users/me/password", json=body, headers=alice.signed).status_code == 204
    assert browser.post("/logout?all=true").status_code == 204
    assert me(client, alice.access).status_code == 200


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("path", ["/users/me", "/games", "/healthz", "/login"])
def test_another_site_is_never_told_that_it_may_read(
    client: httpx.Client, alice: Person, path: str, origin: str
) -> None:
    for method in ("GET", "OPTIONS"):
        asked = {**alice.signed, "Origin": origin, "Access-Control-Request-Method": "PUT"}
        answer = client.request(method, path, headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path", ["/healthz", "/users/me", "/games", "/nowhere", "/openapi.json", "/login", "/users/%2f"]
)
def test_every_answer_of_the_api_is_harmless_as_a_page(client: httpx.Client, alice: Person, path: str) -> None:
    answer = client.get(path, headers=alice.signed)

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Type"].startswith("application/")
    assert answer.headers["X-Request-Id"]
    assert "Server" not in answer.headers


def test_tokens_and_personal_data_are_kept_by_no_cache(client: httpx.Client, alice: Person) -> None:
    answers = [
        client.post("/guests", json={}),
        client.post("/login", json={"username": alice.username, "password": PASSWORD}),
        client.post("/login", json={"username": alice.username, "password": "wrong"}),
        client.post("/token", json={"refresh_token": "x"}),
        client.get("/users/me", headers=alice.signed),
        client.get("/games", headers=alice.signed),
        client.get("/users/me"),
        client.get("/nowhere"),
    ]

    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


def test_the_tag_of_one_person_is_no_proof_for_another(client: httpx.Client, alice: Person, mallory: Person) -> None:
    path = f"/users/{alice.id}"
    own = client.get(path, headers=alice.signed).headers["ETag"]
    public = client.get(path, headers=mallory.signed)

    assert client.get(path, headers={**mallory.signed, "If-None-Match": own}).status_code == 200
    assert "email" not in public.json()
    assert client.get(path, headers={**alice.signed, "If-None-Match": public.headers["ETag"]}).status_code == 200
    assert client.get(path, headers={**alice.signed, "If-None-Match": own}).status_code == 304


def test_who_may_not_see_a_thing_learns_nothing_by_conditions(
    client: httpx.Client, alice: Person, mallory: Person
) -> None:
    game = client.post("/games", json={"opponent": {"kind": "invite"}}, headers=alice.signed).json()["id"]

    for condition in ({"If-None-Match": "*"}, {"If-Match": "*"}, {"If-None-Match": '"0-000000000000"'}):
        assert client.get(f"/games/{game}", headers={**mallory.signed, **condition}).status_code == 404
        assert client.get("/users/me", headers=condition).status_code == 401


def test_what_a_private_cache_may_keep_varies_by_who_asks(client: httpx.Client, alice: Person) -> None:
    body = {"opponent": {"kind": "computer", "level": 1}}
    game = client.post("/games", json=body, headers=alice.signed).json()["id"]

    answer = client.get(f"/games/{game}", headers=alice.signed)

    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Vary"].lower() == "authorization"


def test_in_browser_mode_no_script_gets_to_see_the_refresh_token(browser: httpx.Client) -> None:
    answer = browser.post("/guests", json={"cookie": True})

    attributes = answer.headers["Set-Cookie"].lower()
    assert "refresh_token" not in answer.json()
    assert "httponly" in attributes
    assert "samesite=strict" in attributes
    assert "domain" not in attributes
    assert browser.cookies["noughts"] not in answer.text


def test_a_browser_refreshes_and_signs_out_by_its_cookie(browser: httpx.Client) -> None:
    browser.post("/guests", json={"cookie": True})
    refreshed = browser.post("/token", json={"cookie": True})
    kept = browser.cookies["noughts"]

    assert refreshed.status_code == 200
    assert browser.post("/logout").status_code == 204
    assert "noughts" not in browser.cookies
    assert me(browser, refreshed.json()["access_token"]).status_code == 401
    assert browser.post("/token", json={"refresh_token": kept}).status_code == 401


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize(("path", "body"), [("/token", {"cookie": True}), ("/logout", {})])
def test_another_sites_page_cannot_use_the_cookie(
    client: httpx.Client, browser: httpx.Client, path: str, body: dict[str, bool], origin: str
) -> None:
    access = browser.post("/guests", json={"cookie": True}).json()["access_token"]

    answer = browser.post(path, json=body, headers={"Origin": origin})

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/foreign-origin")
    assert me(client, access).status_code == 200


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("path", ["/login", "/guests"])
def test_another_sites_page_cannot_sign_a_browser_in(
    client: httpx.Client, alice: Person, path: str, origin: str
) -> None:
    who = {} if path == "/guests" else {"username": alice.username, "password": PASSWORD}

    answer = client.post(path, json={"cookie": True} | who, headers={"Origin": origin})

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_form_of_another_site_is_no_request(client: httpx.Client, media_type: str) -> None:
    answer = client.post("/guests", content=b'{"cookie": true}', headers={"Content-Type": media_type})

    assert answer.status_code == 415


def test_a_cookie_is_no_access_token(browser: httpx.Client) -> None:
    browser.post("/guests", json={"cookie": True})

    assert browser.get("/users/me").status_code == 401
    assert browser.delete("/users/me").status_code == 401


@pytest.mark.parametrize(
    "cookie", ["noughts=", "noughts=a b", "noughts", "=x", "NOUGHTS=x", "x=noughts=y", "noughts=" + "a" * 4_000]
)
def test_a_cookie_of_ones_own_making_is_worth_nothing(server: servers.Process, cookie: str) -> None:
    origin = f"http://localhost:{server.port}"
    body = b'{"cookie":true}'
    head = f"POST /token HTTP/1.1\r\nHost: localhost:{server.port}\r\nOrigin: {origin}\r\nCookie: {cookie}\r\n"

    reply = send(server, head.encode() + b"Content-Type: application/json\r\nContent-Length: 15\r\n\r\n" + body)

    assert reply.statuses == [401]


def test_behind_tls_the_cookie_is_bound_to_the_host_and_the_connection(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data = tmp_path_factory.mktemp("secure") / "data"
    with servers.serving(data, base_url="https://noughts.example") as process, process.client() as client:
        own = {"Origin": "https://noughts.example", "Host": "noughts.example"}
        answer = client.post("/guests", json={"cookie": True}, headers=own)
        plain = {**own, "Cookie": answer.headers["Set-Cookie"].partition(";")[0].replace("__Host-", "")}
        tossed = client.post("/token", json={"cookie": True}, headers=plain)

    assert answer.headers["Set-Cookie"].startswith("__Host-noughts=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(answer.headers["Set-Cookie"].split("; "))
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert tossed.status_code == 401


def test_no_answer_holds_what_is_kept_inside(client: httpx.Client, alice: Person, mallory: Person) -> None:
    body = {"opponent": {"kind": "computer", "level": 1}}
    made = client.post("/games", json=body, headers=alice.signed)
    answers = [
        made,
        client.get("/games", headers=alice.signed),
        client.get("/users/me", headers=alice.signed),
        client.get(f"/users/{alice.id}", headers=mallory.signed),
        client.post("/login", json={"username": alice.username, "password": PASSWORD}),
        client.post("/guests", json={}),
        client.get("/.well-known/jwks.json"),
    ]
    names = set().union(*[_names(answer.json()) for answer in answers])

    inside = {
        "password",
        "hash",
        "salt",
        "epoch",
        "username_key",
        "username_skeleton",
        "email_key",
        "spared_session_id",
        "invite",
        "d",
    }
    assert not names & inside
    assert client.get(f"/users/{alice.id}", headers=mallory.signed).json().keys() == {
        "id",
        "username",
        "kind",
        "created_at",
    }


def _names(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | set().union(*map(_names, value.values()))
    return set().union(*map(_names, value)) if isinstance(value, list) else set()


def test_the_servers_log_holds_no_secret_and_no_address_after_all_of_this(
    server: servers.Process, client: httpx.Client
) -> None:
    name = "logscan-person"
    secret, email = "S3cret-that-nobody-logs", "logscan@private.example"
    client.post("/users", json={"username": name, "email": email, "password": secret})
    person = login(client, name, secret)
    client.post("/login", json={"username": email, "password": secret + "x"})
    client.post("/token", json={"refresh_token": person.refresh})
    client.get(f"/users/me?access_token={person.access}&email={email}")
    client.put("/users/me", json={"email": "a@" + email, "password": secret}, headers=person.signed)
    client.post(
        "/users",
        content=f'{{"email": "{email}", "password": "{secret}", }}',
        headers={"Content-Type": "application/json"},
    )
    invite = client.post("/games", json={"opponent": {"kind": "invite"}}, headers=person.signed).json()["invite_url"]
    send(server, b"GET /users/me HTTP/1.1\r\n" + HOST + f"Authorization: Bearer {person.access}\0\r\n\r\n".encode())
    log = server.log.read_text()

    assert "request_answered" in log
    for hidden in (
        secret,
        email,
        person.access,
        person.refresh,
        person.access.split(".")[2],
        invite.partition("#")[2],
        PASSWORD,
        "@example.com",
    ):
        assert hidden not in log


def test_no_attack_has_broken_a_request(server: servers.Process, client: httpx.Client) -> None:
    guest(client)

    log = server.log.read_text()
    assert "request_broke" not in log
    assert "Traceback" not in log

"""What an attack leaves in the log: one line for each, with who, when and where; and nothing anybody may not read."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from noughts.kit import ids
from tests import servers
from tests.security.attacks import PASSWORD, Person, send, some_name

Facts = dict[str, Any]
JSON = {"Content-Type": "application/json"}


def told(server: servers.Process, request_id: str) -> list[Facts]:
    """Return the lines of the log about a request, once the one that ends it is there."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        lines = [json.loads(line) for line in server.log.read_text().splitlines() if request_id in line]
        if any(line["event"] == "request_answered" for line in lines):
            return lines
        time.sleep(0.01)
    raise AssertionError("the request was not told")


def ends(server: servers.Process, answer: httpx.Response) -> Facts:
    """Return the line that tells how a request ended, which is there once."""
    (line,) = [line for line in told(server, answer.headers["X-Request-Id"]) if line["event"] == "request_answered"]
    return line


@pytest.mark.parametrize(
    ("attack", "problem"),
    [
        (lambda client: client.get("/users/me"), "unauthenticated"),
        (lambda client: client.get("/users/me", headers={"Authorization": "Bearer x.y.z"}), "invalid-token"),
        (lambda client: client.post("/login", json={"username": "x", "password": "y"}), "login-failed"),
        (lambda client: client.post("/login", content=b"{", headers=JSON), "malformed"),
        (lambda client: client.post("/login", content=b'{"a":1,"a":2}', headers=JSON), "duplicate-key"),
        (lambda client: client.post("/users", json={"role": "admin"}), "invalid"),
        (lambda client: client.get("/healthz?access_token=x"), "secret-in-query"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_refusal_is_told_once_with_its_kind_and_where_it_came_from(
    server: servers.Process,
    client: httpx.Client,
    attack: Callable[[httpx.Client], httpx.Response],
    problem: str,
) -> None:
    line = ends(server, attack(client))

    assert line["problem"] == problem
    assert line["address"] == "127.0.0.1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])


def test_whoever_reaches_for_what_is_not_theirs_is_named(
    server: servers.Process, client: httpx.Client, alice: Person, mallory: Person
) -> None:
    for answer in (
        client.get("/users", headers=mallory.signed),
        client.delete(f"/users/{alice.id}", headers=mallory.signed),
        client.put(f"/users/{ids.new()}", json={"username": "x"}, headers=mallory.signed),
    ):
        line = ends(server, answer)
        assert line["user"] == mallory.id
        assert line["problem"] in {"forbidden", "not-found"}
        assert line["status"] == answer.status_code


def test_every_sign_in_is_told_with_its_outcome(server: servers.Process, client: httpx.Client, alice: Person) -> None:
    right = client.post("/login", json={"username": alice.username, "password": PASSWORD})
    wrong = client.post("/login", json={"username": alice.username, "password": "not the one"})
    nobodys = client.post("/login", json={"username": some_name(), "password": "not the one"})

    for answer, event, user in (
        (right, "login_succeeded", alice.id),
        (wrong, "login_refused", alice.id),
        (nobodys, "login_refused", None),
    ):
        (line,) = [line for line in told(server, answer.headers["X-Request-Id"]) if line["event"] == event]
        assert (line["user"], line["address"]) == (user, "127.0.0.1")


def test_whoever_meets_a_limit_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    with servers.serving(tmp_path_factory.mktemp("limited") / "data") as limited, limited.client() as client:
        answers = [client.post("/login", json={"username": "x", "password": "not it"}) for _ in range(34)]
        problems = [ends(limited, answer).get("problem") for answer in answers]

    assert {"login-failed", "too-many-attempts", "too-many-requests"} == set(problems)


def test_what_a_caller_calls_a_request_is_no_line_of_its_own(server: servers.Process, client: httpx.Client) -> None:
    answer = client.get("/users/me", headers={"X-Request-Id": 'x","event":"login_succeeded'})

    assert ends(server, answer)["event"] == "request_answered"
    assert "login_succeeded" not in answer.headers["X-Request-Id"]


def test_what_could_not_even_be_read_is_told_too(server: servers.Process) -> None:
    answer = send(server, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: x\r\n\r\n")
    request_id = re.search(rb"x-request-id: (\w+)", answer.head)
    assert request_id is not None
    (line,) = [line for line in server.log.read_text().splitlines() if request_id[1].decode() in line]

    facts = json.loads(line)
    assert (facts["event"], facts["problem"], facts["address"]) == ("request_unreadable", "bad-request", "127.0.0.1")

"""What only administrators may do, and how one becomes one."""

from typing import Any

import httpx
import pytest

from tests import servers
from tests.faults.harm import noughts
from tests.security.attacks import PASSWORD, Person, login, me, member, some_name


@pytest.fixture(scope="module")
def edith(server: servers.Process, client: httpx.Client) -> Person:
    """An administrator, made so on the machine."""
    found = member(client)
    assert noughts("users", "promote", found.username, "--data", str(server.data)).status == 0
    return login(client, found.username)


def put(client: httpx.Client, by: Person, whom: Person, what: str, value: str, **headers: str) -> httpx.Response:
    """Ask for another status or role."""
    return client.put(f"/users/{whom.id}/{what}", json={what: value}, headers={**by.signed, **headers})


@pytest.mark.parametrize("username", ["admin", "root", "administrator", "Admin", "noughts", "computer-1", "guest"])
def test_nobody_is_there_before_the_first_one_is_made(client: httpx.Client, username: str) -> None:
    for password in (username, "admin", "password", "changeme", "noughts", ""):
        assert client.post("/login", json={"username": username, "password": password}).status_code == 401
    wanted = {"username": username, "email": f"{some_name()}@example.com", "password": PASSWORD}
    assert client.post("/users", json=wanted).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/users", None), ("GET", "/users?role=admin", None), ("POST", "/users/search", {"email": "a@example.com"}),
        ("PUT", "/users/me/role", {"role": "admin"}), ("PUT", "/users/me/status", {"status": "active"}),
        ("GET", "/users/{alice}/audit", None), ("PUT", "/users/{alice}/role", {"role": "admin"}), ("PUT", "/users/{alice}/status", {"status": "disabled"}),
    ],
)  # fmt: skip
def test_nobody_else_may_what_administrators_may(
    client: httpx.Client, alice: Person, mallory: Person, method: str, path: str, body: Any
) -> None:
    answer = client.request(method, path.format(alice=alice.id), json=body, headers=mallory.signed)
    assert answer.status_code == 403
    assert client.request(method, path.format(alice=alice.id), json=body).status_code == 401
    assert me(client, alice.access).json()["role"] == "player"


def test_somebody_disabled_is_out_at_once_and_told_apart_from_nobody(client: httpx.Client, edith: Person) -> None:
    victim = member(client)
    assert put(client, edith, victim, "status", "disabled").json()["status"] == "disabled"
    assert me(client, victim.access).status_code == 401
    assert client.post("/token", json={"refresh_token": victim.refresh}).status_code == 401
    sign_in = {"username": victim.username, "password": PASSWORD}
    disabled, unknown = (client.post("/login", json={**sign_in, **more}) for more in ({}, {"username": some_name()}))
    assert disabled.status_code == unknown.status_code == 401
    assert {**disabled.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert put(client, edith, victim, "status", "active").status_code == 200
    assert login(client, victim.username)


def test_a_role_taken_away_is_gone_while_its_token_is_valid(client: httpx.Client, edith: Person) -> None:
    other = member(client)
    put(client, edith, other, "role", "admin")
    other = login(client, other.username)
    assert client.get("/users", headers=other.signed).status_code == 200
    assert put(client, edith, other, "role", "player").json()["role"] == "player"
    assert client.get("/users", headers=other.signed).status_code == 401


def test_the_last_administrator_cannot_be_lost(client: httpx.Client, edith: Person) -> None:
    for what, value in (("role", "player"), ("status", "disabled")):
        answer = put(client, edith, edith, what, value)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/last-administrator")
    assert client.delete("/users/me", headers=edith.signed).json()["type"] == "/problems/last-administrator"
    assert client.get("/users?role=admin", headers=edith.signed).json()["items"][0]["id"] == edith.id


def test_a_change_of_role_to_a_state_that_has_passed_is_none(client: httpx.Client, edith: Person) -> None:
    other = member(client)
    assert put(client, edith, other, "role", "admin", **{"If-Match": '"9-full"'}).status_code == 412
    assert put(client, edith, other, "role", "admin", **{"If-Match": "nonsense"}).status_code == 400
    assert put(client, edith, other, "role", "admin", **{"If-Match": '"1-full"'}).status_code == 200
    assert put(client, edith, other, "role", "player").status_code == 200


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("role", "owner"), ("role", ""), ("role", None), ("role", ["admin"]), ("role", True), ("status", "deleting"),
        ("status", "banned"), ("status", 0), ("status", None),
    ],
)  # fmt: skip
def test_there_is_no_other_role_or_status(
    client: httpx.Client, edith: Person, mallory: Person, what: str, value: Any
) -> None:
    answer = client.put(f"/users/{mallory.id}/{what}", json={what: value}, headers=edith.signed)
    assert answer.status_code == 422
    more = client.put(f"/users/{mallory.id}/role", json={"role": "player", "epoch": 1}, headers=edith.signed)
    assert more.status_code == 422


def test_no_administrator_sets_somebodys_password(client: httpx.Client, edith: Person) -> None:
    victim = member(client)
    for body in ({"password": "another secret"}, {"password": "another secret", "current_password": PASSWORD}):
        assert client.put(f"/users/{victim.id}", json=body, headers=edith.signed).status_code == 403
    answer = client.put(f"/users/{victim.id}", json={"password_hash": "$2b$04$x"}, headers=edith.signed)
    assert answer.status_code == 422
    assert login(client, victim.username)


def test_no_administrator_makes_a_guest_a_member_whose_password_they_know(
    client: httpx.Client, edith: Person, visitor: Person
) -> None:
    name = some_name()
    body = {"username": name, "email": f"{name}@example.com", "password": "another lighthouse"}
    assert client.put(f"/users/{visitor.id}", json=body, headers=edith.signed).status_code == 403
    assert me(client, visitor.access).json()["kind"] == "guest"


@pytest.mark.parametrize(
    "query", ["cursor=x", "cursor=AAEC", "cursor=%00", "limit=0", "limit=101", "role=root", "status=deleting", "q=a"]
)
def test_a_list_is_asked_for_as_it_is_described(client: httpx.Client, edith: Person, query: str) -> None:
    assert client.get(f"/users?{query}", headers=edith.signed).status_code == 422


@pytest.mark.parametrize("prefix", ["'%20OR%201=1--", "%25", "%00", "%22;DROP", "_", "*"])
def test_a_search_is_never_more_than_a_prefix(client: httpx.Client, edith: Person, prefix: str) -> None:
    answer = client.get(f"/users?username={prefix}", headers=edith.signed)
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next": None})


def test_an_address_is_looked_for_in_no_query(client: httpx.Client, edith: Person, alice: Person) -> None:
    assert client.get(f"/users?email={alice.email}", headers=edith.signed).status_code == 400
    found = client.post("/users/search", json={"email": alice.email.upper()}, headers=edith.signed)
    assert [item["id"] for item in found.json()["items"]] == [alice.id]
    assert found.headers["Cache-Control"] == "no-store"


def test_an_administrator_sees_all_of_a_person_and_nothing_kept_inside(
    client: httpx.Client, edith: Person, alice: Person
) -> None:
    seen = client.get(f"/users/{alice.id}", headers=edith.signed).json()
    listed = client.get(f"/users?username={alice.username}", headers=edith.signed).json()["items"][0]
    assert seen == listed == me(client, alice.access).json()
    assert not {"password", "password_hash", "epoch", "email_key", "username_key", "spared_session_id"} & set(seen)


def test_an_administrator_ends_somebodys_sessions(client: httpx.Client, edith: Person) -> None:
    victim = member(client)
    second = login(client, victim.username)
    listed = client.get(f"/users/{victim.id}/sessions", headers=edith.signed).json()["items"]
    assert len(listed) == 2
    assert client.delete(f"/users/{victim.id}/sessions/{listed[0]['id']}", headers=edith.signed).status_code == 204
    assert sorted(me(client, one.access).status_code for one in (victim, second)) == [200, 401]
    assert client.delete(f"/users/{victim.id}/sessions", headers=edith.signed).status_code == 204
    assert {me(client, one.access).status_code for one in (victim, second)} == {401}

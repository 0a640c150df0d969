"""Whole stories of accounts over HTTP."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests import servers
from tests.journeys.endings import ended

PASSWORD = "a proper secret"
Person = tuple[dict[str, Any], dict[str, str]]


def named() -> dict[str, str]:
    """Return the registration of somebody new."""
    name = "u" + uuid.uuid4().hex[:12]
    return {"username": name, "email": f"{name}@example.com", "password": PASSWORD}


def signed_in(client: httpx.Client, username: str, password: str = PASSWORD) -> dict[str, str]:
    """Sign in, and return the headers that prove it."""
    answer = client.post("/login", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture
def member(client: httpx.Client) -> Person:
    """A new member, signed in."""
    wanted = named()
    user = client.post("/users", json=wanted).json()
    return user, signed_in(client, wanted["username"])


def slug(answer: httpx.Response) -> tuple[int, str]:
    """Return a problem's status and slug."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_somebody_registers_signs_in_changes_their_address_plays_and_leaves(client: httpx.Client) -> None:
    wanted = named()
    created = client.post("/users", json=wanted)
    user = created.json()
    assert created.status_code == 201
    assert created.headers["location"] == f"/users/{user['id']}"
    assert user["username"] == wanted["username"]
    assert PASSWORD not in created.text

    signing_in = client.post("/login", json={"username": wanted["username"], "password": PASSWORD})
    assert signing_in.status_code == 200
    assert signing_in.json()["token_type"] == "Bearer"
    me = {"Authorization": f"Bearer {signing_in.json()['access_token']}"}

    read = client.get(f"/users/{user['id']}", headers=me)
    assert (read.status_code, read.json()) == (200, user)
    assert read.headers["etag"] == created.headers["etag"]

    changed = client.put(f"/users/{user['id']}", json={"email": "new" + wanted["email"]}, headers=me)
    assert (changed.status_code, changed.json()["email"]) == (200, "new" + wanted["email"])
    assert changed.json()["username"] == wanted["username"]

    wish = {"opponent": {"kind": "computer", "level": 1}, "mark": "X"}
    assert client.post("/games", json=wish, headers=me).json()["user_id"] == user["id"]

    assert client.delete(f"/users/{user['id']}", headers=me).status_code == 204
    assert slug(ended(client, me, f"/users/{user['id']}")) == (401, "invalid-token")
    assert client.post("/login", json={"username": wanted["username"], "password": PASSWORD}).status_code == 401
    other = {"Authorization": f"Bearer {client.post('/guests', json={}).json()['access_token']}"}
    assert slug(client.get(f"/users/{user['id']}", headers=other)) == (404, "not-found")


@pytest.mark.slow
def test_a_deleted_members_name_is_free_again_before_long(client: httpx.Client, member: Person) -> None:
    user, me = member
    client.delete(f"/users/{user['id']}", headers=me)
    again = {"username": user["username"], "email": user["email"], "password": PASSWORD}
    deadline = time.monotonic() + 15
    while (answer := client.post("/users", json=again)).status_code == 409 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert answer.status_code == 201
    assert answer.json()["id"] != user["id"]


def test_a_guest_plays_then_becomes_a_member_with_the_same_id_and_signs_in(client: httpx.Client) -> None:
    grant = client.post("/guests", json={})
    assert grant.status_code == 201
    guest, me = grant.json()["user"], {"Authorization": f"Bearer {grant.json()['access_token']}"}
    game = client.post("/games", json={"opponent": {"kind": "computer", "level": 1}, "mark": "X"}, headers=me).json()
    client.post(f"/games/{game['id']}/moves", json={"ply": 0, "cell": 4}, headers=me)

    wanted = named()
    partly = client.put("/users/me", json={"username": wanted["username"]}, headers=me)
    assert partly.status_code == 422
    joined = client.put("/users/me", json=wanted, headers=me)
    assert (joined.status_code, joined.json()["id"], joined.json()["kind"]) == (200, guest["id"], "member")

    me = signed_in(client, wanted["email"])
    mine = client.get("/games", headers=me).json()["items"]
    assert [found["id"] for found in mine] == [game["id"]]
    assert mine[0]["players"]["X"]["username"] == wanted["username"]


def test_others_see_of_a_member_only_what_is_public(client: httpx.Client, member: Person) -> None:
    user, _ = member
    other = {"Authorization": f"Bearer {client.post('/guests', json={}).json()['access_token']}"}
    assert client.get(f"/users/{user['id']}", headers=other).json().keys() == {"id", "username", "kind", "created_at"}


def test_a_repeated_registration_creates_once(client: httpx.Client) -> None:
    wanted, key = named(), {"Idempotency-Key": uuid.uuid4().hex}
    first, second = (client.post("/users", json=wanted, headers=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.headers["location"] == second.headers["location"]
    assert slug(client.post("/users", json=named(), headers=key)) == (422, "idempotency-key-reused")


def test_a_repeated_game_is_created_once(client: httpx.Client, member: Person) -> None:
    _, me = member
    wish, key = {"opponent": {"kind": "computer", "level": 6}, "mark": "X"}, {"Idempotency-Key": uuid.uuid4().hex}
    first, second = (client.post("/games", json=wish, headers=me | key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert len(client.get("/games", headers=me).json()["items"]) == 1
    other = {"opponent": {"kind": "computer", "level": 1}, "mark": "X"}
    assert slug(client.post("/games", json=other, headers=me | key)) == (422, "idempotency-key-reused")


def test_twenty_repetitions_at_once_register_one_member(server: servers.Process, client: httpx.Client) -> None:
    wanted, key = named(), {"Idempotency-Key": uuid.uuid4().hex}
    with ThreadPoolExecutor(20) as many:
        answers = list(many.map(lambda _: client.post("/users", json=wanted, headers=key), range(20)))
    created = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(created) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {slug(answer)[1] for answer in answers if answer.status_code == 409} <= {"idempotency-in-progress"}


def test_of_two_changes_to_what_both_have_read_the_later_is_refused(client: httpx.Client, member: Person) -> None:
    user, me = member
    tag = client.get("/users/me", headers=me).headers["etag"]
    first = client.put("/users/me", json={"email": f"1{user['email']}"}, headers=me | {"If-Match": tag})
    second = client.put("/users/me", json={"email": f"2{user['email']}"}, headers=me | {"If-Match": tag})
    assert (first.status_code, slug(second)) == (200, (412, "precondition-failed"))
    assert client.get("/users/me", headers=me).json()["email"] == f"1{user['email']}"
    third = client.put("/users/me", json={"email": user["email"]}, headers=me | {"If-Match": first.headers["etag"]})
    assert third.status_code == 200


def test_of_twenty_changes_at_once_exactly_one_holds(client: httpx.Client, member: Person) -> None:
    user, me = member
    condition = me | {"If-Match": client.get("/users/me", headers=me).headers["etag"]}

    def change(n: int) -> int:
        return client.put("/users/me", json={"email": f"{n}{user['email']}"}, headers=condition).status_code

    with ThreadPoolExecutor(20) as many:
        statuses = sorted(many.map(change, range(20)))
    assert statuses == [200, *[412] * 19]


def test_what_one_holds_already_is_not_sent_again(client: httpx.Client, member: Person) -> None:
    user, me = member
    tag = client.get("/users/me", headers=me).headers["etag"]
    again = client.get("/users/me", headers=me | {"If-None-Match": f"W/{tag}"})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = {"Authorization": f"Bearer {client.post('/guests', json={}).json()['access_token']}"}
    assert client.get(f"/users/{user['id']}", headers=other | {"If-None-Match": tag}).status_code == 200
    assert client.get(f"/users/{user['id']}", headers={"If-None-Match": tag}).status_code == 401


def test_a_merge_patch_does_what_put_does(client: httpx.Client, member: Person) -> None:
    user, me = member
    patch = {"Content-Type": "application/merge-patch+json"}
    answer = client.patch("/users/me", content=f'{{"email": "p{user["email"]}"}}', headers=me | patch)
    assert (answer.status_code, answer.json()["email"]) == (200, f"p{user['email']}")


def test_a_new_password_opens_the_door_and_the_old_one_no_longer(client: httpx.Client, member: Person) -> None:
    user, me = member
    other = signed_in(client, user["username"])
    wish = {"password": "another secret", "current_password": PASSWORD}
    assert client.put("/users/me", json=wish, headers=me).status_code == 200
    assert client.get("/users/me", headers=me).status_code == 200
    assert slug(ended(client, other)) == (401, "invalid-token")
    assert client.post("/login", json={"username": user["username"], "password": PASSWORD}).status_code == 401
    assert signed_in(client, user["username"], "another secret")


def test_a_browser_keeps_the_refresh_token_where_no_script_can_read_it(
    server: servers.Process, client: httpx.Client, member: Person
) -> None:
    user, _ = member
    own = {"Origin": f"http://127.0.0.1:{server.port}"}
    body = {"username": user["username"], "password": PASSWORD, "cookie": True}
    signing_in = client.post("/login", json=body, headers=own)
    assert "refresh_token" not in signing_in.json()
    kept = signing_in.headers["set-cookie"]
    assert kept.startswith("noughts=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(kept.split("; "))
    assert "noughts" in client.cookies

    refreshed = client.post("/token", json={"cookie": True}, headers=own)
    assert (refreshed.status_code, refreshed.json()["user"]["id"]) == (200, user["id"])
    assert "refresh_token" not in refreshed.json()
    assert slug(client.post("/token", json={"cookie": True}, headers={"Origin": "https://evil.example"})) == (
        403,
        "foreign-origin",
    )
    assert slug(client.post("/token", json={"cookie": True})) == (403, "foreign-origin")

    assert client.post("/logout", headers=own).status_code == 204
    assert "noughts" not in client.cookies
    me = {"Authorization": f"Bearer {refreshed.json()['access_token']}"}
    assert slug(ended(client, me)) == (401, "invalid-token")
    assert slug(client.post("/token", json={"cookie": True}, headers=own)) == (401, "invalid-refresh-token")


def test_a_bot_refreshes_its_tokens_and_signs_out(client: httpx.Client, member: Person) -> None:
    user, _ = member
    grant = client.post("/login", json={"username": user["username"], "password": PASSWORD}).json()
    following = client.post("/token", json={"refresh_token": grant["refresh_token"]}).json()
    me = {"Authorization": f"Bearer {following['access_token']}"}
    assert client.get("/users/me", headers=me).json()["id"] == user["id"]
    assert client.post("/logout", headers=me).status_code == 204
    again = client.post("/token", json={"refresh_token": following["refresh_token"]})
    assert slug(again) == (401, "invalid-refresh-token")


def test_nothing_internal_is_reached_through_the_entrance(server: servers.Process, client: httpx.Client) -> None:
    from noughts.kit import clock, directory, sealing
    from noughts.kit.service_tokens import ServiceTokens

    token = ServiceTokens(sealing.derive(directory.secret(server.data), "services"), clock.now).issue("users:guests")
    headers = {"Authorization": f"Bearer {token}"}
    for path in (
        f"/internal/users/{uuid.uuid4()}/guest",
        "/internal/users/cards",
        "/internal/auth/signed-in",
        "/internal/games/played-humans",
        "/Internal/users/cards",
        "//internal/users/cards",
        "/users/../internal/users/cards",
        "/users/%2e%2e/internal/users/cards",
    ):
        assert client.post(path, json={}, headers=headers).status_code in (400, 404, 405)
    assert slug(client.get("/users/me", headers=headers)) == (401, "invalid-token")


def test_members_at_work_at_once_do_not_disturb_one_another(server: servers.Process) -> None:
    begun = threading.Barrier(8)

    def story(_: int) -> bool:
        with server.client() as client:
            wanted = named()
            user = client.post("/users", json=wanted).json()
            begun.wait(20)
            me = signed_in(client, wanted["username"])
            client.put("/users/me", json={"email": "x" + wanted["email"]}, headers=me)
            return bool(client.get("/users/me", headers=me).json()["id"] == user["id"])

    with ThreadPoolExecutor(8) as many:
        assert set(many.map(story, range(8))) == {True}

"""Sessions: when they end, that they end at once, and that no retry ends them."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from noughts.kit import sealing
from tests import servers
from tests.post import filed
from tests.security.attacks import PASSWORD, Person, claims, guest, login, me, member, rows, some_name
from tests.security.attacks import person as person_of


async def at_once(server: servers.Process, *calls: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
    """Send calls at once, each on a connection of its own."""
    limits = httpx.Limits(max_connections=len(calls))
    base = f"http://127.0.0.1:{server.port}"
    async with httpx.AsyncClient(base_url=base, limits=limits, timeout=30, trust_env=False) as client:
        started: list[Coroutine[Any, Any, httpx.Response]] = [client.request(*call[:2], **call[2]) for call in calls]
        return list(await asyncio.gather(*started))


def gone(client: httpx.Client, whom: Person) -> bool:
    """Return whether neither of the tokens is worth anything."""
    answers = me(client, whom.access), client.post("/token", json={"refresh_token": whom.refresh})
    return [answer.status_code for answer in answers] == [401, 401]


def test_logging_out_ends_both_tokens_at_once(client: httpx.Client) -> None:
    person = guest(client)

    assert client.post("/logout", headers=person.signed).status_code == 204
    assert gone(client, person)


def test_logging_out_ends_that_session_alone(client: httpx.Client, alice: Person) -> None:
    other = login(client, alice.username)

    client.post("/logout", headers=other.signed)

    assert me(client, alice.access).status_code == 200


def test_deleting_an_account_ends_every_session_at_once(client: httpx.Client) -> None:
    here = member(client)
    there = login(client, here.username)

    assert client.delete("/users/me", headers=here.signed).status_code == 204
    assert gone(client, here)
    assert gone(client, there)


def test_a_deleted_account_cannot_sign_in(client: httpx.Client) -> None:
    person = member(client)
    client.delete("/users/me", headers=person.signed)

    assert client.post("/login", json={"username": person.username, "password": PASSWORD}).status_code == 401
    assert client.post("/login", json={"username": person.email, "password": PASSWORD}).status_code == 401


def test_a_new_password_ends_every_other_session_at_once(client: httpx.Client) -> None:
    here = member(client)
    there = login(client, here.username)

    changed = client.put(
        "/users/me", json={"password": "another good one", "current_password": PASSWORD}, headers=here.signed
    )

    assert changed.status_code == 200
    assert gone(client, there)
    assert me(client, here.access).status_code == 200


def test_the_session_that_set_the_new_password_can_be_refreshed(client: httpx.Client) -> None:
    person = member(client)
    client.put("/users/me", json={"password": "another good one", "current_password": PASSWORD}, headers=person.signed)

    assert client.post("/token", json={"refresh_token": person.refresh}).status_code == 200


@pytest.mark.parametrize(
    "proof", [{}, {"current_password": "wrong password"}, {"current_password": ""}, {"current_password": "a" * 60_000}]
)
def test_a_new_password_needs_the_current_one(client: httpx.Client, mallory: Person, proof: dict[str, str]) -> None:
    answer = client.put("/users/me", json={"password": "another good one"} | proof, headers=mallory.signed)

    assert answer.status_code in (401, 422)
    assert login(client, mallory.username).id == mallory.id


def test_each_sign_in_is_a_session_of_its_own(client: httpx.Client, alice: Person) -> None:
    sessions = {claims(login(client, alice.username).access)["sid"] for _ in range(3)}

    assert len(sessions) == 3


def test_no_token_is_stored_as_it_is(server: servers.Process, client: httpx.Client) -> None:
    person = guest(client)
    client.post("/token", json={"refresh_token": person.refresh})
    stored = b"".join(path.read_bytes() for path in server.data.iterdir() if path.is_file())

    assert person.refresh.encode() not in stored
    assert person.access.encode() not in stored
    assert PASSWORD.encode() not in stored


def test_passwords_are_stored_as_argon2id_of_owasps_cost(server: servers.Process, alice: Person) -> None:
    [(stored,)] = rows(server, "SELECT password FROM users WHERE id = ?", alice.id)

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_fifty_refreshes_at_once_have_one_successor(server: servers.Process, client: httpx.Client) -> None:
    person = guest(client)

    answers = await at_once(server, *[("POST", "/token", {"json": {"refresh_token": person.refresh}})] * 50)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert me(client, person.access).status_code == 200


async def test_fifty_refreshes_at_once_have_one_successor_at_two_servers_too(
    two_servers: list[servers.Process],
) -> None:
    with two_servers[0].client() as one, two_servers[1].client() as other:
        person = guest(one)
        refreshes = [("POST", "/token", {"json": {"refresh_token": person.refresh}})] * 25

        answers = await asyncio.gather(*(at_once(server, *refreshes) for server in two_servers))

        given = [person_of(answer.json()) for some in answers for answer in some]
        assert len(given) == 50
        assert len({whom.refresh for whom in given}) == 1
        assert {me(client, whom.access).status_code for client in (one, other) for whom in given[::10]} == {200}
        assert other.post("/token", json={"refresh_token": given[0].refresh}).status_code == 200


async def test_a_session_that_is_refreshed_while_it_ends_is_over(server: servers.Process, client: httpx.Client) -> None:
    for _ in range(5):
        person = guest(client)
        refresh = ("POST", "/token", {"json": {"refresh_token": person.refresh}})

        answers = await at_once(server, *[refresh] * 5, ("POST", "/logout", {"headers": person.signed}), *[refresh] * 5)

        assert {answer.status_code for answer in answers} <= {200, 204, 401}
        given = [person_of(answer.json()) for answer in answers if answer.status_code == 200]
        assert all(gone(client, whom) for whom in given)


async def test_who_signs_in_while_the_account_is_deleted_gets_nothing_that_lasts(
    server: servers.Process, client: httpx.Client
) -> None:
    for _ in range(3):
        person = member(client)
        sign_in = ("POST", "/login", {"json": {"username": person.username, "password": PASSWORD}})

        answers = await at_once(
            server, *[sign_in] * 6, ("DELETE", "/users/me", {"headers": person.signed}), *[sign_in] * 6
        )

        assert {answer.status_code for answer in answers} <= {200, 204, 401}
        given = [answer.json()["access_token"] for answer in answers if answer.status_code == 200]
        assert {me(client, token).status_code for token in given} <= {401}


async def test_who_signs_in_with_the_old_password_while_it_changes_gets_nothing_that_lasts(
    server: servers.Process, client: httpx.Client
) -> None:
    for _ in range(3):
        person = member(client)
        sign_in = ("POST", "/login", {"json": {"username": person.username, "password": PASSWORD}})
        change = {"password": "another good one", "current_password": PASSWORD}

        answers = await at_once(
            server, *[sign_in] * 5, ("PUT", "/users/me", {"json": change, "headers": person.signed}), *[sign_in] * 5
        )

        given = [answer.json()["access_token"] for answer in answers if answer.json().get("refresh_token")]
        assert {answer.status_code for answer in answers} <= {200, 401}
        assert {me(client, token).status_code for token in given} <= {401}


async def test_fifty_registrations_of_one_name_make_one_account(server: servers.Process) -> None:
    name = some_name()
    calls = [
        ("POST", "/users", {"json": {"username": name, "email": f"{name}{number}@example.com", "password": PASSWORD}})
        for number in range(50)
    ]

    answers = await at_once(server, *calls)

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 49}
    assert len(rows(server, "SELECT id FROM users WHERE username = ?", name)) == 1


async def test_fifty_registrations_under_one_key_make_one_account(server: servers.Process) -> None:
    name = some_name()
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    call = ("POST", "/users", {"json": body, "headers": {"Idempotency-Key": name}})

    answers = await at_once(server, *[call] * 50)

    assert set(Counter(answer.status_code for answer in answers)) <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert {answer.json()["type"] for answer in answers if answer.status_code == 409} <= {
        "/problems/idempotency-in-progress"
    }


async def test_a_guest_who_signs_up_in_two_tabs_becomes_one_member(
    server: servers.Process, client: httpx.Client
) -> None:
    person = guest(client)
    calls = [
        ("PUT", "/users/me", {
            "json": {"username": (name := some_name()), "email": f"{name}@example.com", "password": PASSWORD},
            "headers": person.signed,
        })
        for _ in range(6)
    ]  # fmt: skip

    answers = await at_once(server, *calls)

    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 5} or {
        answer.status_code for answer in answers
    } <= {200, 412, 422}
    assert sum(answer.status_code == 200 for answer in answers) == 1
    [won] = [answer.json() for answer in answers if answer.status_code == 200]
    assert login(client, won["username"]).id == person.id


async def test_an_account_deleted_many_times_at_once_is_deleted_once(
    server: servers.Process, client: httpx.Client
) -> None:
    person = guest(client)

    answers = await at_once(server, *[("DELETE", "/users/me", {"headers": person.signed})] * 10)

    assert {answer.status_code for answer in answers} <= {204, 401, 404, 412}
    assert [answer.status_code for answer in answers].count(204) == 1


async def test_who_starts_games_while_being_deleted_leaves_none_open(
    server: servers.Process, client: httpx.Client
) -> None:
    for _ in range(5):
        person = guest(client)
        start = ("POST", "/games", {"json": {"opponent": {"kind": "invite"}}, "headers": person.signed})

        answers = await at_once(server, *[start] * 8, ("DELETE", "/users/me", {"headers": person.signed}), *[start] * 8)

        assert {answer.status_code for answer in answers} <= {201, 204, 401, 404}, [answer.text for answer in answers]


def test_everything_wrong_with_a_sign_in_looks_the_same(client: httpx.Client, alice: Person) -> None:
    tries = [
        {"username": alice.username, "password": "wrong password"},
        {"username": alice.email, "password": "wrong password"},
        {"username": some_name(), "password": PASSWORD},
        {"username": "nobody@example.com", "password": PASSWORD},
        {"username": "computer-1", "password": PASSWORD},
        {"username": alice.username, "password": ""},
        {"username": "", "password": ""},
        {"username": "' OR 1=1--", "password": "' OR 1=1--"},
        {"username": "a" * 60_000, "password": "x"},
        {"username": "\0\u202e@\ud7ff", "password": "x"},
        {"username": alice.username + "\0", "password": PASSWORD},
        {"username": f" {alice.username}", "password": PASSWORD},
        {"username": alice.username, "password": PASSWORD + " "},
        {"username": alice.username, "password": PASSWORD.upper()},
        {"username": alice.username, "password": PASSWORD + "\0"},
        {"username": "admin", "password": "admin"},
        {"username": "root", "password": "root"},
    ]

    answers = [client.post("/login", json=one) for one in tries]
    bodies = [{name: value for name, value in answer.json().items() if name != "request_id"} for answer in answers]
    heads = [
        {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}
        for answer in answers
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert all(body == bodies[0] for body in bodies)
    assert all(head == heads[0] for head in heads)


@pytest.mark.parametrize("token", ["", "a", "a" * 43, "a" * 60_000, "\0", "é" * 43, "../../x", "' OR 1=1--"])
def test_a_refresh_token_nobody_was_given_is_refused(client: httpx.Client, token: str) -> None:
    assert client.post("/token", json={"refresh_token": token}).status_code == 401


def sessions(client: httpx.Client, whose: str, by: Person, **query: Any) -> httpx.Response:
    """Ask where somebody is signed in."""
    return client.get(f"/users/{whose}/sessions", params=query, headers=by.signed)


def test_one_sees_where_one_is_signed_in(client: httpx.Client) -> None:
    here = member(client)
    there = login(client, here.username)

    found = sessions(client, "me", here).json()

    assert [one["id"] for one in found["items"]] == [claims(there.access)["sid"], claims(here.access)["sid"]]
    assert [one["current"] for one in found["items"]] == [False, True]
    assert found["items"][0]["device"].startswith("python-httpx")
    assert found["items"][0]["address"] == "127.0.0.1"
    assert found["next"] is None


def test_a_long_list_of_sessions_is_read_page_by_page(client: httpx.Client) -> None:
    person = member(client)
    for _ in range(2):
        login(client, person.username)

    first = sessions(client, person.id, person, limit=2).json()
    rest = sessions(client, person.id, person, limit=2, cursor=first["next"]).json()

    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]
    assert sessions(client, "me", person, cursor="x").status_code == 422
    assert sessions(client, "me", person, limit=101).status_code == 422


def test_one_ends_sessions_one_by_one_and_all_others_together(client: httpx.Client) -> None:
    here = member(client)
    others = [login(client, here.username) for _ in range(3)]
    path = f"/users/me/sessions/{claims(others[0].access)['sid']}"

    assert [client.delete(path, headers=here.signed).status_code for _ in range(2)] == [204, 404]
    assert [gone(client, other) for other in others] == [True, False, False]
    assert client.delete("/users/me/sessions", headers=here.signed).status_code == 204
    assert [gone(client, other) for other in others] == [True, True, True]
    assert me(client, here.access).status_code == 200


def test_signing_out_everywhere_ends_every_session_at_once(client: httpx.Client) -> None:
    here = member(client)
    there = login(client, here.username)

    assert client.post("/logout?all=true", headers=here.signed).status_code == 204
    assert gone(client, here)
    assert gone(client, there)


@pytest.mark.parametrize("query", ["all=perhaps", "all=true&all=false", "every=true"])
def test_signing_out_everywhere_is_asked_for_clearly(client: httpx.Client, query: str) -> None:
    person = guest(client)

    assert client.post(f"/logout?{query}", headers=person.signed).status_code in (400, 422)
    assert me(client, person.access).status_code == 200


def test_other_peoples_sessions_are_not_there(client: httpx.Client, alice: Person, mallory: Person) -> None:
    sid = claims(alice.access)["sid"]

    answers = [
        sessions(client, alice.id, mallory),
        client.delete(f"/users/{alice.id}/sessions/{sid}", headers=mallory.signed),
        client.delete(f"/users/me/sessions/{sid}", headers=mallory.signed),
        client.delete(f"/users/{mallory.id}/sessions/{sid}", headers=mallory.signed),
        client.delete(f"/users/{alice.id}/sessions", headers=mallory.signed),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert me(client, alice.access).status_code == 200


def test_a_stranger_sees_no_sessions(client: httpx.Client, alice: Person) -> None:
    assert client.get(f"/users/{alice.id}/sessions").status_code == 401
    assert client.delete(f"/users/{alice.id}/sessions").status_code == 401


def test_both_holders_of_a_copied_refresh_token_are_out_and_a_mail_says_so(
    server: servers.Process, client: httpx.Client
) -> None:
    owner = member(client)
    following = client.post("/token", json={"refresh_token": owner.refresh}).json()
    forget(server, owner.refresh)

    assert client.post("/token", json={"refresh_token": owner.refresh}).status_code == 401
    assert gone(client, person_of(following))
    assert [mail.subject for mail in filed(server.data, owner.email, 2)][-1].startswith("We ended one of your sign-ins")


def forget(server: servers.Process, token: str) -> None:
    """Remove the row of a used token, as the first refresh after twenty seconds does."""
    connection = sqlite3.connect(server.data / "noughts.db", timeout=10)
    try:
        with connection:
            connection.execute("DELETE FROM refresh_tokens WHERE digest = ?", (sealing.digest(token),))
    finally:
        connection.close()

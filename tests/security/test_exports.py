"""What a person is handed about themselves, and nobody else about them."""

import httpx
import pytest

from tests import servers
from tests.security.attacks import Person, login, member, rows


def test_people_get_their_own_data_as_a_file_no_cache_keeps(client: httpx.Client) -> None:
    person = member(client)
    answer = client.get("/users/me/export", headers=person.signed)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="noughts-{person.id}.json"'
    assert answer.json()["account"]["email"] == person.email


@pytest.mark.parametrize("what", ["export", "audit"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nobody_gets_what_is_on_record_about_another(
    client: httpx.Client, alice: Person, mallory: Person, what: str, method: str
) -> None:
    path = f"/users/{alice.id}/{what}"
    assert client.request(method, path, headers=mallory.signed).status_code == 403
    assert client.request(method, path).status_code == 401
    seen = client.get(f"/users/{alice.id}/audit", headers=alice.signed).json()["items"]
    assert "data-exported" not in [item["event"] for item in seen]


def test_what_is_kept_inside_is_in_no_export(client: httpx.Client, server: servers.Process) -> None:
    person = member(client)
    text = client.get("/users/me/export", headers=person.signed).text
    kept = [
        *rows(server, "SELECT password FROM users WHERE id = ?", person.id),
        *rows(server, "SELECT t.digest FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE s.user_id = ?", person.id),
        *rows(server, "SELECT digest FROM one_time_tokens WHERE user_id = ?", person.id),
        *rows(server, "SELECT digest FROM known_addresses WHERE user_id = ?", person.id),
    ]  # fmt: skip
    assert len(kept) >= 4
    assert not [secret for (secret,) in kept if secret in text]
    assert person.access not in text
    assert person.refresh not in text


def test_somebody_who_is_gone_is_on_record_nowhere(client: httpx.Client) -> None:
    person = member(client)
    assert client.delete("/users/me", headers=person.signed).status_code == 204
    for what in ("export", "audit"):
        assert client.get(f"/users/{person.id}/{what}", headers=person.signed).status_code == 401
        assert client.get(f"/users/{person.id}/{what}", headers=member(client).signed).status_code == 403


def test_each_sign_in_and_each_refusal_is_on_record(client: httpx.Client) -> None:
    person = member(client)
    client.post("/login", json={"username": person.username, "password": "not this one"})
    person = login(client, person.username)
    listed = client.get("/users/me/audit?limit=3", headers=person.signed).json()
    assert [item["event"] for item in listed["items"]] == ["login-succeeded", "login-refused", "login-succeeded"]
    assert {item["address"] for item in listed["items"]} == {"127.0.0.1"}
    rest = client.get(f"/users/me/audit?cursor={listed['next']}", headers=person.signed).json()
    assert (rest["items"][-1]["event"], rest["next"]) == ("user-registered", None)

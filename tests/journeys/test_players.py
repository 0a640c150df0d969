"""Looking around over HTTP: who somebody is, who waits; without being signed in."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from noughts.kit.ids import is_id

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"


def guest(client: httpx.Client) -> dict[str, str]:
    """Return the headers of a new guest."""
    return {"Authorization": f"Bearer {client.post('/guests', json={}).json()['access_token']}"}


def name_of(client: httpx.Client, me: dict[str, str]) -> str:
    """Return somebody's name."""
    return str(client.get("/users/me", headers=me).json()["username"])


def begun(client: httpx.Client, me: dict[str, str], kind: str, mark: str = "X") -> dict[str, Any]:
    """Return a new game."""
    return dict(client.post("/games", json={"opponent": {"kind": kind}, "mark": mark}, headers=me).json())


def met(client: httpx.Client) -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
    """Return two guests, and the public game the second of them joined."""
    first, second = guest(client), guest(client)
    while True:  # others wait here too: the first may be taken for their opponent
        game = begun(client, first, "anyone")
        if game["status"] == "open":
            break
    assert client.post(f"/games/{game['id']}/join", json={}, headers=second).status_code == 200
    return first, second, game


def lobby(client: httpx.Client, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the lobby once it is as wanted: each replica looks once a second."""
    deadline = time.monotonic() + 10
    while True:
        found = client.get("/lobby").json()
        if wanted(found):
            return dict(found)
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def entries(found: dict[str, Any], game: str) -> list[dict[str, Any]]:
    """Return what the lobby says of a game."""
    return [each for each in found["waiting"] if each["id"] == game]


def test_anyone_may_see_how_somebody_fared(client: httpx.Client) -> None:
    first, second, game = met(client)
    client.post(f"/games/{game['id']}/resign", headers=second)
    name, opponent = name_of(client, first), name_of(client, second)
    shown = client.get(f"/players/{name.upper()}").json()
    assert is_id(shown.pop("id"))
    (played,) = shown.pop("games")
    assert (played["id"], played["mark"], played["result"], played["reason"]) == (game["id"], "X", "X", "resigned")
    assert played["opponent"] | {"id": ""} == {"id": "", "username": opponent, "kind": "guest", "rating": None}
    created_at = shown.pop("created_at")
    assert created_at.endswith("Z")
    assert shown == {
        "username": name,
        "ratings": [],
        "kind": "guest",
        "record": {
            "people": {"won": 1, "lost": 0, "drawn": 0},
            "computer": {"won": 0, "lost": 0, "drawn": 0},
            "complete": True,
        },
        "partial": [],
    }


def test_a_game_by_invitation_is_nobody_elses_business(client: httpx.Client) -> None:
    first, second = guest(client), guest(client)
    game = begun(client, first, "invite")
    invite = game["invite_url"].partition("#invite=")[2]
    assert game["id"] not in client.get("/lobby").text
    client.post(f"/games/{game['id']}/join", json={"invite": invite}, headers=second)
    client.post(f"/games/{game['id']}/resign", headers=first)
    shown = client.get(f"/players/{name_of(client, second)}").json()
    assert (shown["record"]["people"]["won"], shown["games"]) == (0, [])


def test_nobody_has_no_profile_and_who_left_neither(client: httpx.Client) -> None:
    me = guest(client)
    name = name_of(client, me)
    assert client.get(f"/players/{name}").status_code == 200
    assert client.delete("/users/me", headers=me).status_code == 204
    for gone in (name, f"nobody-{uuid.uuid4().hex[:8]}", "a%20b", "%00", "%e2%80%8b", "x" * 3_000):
        answer = client.get(f"/players/{gone}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_the_lobby_says_who_waits_until_somebody_comes(client: httpx.Client) -> None:
    me = guest(client)
    game = begun(client, me, "anyone", "O")
    (entry,) = entries(lobby(client, lambda found: bool(entries(found, game["id"]))), game["id"])
    assert (entry["mark"], entry["variant"], entry["player"]["username"]) == ("X", "classic", name_of(client, me))
    assert client.post(f"/games/{game['id']}/join", json={}, headers=guest(client)).status_code == 200
    lobby(client, lambda found: not entries(found, game["id"]) and found["playing"] >= 1)


def test_what_is_whole_is_kept_for_a_moment_and_asked_about_by_its_tag(client: httpx.Client) -> None:
    path = f"/players/{name_of(client, guest(client))}"
    answer = client.get(path)
    assert answer.headers["cache-control"] == "public, max-age=5"
    again = client.get(path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (again.headers["etag"], again.headers["cache-control"]) == (answer.headers["etag"], "public, max-age=5")
    assert client.get(path, headers={"if-none-match": '"other"'}).status_code == 200
    head = client.head(path)
    assert (head.status_code, head.headers["etag"], head.content) == (200, answer.headers["etag"], b"")


@pytest.mark.parametrize("path", ["/lobby", "/players/computer-6"])
def test_no_token_is_looked_at_and_no_secret_answered(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"authorization": "Bearer nonsense"})
    assert answer.status_code == 200
    assert not {"email", "role", "status", "version", "invite"} & set(answer.text.split('"'))


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.9", ""])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_lobby_is_json_for_programs(client: httpx.Client, accept: str, method: str) -> None:
    answer = client.request(method, "/lobby", headers={"accept": accept})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert "Accept" in answer.headers["vary"]
    assert answer.headers["cache-control"] == "public, max-age=1"


@pytest.mark.parametrize("accept", [CHROMIUM, "text/html", "application/json;q=0.5, text/html;q=0.6"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_lobby_is_a_page_for_who_navigates_there(client: httpx.Client, accept: str, method: str) -> None:
    answer = client.request(method, "/lobby", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Accept" in answer.headers["vary"]
    held = {"accept": accept, "if-none-match": answer.headers["etag"]}
    assert client.request(method, "/lobby", headers=held).status_code == 304


def test_the_page_and_the_json_of_the_lobby_are_never_taken_for_each_other(client: httpx.Client) -> None:
    page = client.get("/lobby", headers={"accept": CHROMIUM})
    answer = client.get("/lobby", headers={"accept": "application/json", "if-none-match": page.headers["etag"]})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json; charset=utf-8")

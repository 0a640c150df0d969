"""Looking back over HTTP: one's games found and handed out, what moves and positions were worth, who is best, how two fared."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.journeys.test_playing import guest

LOST = (4, 1, 0, 8, 3, 5, 6)
"""A game X wins after O's first mistake."""
PASSWORD = "a proper secret"
IMMUTABLE = "public, max-age=31536000, immutable"


def name_of(client: httpx.Client, me: dict[str, str]) -> str:
    """Return somebody's name."""
    return str(client.get("/users/me", headers=me).json()["username"])


def member(client: httpx.Client) -> dict[str, str]:
    """Return the headers of a new member, who may play for a rating."""
    name = f"m{uuid.uuid4().hex[:12]}"
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    assert client.post("/users", json=body).status_code == 201
    signed = client.post("/login", json={"username": name, "password": PASSWORD}).json()
    return {"Authorization": f"Bearer {signed['access_token']}"}


def challenged(client: httpx.Client, first: dict[str, str], second: dict[str, str], **wish: Any) -> str:
    """Return a game of the first (X), who challenged the second."""
    wish = {"username": name_of(client, second), "mark": "X"} | wish
    game = client.post("/challenges", json=wish, headers=first).json()["id"]
    assert client.post(f"/challenges/{game}/accept", headers=second).status_code == 200
    return str(game)


def play(client: httpx.Client, game: str, cells: tuple[int, ...], *players: dict[str, str]) -> None:
    """Play cells in turn."""
    for ply, cell in enumerate(cells):
        body = {"ply": ply, "cell": cell}
        assert client.post(f"/games/{game}/moves", json=body, headers=players[ply % 2]).status_code == 201


def test_a_game_is_analysed_once_it_is_over(client: httpx.Client) -> None:
    alice, bob = guest(client), guest(client)
    game = challenged(client, alice, bob)
    play(client, game, LOST[:-1], alice, bob)
    for player in (alice, bob):
        answer = client.get(f"/games/{game}/analysis", headers=player)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/still-playing")
    assert client.get(f"/games/{game}/analysis", headers=guest(client)).status_code == 404
    client.post(f"/games/{game}/moves", json={"ply": 6, "cell": 6}, headers=alice)
    found = client.get(f"/games/{game}/analysis", headers=bob).json()
    assert [ply["kept"] for ply in found["plies"]] == [True, False, True, True, True, True, True]
    mistake = found["plies"][1]
    assert (mistake["mark"], mistake["cell"], mistake["before"], mistake["after"], mistake["best"]) == (
        "O", 1, 0, -1, [0, 2, 6, 8],
    )  # fmt: skip
    assert found["complete"] is True


def test_a_position_is_worth_the_same_for_ever(client: httpx.Client) -> None:
    answer = client.get("/positions/misere/start")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, IMMUTABLE)
    assert (answer.json()["value"], answer.json()["best"], answer.json()["turn"]) == (0, [4], "X")
    won = client.get("/positions/classic/4-1-0-8").json()
    assert (won["value"], won["plies"], won["best"]) == (1, 3, [3, 6])
    over = client.get("/positions/classic/0-3-1-4-2").json()
    assert (over["outcome"], over["line"], over["turn"], over["best"]) == ("X", [0, 1, 2], None, [])


def test_a_large_board_is_looked_at_as_far_as_there_is_time(client: httpx.Client) -> None:
    found = client.get("/positions/15x15x5/112-0-113-1-114-2").json()
    assert (found["value"], set(found["best"]) <= {111, 115, 110, 116}) == (1, True)


@pytest.mark.parametrize(
    "path", ["classic/9", "classic/04", "classic/4-4", "classic/4,0", "chess/start", "classic/0-3-1-4-2-5"]
)
def test_a_position_that_cannot_be_is_not_there(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/positions/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.headers["cache-control"] == "no-store"


def test_ones_games_are_narrowed_down(client: httpx.Client) -> None:
    alice, bob = guest(client), guest(client)
    won, drawn = challenged(client, alice, bob), challenged(client, bob, alice)
    play(client, won, LOST, alice, bob)
    client.post("/games", json={"opponent": {"kind": "computer", "level": 1}}, headers=alice)
    mine = client.get(f"/games/{won}", headers=alice).json()

    def listed(**query: str) -> list[str]:
        answer = client.get("/games", params=query, headers=alice)
        assert answer.status_code == 200, answer.text
        return [game["id"] for game in answer.json()["items"]]

    assert listed(opponent=name_of(client, bob)) == [drawn, won]
    assert listed(opponent=mine["opponent_id"], status="finished") == [won]
    assert listed(result="won") == [won]
    assert listed(result="lost") == []
    assert len(listed(since=mine["created_at"])) == 3
    assert listed(until=mine["created_at"]) == []
    assert listed(until=drawn) == [won]
    assert listed(opponent="computer-1", rated="false", variant="classic") != []
    assert listed(rated="true") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("opponent", "nobody-at-all"),
        ("since", "yesterday"),
        ("until", "2026-11-27"),
        ("rated", "maybe"),
        ("result", "X"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(client: httpx.Client, name: str, value: str) -> None:
    answer = client.get("/games", params={name: value}, headers=guest(client))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"?{name}")


def test_ones_games_are_handed_out_line_by_line(client: httpx.Client) -> None:
    alice, bob = guest(client), guest(client)
    games = [challenged(client, alice, bob) for _ in range(3)]
    play(client, games[0], LOST, alice, bob)
    answer = client.get("/games/export", headers=alice)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["id"] for line in lines] == games[::-1]
    assert (lines[-1]["moves"], lines[-1]["result"], lines[-1]["reason"]) == (list(LOST), "X", "line")
    assert lines[-1]["players"]["O"]["username"] == name_of(client, bob)
    only = client.get("/games/export", params={"status": "finished"}, headers=bob)
    assert [json.loads(line)["id"] for line in only.text.splitlines()] == games[:1]
    assert client.get("/games/export", headers=guest(client)).content == b""


def test_two_are_compared_and_rated_and_the_best_listed(client: httpx.Client) -> None:
    alice, bob = member(client), member(client)
    names = [name_of(client, one) for one in (alice, bob)]
    for _ in range(5):
        game = client.post(
            "/games",
            json={"opponent": {"kind": "anyone"}, "mark": "X", "variant": "4x4x3", "rated": True},
            headers=alice,
        ).json()
        assert client.post(f"/games/{game['id']}/join", json={}, headers=bob).status_code == 200
        client.post(f"/games/{game['id']}/resign", headers=bob)
    versus = client.get(f"/players/{names[0]}/versus/{names[1]}").json()
    assert (versus["score"], versus["partial"]) == ({"won": 5, "lost": 0, "drawn": 0}, [])
    assert [player["username"] for player in versus["players"]] == names
    (standing,) = client.get(f"/players/{names[0]}").json()["ratings"]
    assert (standing["variant"], standing["against"], standing["games"]) == ("4x4x3", "people", 5)
    assert (
        standing["history"][-1]["rating"]
        == standing["rating"]
        == 1500 + sum(one["change"] for one in standing["history"])
    )
    board = client.get("/leaderboards/4x4x3").json()["items"]
    ranks = {line["player"]["username"]: line["rank"] for line in board}
    assert ranks[names[0]] < ranks[names[1]]
    assert client.get("/leaderboards/4x4x3?against=computer").json()["items"] == []


def test_the_same_two_are_rated_a_few_times_a_day_and_told_when_again(client: httpx.Client) -> None:
    alice, bob = member(client), member(client)
    wish = {"username": name_of(client, bob), "variant": "misere", "rated": True}
    for _ in range(12):
        game = client.post("/challenges", json=wish, headers=alice).json()["id"]
        assert client.post(f"/challenges/{game}/accept", headers=bob).status_code == 200
        assert client.post(f"/games/{game}/resign", headers=bob).status_code == 200
    for refused in (
        client.post("/challenges", json=wish, headers=alice),
        client.post(f"/games/{game}/offers", json={"kind": "rematch"}, headers=bob),
    ):
        problem = refused.json()
        assert (refused.status_code, problem["type"]) == (409, "/problems/played-enough")
        again = datetime.fromisoformat(problem["again_at"]) - datetime.now(UTC)
        assert timedelta(hours=23, minutes=50) < again < timedelta(hours=24)
    assert client.post("/challenges", json=wish | {"rated": False}, headers=alice).status_code == 201
    assert client.get("/problems/played-enough").status_code == 200


@pytest.mark.parametrize("path", ["/leaderboards/classic", "/players/computer-1/versus/computer-6"])
def test_what_everybody_may_see_is_asked_about_by_its_tag(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"authorization": "Bearer nonsense"})
    assert answer.status_code == 200
    assert client.get(path, headers={"if-none-match": answer.headers["etag"]}).status_code == 304


def test_there_is_no_leaderboard_of_a_game_nobody_knows(client: httpx.Client) -> None:
    assert client.get("/leaderboards/chess").status_code == 422

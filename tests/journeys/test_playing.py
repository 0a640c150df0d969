"""Whole games over HTTP."""

import time
from typing import Any

import httpx
import pytest

from noughts.games import engine
from noughts.games.rules import classic

LINE = (0, 1, 2)


def guest(client: httpx.Client) -> dict[str, str]:
    """Return the headers of a new guest."""
    return {"Authorization": f"Bearer {client.post('/guests', json={}).json()['access_token']}"}


def begun(client: httpx.Client, me: dict[str, str], **wish: Any) -> dict[str, Any]:
    """Return a new game."""
    answer = client.post("/games", json=wish, headers=me)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def until_my_turn(client: httpx.Client, me: dict[str, str], game: dict[str, Any], mark: str) -> dict[str, Any]:
    """Return the game once the computer has replied or it is over."""
    deadline = time.monotonic() + 10
    while game["status"] == "playing" and game["turn"] != mark and time.monotonic() < deadline:
        time.sleep(0.01)
        game = client.get(f"/games/{game['id']}", headers=me).json()
    return game


def played(client: httpx.Client, me: dict[str, str], game: dict[str, Any], cell: int) -> dict[str, Any]:
    """Play a cell, and return the game."""
    answer = client.post(f"/games/{game['id']}/moves", json={"ply": game["ply"], "cell": cell}, headers=me)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def whole_game(client: httpx.Client, level: int, mark: str) -> dict[str, Any]:
    """Play the best cells against the computer to the end."""
    me = guest(client)
    game = begun(client, me, opponent={"kind": "computer", "level": level}, mark=mark)
    while (game := until_my_turn(client, me, game, mark))["status"] == "playing":
        game = played(client, me, game, engine.best(classic, tuple(game["moves"]))[0])
    return game


def test_the_best_computer_is_not_beaten(client: httpx.Client) -> None:
    for mark in ("X", "O"):
        game = whole_game(client, 6, mark)
        assert (game["status"], game["result"], game["reason"]) == ("finished", "draw", "full")
        assert sorted(game["moves"]) == list(range(9))


def test_the_weakest_computer_finishes_every_game_too(client: httpx.Client) -> None:
    game = whole_game(client, 1, "X")
    assert game["status"] == "finished"
    assert game["result"] in ("X", "draw")
    assert (game["line"] is not None) is (game["reason"] == "line")


def test_friends_play_by_an_invitation_until_one_wins(client: httpx.Client) -> None:
    alice, bob, stranger = guest(client), guest(client), guest(client)
    game = begun(client, alice, opponent={"kind": "invite"}, mark="X")
    place, _, secret = game["invite_url"].partition("#invite=")
    assert place.endswith(f"/play/{game['id']}")

    address = f"/games/{game['id']}"
    assert client.get(address, headers=bob).status_code == 404
    assert client.post(f"{address}/join", json={}, headers=bob).status_code == 404
    assert client.post(f"{address}/join", json={"invite": secret[:-1] + "?"}, headers=bob).status_code == 404
    joined = client.post(f"{address}/join", json={"invite": secret}, headers=bob)
    assert (joined.status_code, joined.json()["status"]) == (200, "playing")
    assert "invite_url" not in joined.json()
    again = client.post(f"{address}/join", json={"invite": secret}, headers=bob)
    assert again.status_code == 200
    late = client.post(f"{address}/join", json={"invite": secret}, headers=stranger)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/seat-taken")

    game = joined.json()
    for x, o in zip(LINE, (3, 4, None), strict=True):
        game = played(client, alice, game, x)
        if o is not None:
            game = played(client, bob, game, o)
    assert (game["result"], game["reason"], game["line"]) == ("X", "line", [0, 1, 2])
    assert client.get(address, headers=bob).json()["board"] == ["X", "X", "X", "O", "O", None, None, None, None]


def test_two_who_wait_for_anyone_meet(client: httpx.Client) -> None:
    alice, bob = guest(client), guest(client)
    waiting = begun(client, alice, opponent={"kind": "anyone"}, mark="X")
    met = begun(client, bob, opponent={"kind": "anyone"}, mark="O")
    assert (waiting["status"], met["status"], met["id"]) == ("open", "playing", waiting["id"])


def test_a_move_sent_twice_is_played_once(client: httpx.Client) -> None:
    me = guest(client)
    game = begun(client, me, opponent={"kind": "computer", "level": 6}, mark="X")
    move = {"ply": 0, "cell": 4}
    first, second = (client.post(f"/games/{game['id']}/moves", json=move, headers=me) for _ in range(2))
    assert (first.status_code, second.status_code, second.json()["replayed"]) == (201, 200, True)
    assert second.json()["moves"].count(4) == 1


@pytest.mark.slow
def test_the_games_of_somebody_who_left_stay_with_their_opponent(client: httpx.Client) -> None:
    alice, bob = guest(client), guest(client)
    game = begun(client, alice, opponent={"kind": "invite"}, mark="X")
    client.post(f"/games/{game['id']}/join", json={"invite": game["invite_url"].partition("=")[2]}, headers=bob)
    assert client.delete("/users/me", headers=alice).status_code == 204
    deadline = time.monotonic() + 15
    while (seen := client.get(f"/games/{game['id']}", headers=bob).json())[
        "status"
    ] == "playing" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (seen["status"], seen["result"], seen["reason"]) == ("finished", "O", "resigned")
    assert (seen["user_id"], seen["players"]["X"]) == (
        None,
        {"id": None, "username": None, "kind": "deleted", "rating": None},
    )


def test_a_list_of_games_goes_on_where_it_stopped(client: httpx.Client) -> None:
    me = guest(client)
    made = [begun(client, me, opponent={"kind": "computer", "level": 1}, mark="X")["id"] for _ in range(5)]
    seen: list[str] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        query = {"limit": 2} | ({"cursor": page["next"]} if page["next"] else {})
        page = client.get("/games", params=query, headers=me).json()
        seen += [game["id"] for game in page["items"]]
    assert seen == made[::-1]

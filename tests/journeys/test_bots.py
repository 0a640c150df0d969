"""Bots: what happens to oneself as a stream, and the example that plays by it."""

import ast
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import servers
from tests.journeys.test_looking_back import PASSWORD, member
from tests.journeys.test_playing import guest, until_my_turn

BOT = Path(__file__).parents[2] / "examples" / "bot.py"
WITHIN_S = 20


class Heard:
    """The lines of one's stream as they come."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def next(self, kind: str) -> dict[str, Any]:
        """Return the next message of a kind; what lies between is left out."""
        deadline = time.monotonic() + WITHIN_S
        for line in self._lines:
            assert time.monotonic() < deadline, f"no {kind} came"
            if line and (said := json.loads(line))["t"] == kind:
                return dict(said)
        raise AssertionError(f"the stream ended before a {kind}")


@contextmanager
def listening(client: httpx.Client, me: dict[str, str]) -> Iterator[Heard]:
    """Listen to what happens to somebody."""
    with client.stream("GET", "/stream", headers=me, timeout=WITHIN_S) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
        yield Heard(answer.iter_lines())


@contextmanager
def bot(server: servers.Process, *words: str, **more: str) -> Iterator[str]:
    """Run the example, and yield the name it plays under."""
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    command = [sys.executable, str(BOT), f"http://127.0.0.1:{server.port}", *words]
    process = subprocess.Popen(command, env=environ | more, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("Challenge ").strip()
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def begun(client: httpx.Client, me: dict[str, str], game_id: str) -> dict[str, Any]:
    """Return a game once the other has come."""
    deadline = time.monotonic() + WITHIN_S
    while (game := client.get(f"/games/{game_id}", headers=me).json())["status"] == "open":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return dict(game)


@pytest.mark.parametrize("mark", ["X", "O"])
def test_the_example_takes_a_challenge_and_plays_to_the_end(
    server: servers.Process, client: httpx.Client, mark: str
) -> None:
    with bot(server) as name:
        me = guest(client)
        game = client.post("/challenges", json={"username": name, "mark": mark}, headers=me).json()
        game = begun(client, me, game["id"])
        while (game := until_my_turn(client, me, game, mark))["status"] == "playing":
            assert game["turn"] == mark
            move = {"ply": game["ply"], "cell": game["board"].index(None)}
            assert client.post(f"/games/{game['id']}/moves", json=move, headers=me).status_code == 201
            game = client.get(f"/games/{game['id']}", headers=me).json()
    assert (game["status"], game["reason"] in ("line", "full")) == ("finished", True)
    assert game["result"] != mark  # who always plays the first free cell is no match for it


def test_the_example_is_short_enough_to_be_read_at_a_glance() -> None:
    tree = ast.parse(BOT.read_text())
    rooms = [tree, *(node for node in tree.body if isinstance(node, ast.FunctionDef))]
    told = {line for room in rooms for line in range(room.body[0].lineno, (room.body[0].end_lineno or 0) + 1)}
    lines = [line for number, line in enumerate(BOT.read_text().splitlines(), 1) if line and number not in told]
    assert len(lines) <= 30


def test_the_example_plays_as_a_member_for_a_rating_and_goes_on_when_the_server_is_back(tmp_path: Path) -> None:
    with servers.serving(tmp_path / "data", rate_limits="off") as server, server.client() as client:
        me, name = member(client), f"b{uuid.uuid4().hex[:12]}"
        client.post("/users", json={"username": name, "email": f"{name}@example.com", "password": PASSWORD})
        with bot(server, name, BOT_PASSWORD=PASSWORD) as called:
            assert called == name
            wish = {"username": name, "mark": "X", "rated": True, "variant": "classic"}
            game = begun(client, me, client.post("/challenges", json=wish, headers=me).json()["id"])
            assert (game["rated"], game["players"]["O"]["username"]) == (True, name)
            server.kill()
            server.start()
            moved = client.post(f"/games/{game['id']}/moves", json={"ply": 0, "cell": 0}, headers=me)
            game = until_my_turn(client, me, moved.json(), "X")
            assert game["moves"] == [0, 4]


def test_the_example_declines_what_it_does_not_play(server: servers.Process, client: httpx.Client) -> None:
    with bot(server) as name:
        me = guest(client)
        game = client.post("/challenges", json={"username": name, "variant": "5x5x4"}, headers=me).json()
        assert begun(client, me, game["id"])["status"] == "aborted"


def test_who_listens_hears_a_challenge_and_then_the_game(client: httpx.Client) -> None:
    alice, bob = guest(client), guest(client)
    name = client.get("/users/me", headers=bob).json()["username"]
    with listening(client, alice) as to_alice, listening(client, bob) as to_bob:
        game = client.post("/challenges", json={"username": name, "mark": "X"}, headers=alice).json()["id"]
        assert to_bob.next("challenge")["status"] == "open"
        client.post(f"/challenges/{game}/accept", headers=bob)
        for heard in (to_alice, to_bob):
            assert heard.next("challenge") | {"by": None} == {
                "t": "challenge", "game": game, "by": None, "status": "playing",
            }  # fmt: skip
            snapshot = heard.next("snapshot")["snapshot"]
            assert (snapshot["id"], snapshot["status"]) == (game, "playing")
        client.post(f"/games/{game}/moves", json={"ply": 0, "cell": 4}, headers=alice)
        assert [to.next("move")["cell"] for to in (to_alice, to_bob)] == [4, 4]
        client.post(f"/games/{game}/resign", headers=bob)
        assert to_alice.next("finished")["result"] == "X"


def test_who_listens_hears_of_games_begun_by_any_way(client: httpx.Client) -> None:
    me = guest(client)
    with listening(client, me) as heard:
        computer = {"opponent": {"kind": "computer", "level": 1}, "mark": "X"}
        game = client.post("/games", json=computer, headers=me).json()["id"]
        assert heard.next("snapshot")["game"] == game
        client.post(f"/games/{game}/resign", headers=me)
        assert heard.next("finished")["status"] == "finished"
        client.post(f"/games/{game}/offers", json={"kind": "rematch"}, headers=me)
        following = heard.next("finished")["next"]
        snapshot = heard.next("snapshot")  # sides are swapped: the computer begins, and may have begun
        assert snapshot["game"] == following
        assert snapshot["snapshot"]["moves"] or heard.next("move")["game"] == following


def test_who_comes_later_is_told_what_stands(client: httpx.Client) -> None:
    alice, bob = guest(client), guest(client)
    name = client.get("/users/me", headers=bob).json()["username"]
    game = client.post("/games", json={"opponent": {"kind": "computer", "level": 1}, "mark": "X"}, headers=bob).json()
    challenge = client.post("/challenges", json={"username": name}, headers=alice).json()
    with listening(client, bob) as heard:
        assert heard.next("snapshot")["game"] == game["id"]
        assert heard.next("challenge")["game"] == challenge["id"]


def test_the_stream_ends_with_the_session(client: httpx.Client) -> None:
    me = guest(client)
    with listening(client, me) as heard:
        client.post("/logout", json={}, headers=me)
        assert heard.next("closed") == {"t": "closed"}
    assert client.get("/stream", headers=me).status_code == 401

"""A bot that takes every challenge to a classic game: `python examples/bot.py http://localhost:8000` (docs/bots.md)."""

import json
import os
import sys
import time
from typing import Any

import httpx

LINES = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
http = httpx.Client(base_url=(*sys.argv, "http://localhost:8000")[1], timeout=httpx.Timeout(10, read=40))
me: dict[str, Any] = {}


def sign_in() -> None:
    """Sign in as a member or a guest; later, exchange the refresh token for the next ones."""
    name, password = os.environ.get("BOT_USERNAME"), os.environ.get("BOT_PASSWORD")
    first = ("/login", {"username": name, "password": password}) if name else ("/guests", {})
    path, body = ("/token", {"refresh_token": me["refresh_token"]}) if me else first
    me.update(http.post(path, json=body).raise_for_status().json())
    http.headers["Authorization"] = f"Bearer {me['access_token']}"


def call(method: str, path: str, body: object = None) -> Any:
    """Return what a call answers; an access token lives for ten minutes, then the next one is due."""
    if (answer := http.request(method, path, json=body)).status_code == 401:
        sign_in()
        answer = http.request(method, path, json=body)
    return answer.json()


def choose(board: list[str | None], mine: str) -> int:
    """Return a cell that wins, else one that stops the other from winning, else the middle, a corner, whatever is free."""
    for mark in (mine, "O" if mine == "X" else "X"):
        for line in LINES:
            held = [board[cell] for cell in line]
            if held.count(mark) == 2 and None in held:
                return line[held.index(None)]
    return next(cell for cell in (4, 0, 2, 6, 8, 1, 3, 5, 7) if board[cell] is None)


def hear(said: dict[str, Any]) -> None:
    """Take a challenge, and move when it is one's turn."""
    game = call("GET", f"/games/{said['game']}") if said["t"] in ("challenge", "snapshot", "move") else {}
    if said["t"] == "challenge" and said["status"] == "open":
        call("POST", f"/challenges/{said['game']}/{'accept' if game['variant'] == 'classic' else 'decline'}")
    elif (
        (turn := game.get("turn")) and game["variant"] == "classic" and game["players"][turn]["id"] == me["user"]["id"]
    ):
        move = {"ply": game["ply"], "pos": game["pos"], "cell": choose(game["board"], turn)}
        call("POST", f"/games/{said['game']}/moves", move)


if __name__ == "__main__":
    sign_in()
    print(f"Challenge {me['user']['username']}", flush=True)
    while True:  # a stream ends with its server: the next one tells what was missed
        try:
            with http.stream("GET", "/stream") as stream:
                for text in filter(None, stream.iter_lines()):
                    hear(json.loads(text))
            sign_in()
        except httpx.TransportError:
            time.sleep(1)

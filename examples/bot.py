"""A bot that takes every challenge to a classic game: `python examples/bot.py http://localhost:8000` (docs/bots.md)."""

import json
import os
import sys
import time

import httpx

LINES = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
http = httpx.Client(base_url=(*sys.argv, "http://localhost:8000")[1], timeout=httpx.Timeout(10, read=40))


def choose(board: list[str | None], mine: str) -> int:
    """Return a cell that wins, else one that stops the other from winning, else the middle, a corner, whatever is free."""
    twos = [line for mark in (mine, "X", "O") for line in LINES if [board[cell] for cell in line].count(mark) == 2]
    return next(cell for line in (*twos, (4, 0, 2, 6, 8, 1, 3, 5, 7)) for cell in line if board[cell] is None)


def play(place: str, me: str) -> None:
    """Do what a game waits for: take the challenge or decline it, or move."""
    game = http.get(place).raise_for_status().json()
    if game["status"] == "open":
        http.post(f"/challenges/{game['id']}/{'accept' if game['variant'] == 'classic' else 'decline'}")
    elif (turn := game["turn"]) and game["players"][turn]["id"] == me:
        http.post(f"{place}/moves", json={"ply": game["ply"], "cell": choose(game["board"], turn)}).raise_for_status()


login = {"username": sys.argv[2], "password": os.environ["BOT_PASSWORD"]} if len(sys.argv) > 2 else {}
path, body = ("/login", login) if login else ("/guests", {})
while True:  # whatever goes wrong: signed in again one is told of every game and challenge that waits
    try:
        grant = http.post(path, json=body).raise_for_status().json()
        path, body = "/token", {"refresh_token": grant["refresh_token"]}
        http.headers["Authorization"] = f"Bearer {grant['access_token']}"
        print(f"Challenge {grant['user']['username']}", flush=True)
        with http.stream("GET", "/stream") as stream:
            for said in (json.loads(line) for line in stream.raise_for_status().iter_lines() if "game" in line):
                play(f"/games/{said['game']}", grant["user"]["id"])
    except httpx.HTTPError as error:
        print(error, flush=True)
    time.sleep(1)

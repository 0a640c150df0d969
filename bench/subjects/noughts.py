"""Noughts: one process, one SQLite file or a given database, started as anybody would start it."""

import json
import sys
from pathlib import Path

from bench.load.exchange import exchange
from bench.places import ROOT
from bench.processes import Command
from bench.subjects.accounts import PASSWORD, Argon2, Person
from bench.subjects.requests import request

CELLS = (0, 4, 8, 2, 6, 3, 5, 7, 1)
"""A whole game that fills the board and nobody wins: nine moves."""
FEWEST = 64
"""Games that moves of a fixed rate are made in: the next of each is due long after the one before was answered."""


class Noughts:
    """The one this is about."""

    name = "Noughts"
    argon2 = Argon2(memory=19456, passes=2, lanes=1)
    python = Path(sys.executable)

    def __init__(self, database: str = "") -> None:
        self._database = database

    def command(self, port: int, folder: Path) -> Command:
        """Start the checkout's code, with limits off: they would measure the limiter."""
        argv = [sys.executable, "-m", "noughts", "serve", "--port", str(port)]
        return Command(
            [*argv, "--data", str(folder / "data")],
            ready="/healthz",
            environment=self._environment(),
        )

    def people(self, port: int, count: int) -> list[Person]:
        """Register so many people and sign them in."""
        names = [f"bench_{n:03}" for n in range(count)]
        bodies = [{"username": name, "email": f"{name}@example.com", "password": PASSWORD} for name in names]
        exchange(port, [request("POST", "/users", body=body) for body in bodies], expect=201)
        return _signed_in(exchange(port, [_login(name) for name in names], expect=200))

    def guests(self, port: int, count: int) -> list[Person]:
        """Let so many guests in: signed in, without a password to hash."""
        return _signed_in(exchange(port, [request("POST", "/guests", body={})] * count, expect=201))

    def refreshes(self, port: int, count: int) -> list[bytes]:
        """Let so many guests in; return for each the request that refreshes their session."""
        grants = map(json.loads, exchange(port, [request("POST", "/guests", body={})] * count, expect=201))
        return [request("POST", "/token", body={"refresh_token": grant["refresh_token"]}) for grant in grants]

    def read(self, person: Person) -> bytes:
        """Return the request for the own account."""
        return request("GET", f"/users/{person.id}", token=person.token)

    def login(self, person: Person) -> bytes:
        """Return the request to sign in."""
        return _login(person.name)

    def moves(self, port: int, count: int) -> list[bytes]:
        """Let two guests start games; return so many moves: one of each in turn, so that none overtakes another."""
        x, o = self.guests(port, 2)
        games = self.games(port, [(x, o)] * max(FEWEST, -(-count // len(CELLS))))
        return [game[ply] for ply in range(len(CELLS)) for game in games]

    def games(self, port: int, pairs: list[tuple[Person, Person]]) -> list[list[bytes]]:
        """Start a game by invitation for each pair; return the nine moves of each."""
        return [_moves(game, pair) for game, pair in zip(self.started(port, pairs), pairs, strict=True)]

    def open_game(self, port: int, person: Person) -> str:
        """Let somebody wait for anyone; return the game."""
        wish = {"opponent": {"kind": "anyone"}, "mark": "X"}
        return str(
            json.loads(exchange(port, [request("POST", "/games", token=person.token, body=wish)], expect=201)[0])["id"]
        )

    def started(self, port: int, pairs: list[tuple[Person, Person]]) -> list[str]:
        """Start a game by invitation for each pair, who begin it as X and O; return the games."""
        wish = {"opponent": {"kind": "invite"}, "mark": "X", "variant": "classic"}
        create = [request("POST", "/games", token=x.token, body=wish) for x, _ in pairs]
        games = list(map(json.loads, exchange(port, create, expect=201)))
        secrets = [game["invite_url"].partition("#invite=")[2] for game in games]
        join = [
            request("POST", f"/games/{game['id']}/join", token=o.token, body={"invite": secret})
            for game, secret, (_, o) in zip(games, secrets, pairs, strict=True)
        ]
        exchange(port, join, expect=200)
        return [game["id"] for game in games]

    def _environment(self) -> dict[str, str]:
        found = {"NOUGHTS_RATE_LIMITS": "off", "PYTHONPATH": str(ROOT / "src")}
        return found | ({"NOUGHTS_DATABASE": self._database} if self._database else {})


def _login(name: str) -> bytes:
    return request("POST", "/login", body={"username": name, "password": PASSWORD})


def _signed_in(logins: list[bytes]) -> list[Person]:
    answers = list(map(json.loads, logins))
    return [Person(a["user"]["id"], a["user"]["username"], a["access_token"]) for a in answers]


def _moves(game: str, pair: tuple[Person, Person]) -> list[bytes]:
    path = f"/games/{game}/moves"
    return [
        request("POST", path, token=pair[ply % 2].token, body={"ply": ply, "cell": cell})
        for ply, cell in enumerate(CELLS)
    ]

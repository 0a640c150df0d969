"""fastapi-users on its own full example, one uvicorn process with its default extras."""

import json
from pathlib import Path

from bench.load.exchange import exchange
from bench.places import PEERS, venv_python
from bench.processes import Command
from bench.subjects.accounts import PASSWORD, Argon2, Person
from bench.subjects.requests import request


class FastapiUsers:
    """The peer in accounts."""

    name = "fastapi-users"
    argon2 = Argon2(memory=65536, passes=3, lanes=4)
    python = venv_python("fastapi_users")

    def __init__(self, database: str = "") -> None:
        self._database = database

    def command(self, port: int, folder: Path) -> Command:
        """Start uvicorn as its documentation does, with its log line for each request."""
        del folder  # the database lies in the working directory, where none is named
        app = ["app:app", "--app-dir", str(PEERS / "fastapi_users")]
        argv = [str(self.python), "-m", "uvicorn", *app, "--host", "127.0.0.1", "--port", str(port)]
        return Command(argv, ready="/users/me", environment=self._environment())

    def people(self, port: int, count: int) -> list[Person]:
        """Register so many people and sign them in."""
        names = [f"bench{n}@example.com" for n in range(count)]
        bodies = [{"email": name, "password": PASSWORD} for name in names]
        register = [request("POST", "/auth/register", body=body) for body in bodies]
        users = map(json.loads, exchange(port, register, expect=201))
        logins = exchange(port, [_login(name) for name in names], expect=200)
        tokens = [json.loads(login)["access_token"] for login in logins]
        return [Person(u["id"], u["email"], t) for u, t in zip(users, tokens, strict=True)]

    def _environment(self) -> dict[str, str]:
        if not self._database:
            return {}
        return {"DATABASE_URL": "postgresql+asyncpg" + self._database[self._database.index(":") :]}

    def read(self, person: Person) -> bytes:
        """Return the request for the own account."""
        return request("GET", "/users/me", token=person.token)

    def login(self, person: Person) -> bytes:
        """Return the request to sign in."""
        return _login(person.name)


def _login(name: str) -> bytes:
    return request("POST", "/auth/jwt/login", form={"username": name, "password": PASSWORD})

"""What the attacks have in common: raw connections, people with tokens, and keys taken from the server's own files."""

import re
import socket
import sqlite3
import time
import uuid
from contextlib import suppress
from typing import Any, NamedTuple

import httpx
import jwt
from cryptography.hazmat.primitives import serialization

from noughts.kit import sealing
from tests import servers

PASSWORD = "correct horse battery staple"
HOST = b"Host: localhost\r\n"


class Reply(NamedTuple):
    """What came back over a raw connection, and whether the server hung up within the time."""

    data: bytes
    closed: bool

    @property
    def statuses(self) -> list[int]:
        """The status of each answer, in order."""
        return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", self.data)]

    @property
    def head(self) -> bytes:
        """The headers of the first answer, in lower case."""
        return self.data.partition(b"\r\n\r\n")[0].lower()


def connect(server: servers.Process) -> socket.socket:
    """Return a raw connection."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def receive(connection: socket.socket, seconds: float = 0.4) -> Reply:
    """Read until the server hangs up or says nothing for so long."""
    connection.settimeout(seconds)
    data = b""
    with suppress(ConnectionError):
        while True:
            try:
                more = connection.recv(65_536)
            except TimeoutError:
                return Reply(data, closed=False)
            if not more:
                break
            data += more
    return Reply(data, closed=True)


def send(server: servers.Process, *parts: bytes, seconds: float = 0.4, pause: float = 0.1) -> Reply:
    """Send bytes as they are, with a pause between the parts, and return what comes back."""
    with connect(server) as connection:
        for number, part in enumerate(parts):
            if number:
                time.sleep(pause)
            with suppress(ConnectionError):
                connection.sendall(part)
        return receive(connection, seconds)


class Person(NamedTuple):
    """Somebody with an account and tokens."""

    id: str
    username: str
    email: str
    access: str
    refresh: str

    @property
    def signed(self) -> dict[str, str]:
        """The header that proves it."""
        return {"Authorization": f"Bearer {self.access}"}


def some_name() -> str:
    """Return a username nobody has."""
    return f"u{uuid.uuid4().hex[:15]}"


def member(client: httpx.Client, username: str | None = None) -> Person:
    """Return a new member who has signed in."""
    name = username or some_name()
    made = client.post("/users", json={"username": name, "email": f"{name}@example.com", "password": PASSWORD})
    assert made.status_code == 201, made.text
    return login(client, name)


def login(client: httpx.Client, name: str, password: str = PASSWORD) -> Person:
    """Return somebody signed in once more."""
    answer = client.post("/login", json={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    return person(answer.json())


def guest(client: httpx.Client) -> Person:
    """Return a new guest."""
    answer = client.post("/guests", json={})
    assert answer.status_code == 201, answer.text
    return person(answer.json())


def person(grant: dict[str, Any]) -> Person:
    """Return who was granted these tokens."""
    user = grant["user"]
    return Person(user["id"], user["username"], user["email"], grant["access_token"], grant["refresh_token"])


def me(client: httpx.Client, token: str) -> httpx.Response:
    """Ask who one is, with a token."""
    return client.get("/users/me", headers={"Authorization": f"Bearer {token}"})


def rows(server: servers.Process, statement: str, *args: str) -> list[Any]:
    """Read the server's database past it."""
    connection = sqlite3.connect(server.data / "noughts.db")
    try:
        return connection.execute(statement, args).fetchall()
    finally:
        connection.close()


def private_key(server: servers.Process) -> tuple[str, Any]:
    """Return the server's own signing key, which only a thief of its secret file could open: its id and itself."""
    key_id, sealed = rows(server, "SELECT id, sealed FROM signing_keys")[0]
    secret = bytes.fromhex((server.data / "secret").read_text())
    plain = sealing.unseal(sealing.derive(secret, "signing keys"), sealed)
    assert plain is not None
    return key_id, serialization.load_der_private_key(plain, None)


def claims(token: str) -> dict[str, Any]:
    """Return what a token says, unchecked."""
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found

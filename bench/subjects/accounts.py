"""What a server must offer to be measured."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.processes import Command

PASSWORD = "seven brave otters 42"


@dataclass(frozen=True)
class Person:
    """Somebody signed in."""

    id: str
    name: str
    token: str


@dataclass(frozen=True)
class Argon2:
    """The parameters of a password hash: memory in KiB, passes, lanes."""

    memory: int
    passes: int
    lanes: int


class Subject(Protocol):
    """A server that can be measured."""

    name: str

    def command(self, port: int, folder: Path) -> Command:
        """Return how the server is started with its data in `folder`."""
        ...


class Accounts(Subject, Protocol):
    """A server with accounts: Noughts, or one it is compared with."""

    argon2: Argon2
    python: Path
    """The interpreter whose hashing library the server uses."""

    def people(self, port: int, count: int) -> list[Person]:
        """Register so many people and sign them in."""
        ...

    def read(self, person: Person) -> bytes:
        """Return the request by which somebody reads the own account."""
        ...

    def login(self, person: Person) -> bytes:
        """Return the request by which somebody signs in."""
        ...

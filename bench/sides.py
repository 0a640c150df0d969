"""The two servers with accounts, up and with people in them."""

from contextlib import ExitStack
from dataclasses import dataclass

from bench.places import emptied
from bench.processes import Server, free_port, serving
from bench.subjects.accounts import Accounts, Person
from bench.subjects.fastapi_users import FastapiUsers
from bench.subjects.noughts import Noughts
from bench.workbench import Workbench


@dataclass(frozen=True)
class Side:
    """A server, started for one row, and the people signed in to it."""

    accounts: Accounts
    server: Server
    people: list[Person]

    @property
    def name(self) -> str:
        """Whose server it is."""
        return self.accounts.name

    def reads(self, count: int) -> list[bytes]:
        """Return requests for the own account, by everybody in turn."""
        return [self.accounts.read(self.people[n % len(self.people)]) for n in range(count)]

    def logins(self, count: int) -> list[bytes]:
        """Return requests to sign in, by everybody in turn."""
        return [self.accounts.login(self.people[n % len(self.people)]) for n in range(count)]


def both(bench: Workbench, stack: ExitStack, row: str) -> list[Side]:
    """Start Noughts and fastapi-users for a row; they end with the stack."""
    return [ready(bench, stack, accounts, row) for accounts in (Noughts(), FastapiUsers())]


def ready(bench: Workbench, stack: ExitStack, accounts: Accounts, row: str) -> Side:
    """Start a server and let its people register and sign in."""
    folder, port = emptied(f"data/{row}-{accounts.name}"), free_port()
    server = stack.enter_context(serving(accounts.command(port, folder), port, folder))
    bench.say(f"{row}: {accounts.name} gets its people")
    return Side(accounts, server, accounts.people(port, bench.effort.people))

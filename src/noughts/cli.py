"""`noughts`: run it, look after it."""

import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from getpass import getpass
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from cyclopts import App, Parameter

from noughts import VERSION, compose, migrations
from noughts.kit import directory, openapi, server, settings
from noughts.kit.database import schema
from noughts.kit.errors import Problem, Refusal
from noughts.kit.logging import log

Result = TypeVar("Result")
_BANNER = """
  Noughts is at {origin}
  The API is described at {origin}/docs
  Everything is kept in {data}
  To make an admin, sign up on the page, then: {command} users promote <username>{where}
"""

app = App(name="noughts", version=VERSION, help="Tic-tac-toe online, around a user management service.")
users = App(name="users", help="Create, promote and list people, on the machine the data is on.")
db = App(name="db", help="Look after the database.")
app.command(users)
app.command(db)


def main() -> None:
    """Run the command line; what cannot be done is one line and status 1, never a traceback."""
    try:
        app()
    except (Refusal, Problem) as error:
        sys.exit(f"noughts: {_sentence(error)}")
    except BrokenPipeError:  # whoever read has seen enough: nothing more is written, not even at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _sentence(error: Refusal | Problem) -> str:
    if isinstance(error, Refusal):
        return str(error)
    return " ".join(field.detail for field in error.errors) or error.detail or error.title()


@app.command
def serve(*, host: str | None = None, port: int | None = None, data: str | None = None) -> None:
    """Run everything in one process.

    Parameters
    ----------
    host: Address to listen on (NOUGHTS_HOST; 127.0.0.1).
    port: Port to listen on (NOUGHTS_PORT; 8000).
    data: Directory of the database and the secret (NOUGHTS_DATA; noughts-data).
    """
    import uvloop

    chosen = _settings(host=host, port=port, data=data)
    log.configure(chosen.server.log)
    directory.prepare(chosen.server.directory)
    held = directory.hold(chosen.server.directory)
    listener = server.listen(chosen.server.host, chosen.server.port)
    port = listener.getsockname()[1]
    if port != chosen.server.port:
        chosen = _settings(host=host, port=port, data=data)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(chosen, listener))
    os.close(held)


async def _serve(chosen: compose.Settings, listener: server.Listener) -> None:
    async with compose.opened(chosen, _migrate_apart) as house:
        application = (await house.ready()).app()
        admin = server.listen("127.0.0.1", chosen.server.admin_port) if chosen.server.admin_port else None
        tasks = [asyncio.create_task(work) for work in house.workers()]
        _settle()
        _greet(chosen)
        await server.serve((application, listener), *([(house.admin(), admin)] if admin else []))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _settle() -> None:
    """Leave what the start made out of every later garbage collection: less work, and shorter pauses."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _greet(chosen: compose.Settings) -> None:
    given = chosen.server.data
    where = "" if given == settings.Server().data else f" --data {given}"
    command = sys.argv[0] if os.sep in sys.argv[0] and not sys.argv[0].endswith("__main__.py") else "noughts"
    data = chosen.server.directory.absolute()
    print(_BANNER.format(origin=chosen.server.origin, data=data, command=command, where=where), flush=True)


@app.command(name="settings")
def list_settings() -> None:
    """List every setting: its environment variable, its default, what it means."""
    from rich.console import Console
    from rich.table import Table

    table = Table("Variable", "Default", "Meaning", box=None, pad_edge=False)
    for field in msgspec.structs.fields(compose.Settings):
        for row in settings.described(field.type):
            table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    print("\nEach can also be read from a file: NOUGHTS_DATABASE_FILE=/run/secrets/database")


@app.command(name="openapi")
def print_openapi() -> None:
    """Print the OpenAPI document of this version."""
    document = openapi.document(compose.TABLES, VERSION)
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")


@users.command
def create(
    username: str,
    email: str,
    *,
    admin: bool = False,
    password_file: Annotated[
        Path | None, Parameter(help="File with the password; `-`: standard input.", allow_leading_hyphen=True)
    ] = None,
    data: str | None = None,
) -> None:
    """Create a member; the password is asked for.

    Parameters
    ----------
    admin: Make an administrator.
    data: Directory of the database (NOUGHTS_DATA).
    """
    password = _password(password_file)

    async def work(house: compose.House) -> None:
        account = await house.users.registrations.register(
            compose.Registration(username, email, password), compose.OPERATOR
        )
        if admin:
            await house.users.administration.promote(username, compose.OPERATOR)
        print(f"{account.username} is a member{' and an administrator' if admin else ''} now: {account.id}")

    _with_house(work, data, begin=True)


@users.command
def promote(username: str, *, data: str | None = None) -> None:
    """Make a member an administrator."""

    async def work(house: compose.House) -> None:
        account = await house.users.administration.promote(username, compose.OPERATOR)
        print(f"{account.username} is an administrator now.")

    _with_house(work, data)


@users.command(name="list")
def list_users(*, guests: bool = False, data: str | None = None) -> None:
    """List members, the oldest first, one a line: id, role, status, username, email.

    Parameters
    ----------
    guests: Include guests.
    data: Directory of the database (NOUGHTS_DATA).
    """

    async def work(house: compose.House) -> None:
        after = None
        while batch := await house.users.administration.page(after, 100):
            for account in batch:
                if account.kind == "member" or (guests and account.kind == "guest"):
                    print(account.id, account.role, account.status, account.username, account.email or "-", sep="\t")
            after = batch[-1].id

    _with_house(work, data)


@db.command
def migrate(*, data: str | None = None) -> None:
    """Bring the schema up to date (NOUGHTS_DATABASE, or the file in the data directory)."""
    chosen = _settings(data=data)
    if not chosen.server.database:
        directory.prepare(chosen.server.directory)
    asyncio.run(migrations.upgrade(chosen.server.database_address))
    print(f"The schema is at {schema.HEAD}.")


async def _migrate_apart(chosen: settings.Server) -> None:
    """Migrate in a process of its own: what that needs (30 MB) would stay in this one for good."""
    command = [sys.executable, "-m", "noughts", "db", "migrate", "--data", chosen.data]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, told = await process.communicate()
    if process.returncode:
        raise Refusal("The database could not be brought up to date: " + (told.decode().splitlines() or ["?"])[-1])


def _settings(**flags: str | int | None) -> compose.Settings:
    given = {settings.PREFIX + name.upper(): str(value) for name, value in flags.items() if value is not None}
    return compose.read_settings(os.environ | given)


def _with_house(work: Callable[[compose.House], Awaitable[Result]], data: str | None, *, begin: bool = False) -> Result:
    chosen = _settings(data=data)
    if not begin and not chosen.server.database and not (chosen.server.directory / "noughts.db").exists():
        raise Refusal(
            f"There is no installation in {chosen.server.directory}: start the server once, or name its --data."
        )
    log.configure("warning")

    async def inside() -> Result:
        async with compose.opened(chosen, _migrate_apart) as house:
            return await work(house)

    return asyncio.run(inside())


def _password(file: Path | None) -> str:
    if file is None:
        try:
            password, again = getpass("Password: "), getpass("Again: ")
        except EOFError:
            raise Refusal("There is nobody to ask for the password: use --password-file.") from None
        if password != again:
            raise Refusal("The two are not the same.")
        return password
    try:
        return (sys.stdin.read() if str(file) == "-" else file.read_text()).rstrip("\n")
    except OSError as error:
        raise Refusal(f"{file}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Refusal(f"{file} is no text.") from None

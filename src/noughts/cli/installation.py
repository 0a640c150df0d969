"""The installation a command is about: its settings, and the house on its database."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from cyclopts import Parameter

from noughts import compose
from noughts.kit import settings
from noughts.kit.errors import Refusal
from noughts.kit.logging import log

Result = TypeVar("Result")
Data = Annotated[
    str | None, Parameter(help="Directory of the database, the secret and the mails (NOUGHTS_DATA; noughts-data).")
]


def chosen(**flags: str | int | None) -> compose.Settings:
    """Return the settings: what the flags say, else the environment; raises Refusal."""
    given = {settings.PREFIX + name.upper(): str(value) for name, value in flags.items() if value is not None}
    said = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in given}
    return compose.read_settings(said | given)


def command_name() -> str:
    """Return what this command line is started with: a path where that was given, else `noughts`."""
    started = sys.argv[0]
    return started if os.sep in started and not started.endswith("__main__.py") else "noughts"


def with_house(work: Callable[[compose.House], Awaitable[Result]], data: str | None, *, begin: bool = False) -> Result:
    """Return what `work` returns; raises Refusal where there is no installation, unless this is to `begin` one."""
    found = chosen(data=data)
    if not begin and not found.server.database and not (found.server.directory / "noughts.db").exists():
        raise Refusal(
            f"There is no installation in {found.server.directory}: start the server once, or name its --data."
        )
    log.configure("warning")

    async def inside() -> Result:
        async with compose.opened(found, migrate_apart) as house:
            return await work(house)

    return asyncio.run(inside())


async def migrate_apart(server: settings.Server) -> None:
    """Migrate in a process of its own: what that needs (30 MB) would stay in this one for good."""
    command = [sys.executable, "-m", "noughts", "db", "migrate", "--data", server.data]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, told = await process.communicate()
    if process.returncode:
        raise Refusal("The database could not be brought up to date: " + (told.decode().splitlines() or ["?"])[-1])

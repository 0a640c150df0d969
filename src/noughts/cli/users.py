"""`noughts users`: one person at a time, on the machine the data is on."""

import sys
import warnings
from getpass import GetPassWarning, getpass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from noughts import compose
from noughts.cli.installation import Data, with_house
from noughts.kit.errors import Refusal

Username = Annotated[str, Parameter(help="Whom it is about.")]

app = App(name="users", help="Look after people, on the machine the data is on.")


@app.command
def create(
    username: str,
    email: str,
    *,
    admin: bool = False,
    password_file: Annotated[
        Path | None, Parameter(help="File with the password; `-`: standard input.", allow_leading_hyphen=True)
    ] = None,
    data: Data = None,
) -> None:
    """Create a member; the password is asked for.

    Parameters
    ----------
    username
        3 to 20 letters, digits, _ and -.
    email
        Where a mail to verify it goes.
    admin
        Make an administrator.
    """
    password = _password(password_file)

    async def work(house: compose.House) -> None:
        account = await house.users.registrations.register(
            compose.Registration(username, email, password), compose.OPERATOR
        )
        if admin:
            await house.users.administration.set_role(account.id, "admin", None, compose.OPERATOR)
        print(f"{account.username} is a member{' and an administrator' if admin else ''} now: {account.id}")

    with_house(work, data, begin=True)


@app.command
def promote(username: Username, *, data: Data = None) -> None:
    """Make a member an administrator."""
    _set_role(username, "admin", "is an administrator now", data)


@app.command
def demote(username: Username, *, data: Data = None) -> None:
    """Make an administrator a player again; who is signed in is signed out."""
    _set_role(username, "player", "is a player now", data)


@app.command
def disable(username: Username, *, data: Data = None) -> None:
    """Sign somebody out everywhere and let them sign in no more; nothing is deleted."""
    _set_status(username, "disabled", "cannot sign in any more", data)


@app.command
def enable(username: Username, *, data: Data = None) -> None:
    """Let somebody who was disabled sign in again."""
    _set_status(username, "active", "can sign in again", data)


@app.command(name="reset-totp")
def reset_totp(username: Username, *, data: Data = None) -> None:
    """Remove the second factor of somebody who lost it; who is signed in is signed out."""

    async def work(house: compose.House) -> None:
        found = await house.users.administration.named(username)
        if not await house.auth.second_factor.remove(found.id, None, compose.OPERATOR):
            raise Refusal(f"{found.username} has no second factor.")
        print(f"{found.username} signs in by password alone now.")

    with_house(work, data)


def _set_role(username: str, role: Literal["player", "admin"], told: str, data: str | None) -> None:
    async def work(house: compose.House) -> None:
        found = await house.users.administration.named(username)
        await house.users.administration.set_role(found.id, role, None, compose.OPERATOR)
        print(f"{found.username} {told}.")

    with_house(work, data)


def _set_status(username: str, status: Literal["active", "disabled"], told: str, data: str | None) -> None:
    async def work(house: compose.House) -> None:
        found = await house.users.administration.named(username)
        await house.users.administration.set_status(found.id, status, None, compose.OPERATOR)
        print(f"{found.username} {told}.")

    with_house(work, data)


@app.command(name="list")
def list_users(*, guests: bool = False, data: Data = None) -> None:
    """List members, the oldest first, one a line: id, role, status, username, email.

    Parameters
    ----------
    guests
        Include guests.
    """

    async def work(house: compose.House) -> None:
        after = None
        while batch := await house.users.administration.page(after, 100):
            for account in batch:
                if account.kind == "member" or (guests and account.kind == "guest"):
                    print(account.id, account.role, account.status, account.username, account.email or "-", sep="\t")
            after = batch[-1].id

    with_house(work, data)


def _password(file: Path | None) -> str:
    if file is None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", GetPassWarning)  # nothing is typed where it can be read
                password, again = getpass("Password: "), getpass("Again: ")
        except (EOFError, GetPassWarning):
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

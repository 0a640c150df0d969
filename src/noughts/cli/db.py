"""`noughts db`."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from noughts import migrations
from noughts.cli.installation import Data, chosen
from noughts.kit import directory
from noughts.kit.database import schema
from noughts.kit.errors import Refusal

if TYPE_CHECKING:
    from noughts.kit.settings import Server

app = App(name="db", help="Look after the database: NOUGHTS_DATABASE, or the file in the data directory.")
_ENDED = "Sessions refreshed after the backup end, and their people are told of a replay."


@app.command
def migrate(*, data: Data = None) -> None:
    """Bring the schema up to date. Servers go on meanwhile; several at once do it once."""
    server = chosen(data=data).server
    if not server.database:
        directory.prepare(server.directory)
    for step in asyncio.run(migrations.upgrade(server.database_address)):
        print(f"Done: {step}")
    print(f"The schema is at {schema.HEAD}.")


@app.command
def check(*, data: Data = None) -> None:
    """Look whether the database is whole, up to date and safe; one line for each finding, status 1 when something is wrong."""
    from noughts.maintenance import checking

    findings = asyncio.run(checking.check(chosen(data=data).server))
    for finding in findings:
        print(f"{'WRONG' if finding.is_wrong else 'good '}  {finding.text}")
    if any(finding.is_wrong for finding in findings):
        sys.exit(1)


@app.command
def roles(*, addresses: Path | None = None) -> None:
    """Make a PostgreSQL role for each service, which may do what its code does and nothing else. May be repeated.

    NOUGHTS_DATABASE is the owner of the tables. Without --addresses the roles get no passwords.

    Parameters
    ----------
    addresses
        Folder for each service's own address, with a new password where its file is not there yet: files `users`, `auth`
        and `games`, readable by you alone, each for the NOUGHTS_DATABASE_FILE of its service.
    """
    from noughts.maintenance.roles import ensure

    for line in asyncio.run(ensure(_on_postgres(chosen().server).database, addresses)):
        print(line)
    if addresses is not None:
        print(f"Give each service its file: NOUGHTS_DATABASE_FILE={addresses.absolute()}/users")


@app.command
def backup(file: Path, *, data: Data = None) -> None:
    """Write everything as it is at one moment to a new file that only you can read, beside a running server as well.

    It is a SQLite file, whichever the database; `restore` takes it to either. The secret goes beside it.

    Parameters
    ----------
    file
        The file; it must not be there yet.
    """
    from noughts.maintenance import backup

    server = chosen(data=data).server
    asyncio.run(backup.back_up(server, file.resolve(), _tell))
    beside = backup.beside_of(file)
    print(f"Everything is in {file} now.")
    if server.secret or not beside.exists():
        print(
            "Keep NOUGHTS_SECRET with it: without it nobody opens the signing keys, second factors and mails in there."
        )
    else:
        print(f"The secret is in {beside}: whoever has both can sign in as anybody.")


@app.command
def restore(file: Path, *, data: Data = None) -> None:
    """Put a backup into an installation that is empty: a new data directory, or a new database of PostgreSQL.

    Parameters
    ----------
    file
        What `noughts db backup` wrote, with its secret beside it.
    """
    from noughts.maintenance import backup

    server = chosen(data=data).server
    asyncio.run(backup.restore(server, file.resolve(), _tell))
    print(f"Everything in {file} is in {_name(server)} now. {_ENDED}")
    if not server.secret and not (server.directory / "secret").exists():
        print(f"Before you start a server, put the secret into {server.directory / 'secret'}, or set NOUGHTS_SECRET.")


@app.command
def copy(*, data: Data = None) -> None:
    """Copy everything from the SQLite file in the data directory to the empty PostgreSQL database of NOUGHTS_DATABASE.

    The server must be stopped. All of it is there in the end and compared, or nothing; the file stays as it is.
    """
    from noughts.maintenance import backup

    server = _on_postgres(chosen(data=data).server)
    rows = asyncio.run(backup.copy(server, _tell))
    print(f"All {rows} rows are the same in {_name(server)} now.")
    kept = "NOUGHTS_SECRET" if server.secret else f"the file {server.directory / 'secret'}"
    print(
        f"Every server there needs the same secret: {kept}. The SQLite file is of no use any more; keep it for a while."
    )


def _on_postgres(server: "Server") -> "Server":
    if not server.database:
        raise Refusal("Say which PostgreSQL with NOUGHTS_DATABASE: postgresql://owner@host/database.")
    return server


def _name(server: "Server") -> str:
    """Return the database as it may be shown: without anybody's password."""
    return "PostgreSQL" if server.database else str(server.directory)


def _tell(line: str) -> None:
    print(line, flush=True)

"""What makes an installation: its database and the secret that opens what is sealed in it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from noughts.auth.signing import opens
from noughts.kit.errors import Refusal
from noughts.kit.settings import Server
from noughts.maintenance.version import version_of


def file_of(server: Server) -> Path:
    """Return the SQLite file of an installation; raises Refusal when there is none."""
    path = server.directory / "noughts.db"
    if not path.exists():
        raise Refusal(f"There is no installation in {server.directory}: name its --data.")
    return path


def opened(path: Path) -> sqlite3.Connection:
    """Return a connection to a SQLite file that only reads; raises Refusal when it holds no installation of ours."""
    if not path.is_file():
        raise Refusal(f"{path} is not there.")
    try:
        connection = _reading(path)
        version = version_of(connection)
    except (sqlite3.Error, ValueError) as error:
        raise Refusal(f"{path} is no database of Noughts: {error}.") from None
    if version.is_too_new:
        raise Refusal(f"{path} has schema {version.schema}, too new for this version of Noughts: update it.")
    return connection


def require_sound(connection: sqlite3.Connection, path: Path) -> None:
    """Raise Refusal when a file is damaged."""
    if wrong := faults(connection):
        raise Refusal(f"{path} is damaged: {wrong[0]}.")


def faults(connection: sqlite3.Connection) -> list[str]:
    """Return what is wrong with a SQLite file."""
    try:
        found = [str(line) for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]
        orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return found + [f"a row of {table} refers to one of {parent} that is not there" for table, _, parent, _ in orphans]


def secret_of(server: Server) -> bytes | None:
    """Return the secret of an installation, if it has one; raises Refusal when its file is of no use."""
    if server.secret:
        return bytes.fromhex(server.secret)
    path = server.directory / "secret"
    return secret_in(path) if path.exists() else None


def secret_in(path: Path) -> bytes:
    """Return the secret in a file; raises Refusal when it is none."""
    try:
        return bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise Refusal(f"The secret in {path} cannot be used: {error}.") from None


def require_fitting(connection: sqlite3.Connection, secret: bytes | None) -> None:
    """Raise Refusal when a file's signing keys were sealed with another secret."""
    sealed = [bytes(row[0]) for row in connection.execute("SELECT sealed FROM signing_keys")]
    if secret is not None and not all(opens(secret, key) for key in sealed):
        raise Refusal("The secret is not the one this database was set up with.")


def snapshot(source: Path, draft: Path) -> None:
    """Copy a SQLite file as it is at one moment, whoever writes to it meanwhile; the copy is one file."""
    with closing(_reading(source)) as reading, closing(sqlite3.connect(draft)) as writing:
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode = DELETE")
        require_sound(writing, draft)


def _reading(path: Path) -> sqlite3.Connection:
    """Return a connection that leaves everything about the file as it is, its journal as well."""
    address = f"file:{quote(str(path.absolute()))}?mode=rw"
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    connection.execute("PRAGMA query_only = ON")
    return connection

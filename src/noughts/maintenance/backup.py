"""Backups: one SQLite file, whichever database it is made of and restored to, and the secret beside it."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from noughts import migrations
from noughts.kit import directory
from noughts.kit.database import schema
from noughts.kit.database.sqlite import connect
from noughts.kit.errors import Refusal
from noughts.kit.settings import Server
from noughts.maintenance.copying import Tell, into_postgres, into_sqlite
from noughts.maintenance.files import appearing, copied
from noughts.maintenance.installation import (
    file_of,
    opened,
    require_fitting,
    require_sound,
    secret_in,
    secret_of,
    snapshot,
)  # fmt: skip
from noughts.maintenance.postgres import require_up_to_date
from noughts.maintenance.version import version_of


async def back_up(server: Server, file: Path, tell: Tell) -> None:
    """Write a new file with everything in the database as it is at one moment, and the secret beside it; raises Refusal."""
    secret, beside = server.directory / "secret", beside_of(file)
    keeps_secret = not server.secret and secret.exists()
    with appearing(file) as draft, _in_words():
        if server.database:
            await _from_postgres(server.database, draft, tell)
        else:
            snapshot(file_of(server), draft)
        with closing(opened(draft)) as written:
            require_fitting(written, secret_of(server))
        if keeps_secret:
            copied(secret, beside)


async def restore(server: Server, file: Path, tell: Tell) -> None:
    """Put a backup into an installation that is empty; raises Refusal, with nothing changed."""
    secret = _secret_for(server, file)
    with _in_words(), closing(opened(file)) as source:
        require_sound(source, file)
        require_fitting(source, secret)
    if server.database:
        await _to_postgres(file, server.database, tell)
    with _held(server):
        if not server.database:
            _require_empty(server.directory)
        if not server.secret and beside_of(file).exists():
            copied(beside_of(file), server.directory / "secret")
        if not server.database:
            with appearing(server.directory / "noughts.db") as draft, _in_words():
                snapshot(file, draft)


async def copy(server: Server, tell: Tell) -> int:
    """Copy the SQLite file of an installation that is stopped to PostgreSQL; return how many rows. Raises Refusal."""
    file = file_of(server)
    with _held(server), _in_words(), closing(opened(file)) as source:
        require_sound(source, file)
        require_fitting(source, secret_of(server))
        return await _to_postgres(file, server.database, tell)


def beside_of(file: Path) -> Path:
    """Return where the secret of a backup is."""
    return file.with_name(f"{file.name}.secret")


def _secret_for(server: Server, file: Path) -> bytes | None:
    """Return the secret that is in force after a restore; raises Refusal when there would be two."""
    own, beside = secret_of(server), beside_of(file)
    came = secret_in(beside) if beside.exists() else None
    if own is not None and came is not None and own != came:
        raise Refusal("The installation has another secret than the backup: remove it where nothing needs it any more.")
    return own or came


async def _from_postgres(address: str, draft: Path, tell: Tell) -> None:
    await require_up_to_date(address)
    await migrations.upgrade(f"sqlite:///{draft}")
    with closing(connect(draft)) as target:
        await into_sqlite(address, target, tell)
        target.execute("PRAGMA journal_mode = DELETE")
        require_sound(target, draft)


async def _to_postgres(file: Path, address: str, tell: Tell) -> int:
    for step in await migrations.upgrade(address):
        tell(f"Schema {step}")
    with (
        tempfile.TemporaryDirectory(prefix="noughts-") as folder,
        closing(await _up_to_date(file, Path(folder))) as source,
    ):
        return await into_postgres(source, address, tell)


async def _up_to_date(file: Path, folder: Path) -> sqlite3.Connection:
    """Return a connection to the file or, where its schema is old, to a copy that was brought up to date."""
    source = opened(file)
    version = version_of(source)
    if version.schema == schema.HEAD:
        source.execute("BEGIN")  # what is read is of one moment
        return source
    source.close()
    if not version.is_behind:
        raise Refusal(f"{file} has schema {version.schema}, too new for this version of Noughts: update it.")
    copy_of_it = folder / "noughts.db"
    snapshot(file, copy_of_it)
    await migrations.upgrade(f"sqlite:///{copy_of_it}")
    return opened(copy_of_it)


def _require_empty(folder: Path) -> None:
    if left := sorted(path.name for path in folder.glob("noughts.db*")):
        raise Refusal(f"{folder} is not empty: there is {left[0]}. Restore into a new directory, with --data.")


@contextmanager
def _in_words() -> Iterator[None]:
    """Say in one line what SQLite could not do: a full disk, a file that cannot be read."""
    try:
        yield
    except sqlite3.Error as error:
        raise Refusal(f"SQLite could not do it: {error}.") from None


@contextmanager
def _held(server: Server) -> Iterator[None]:
    """Keep every server off the data directory."""
    directory.prepare(server.directory)
    held = directory.hold(server.directory)
    try:
        yield
    finally:
        os.close(held)

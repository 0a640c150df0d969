"""`noughts db backup`, `restore` and `copy`: people come back and find everything as it was."""

import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from noughts.migrations import ownership
from tests import servers
from tests.cli.lives import SETTINGS, Kept, fill, go_on
from tests.faults.harm import Ended, environment, noughts, refused


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Kept]:
    """An installation in which every table holds something, and what its people have in hand. Take a copy of it."""
    data = tmp_path_factory.mktemp("lived") / "data"
    return data, fill(data)


@pytest.fixture
def kept(lived_in: tuple[Path, Kept]) -> Kept:
    """What the people have in hand."""
    return lived_in[1]


@pytest.fixture
def data(lived_in: tuple[Path, Kept], tmp_path: Path) -> Path:
    """A data directory like it."""
    return Path(shutil.copytree(lived_in[0], tmp_path / "data"))


def rows_of(path: Path) -> dict[str, set[tuple[object, ...]]]:
    """Every row of every table of a SQLite file."""
    with closing(sqlite3.connect(path)) as connection:
        return {table: set(connection.execute(f"SELECT * FROM {table}")) for table in ownership.tables()}


def test_a_copy_to_postgres_keeps_everything(data: Path, kept: Kept, postgres_database: str) -> None:
    copied = noughts("db", "copy", data=str(data), database=postgres_database)
    assert copied.status == 0, copied.err
    assert "rows are the same" in copied.out
    with servers.serving(data, database=postgres_database, **SETTINGS) as server:
        go_on(server, kept)


def test_a_backup_of_sqlite_is_restored_to_sqlite(data: Path, kept: Kept, tmp_path: Path) -> None:
    assert noughts("db", "backup", str(tmp_path / "saved"), data=str(data)).status == 0
    restored = noughts("db", "restore", str(tmp_path / "saved"), data=str(tmp_path / "new"))
    assert (restored.status, "told of a replay" in restored.out) == (0, True)
    assert rows_of(tmp_path / "new" / "noughts.db") == rows_of(data / "noughts.db")
    with servers.serving(tmp_path / "new", **SETTINGS) as server:
        go_on(server, kept)


async def test_a_backup_of_postgres_is_restored_to_either(
    data: Path, kept: Kept, tmp_path: Path, postgres_database: str
) -> None:
    assert noughts("db", "copy", data=str(data), database=postgres_database).status == 0
    saved = tmp_path / "saved"
    made = noughts("db", "backup", str(saved), data=str(data), database=postgres_database)
    assert made.status == 0, made.err
    assert rows_of(saved) == rows_of(data / "noughts.db")
    assert noughts("db", "restore", str(saved), data=str(tmp_path / "new")).status == 0
    with servers.serving(tmp_path / "new", **SETTINGS) as server:
        go_on(server, kept)


def test_a_backup_of_sqlite_is_restored_to_postgres(
    data: Path, kept: Kept, tmp_path: Path, postgres_database: str
) -> None:
    saved = tmp_path / "saved"
    assert noughts("db", "backup", str(saved), data=str(data)).status == 0
    restored = noughts("db", "restore", str(saved), data=str(tmp_path / "new"), database=postgres_database)
    assert restored.status == 0, restored.err
    with servers.serving(tmp_path / "new", database=postgres_database, **SETTINGS) as server:
        go_on(server, kept)


def test_a_backup_beside_a_busy_server_is_whole(data: Path, tmp_path: Path) -> None:
    with servers.serving(data, **SETTINGS) as server, server.client() as client:
        for number in range(3):
            guest = client.post("/guests", json={}).json()["user"]["id"]
            assert noughts("db", "backup", str(tmp_path / f"saved{number}"), data=str(data)).status == 0
            with closing(sqlite3.connect(tmp_path / f"saved{number}")) as connection:
                assert connection.execute("SELECT count(*) FROM users WHERE id = ?", (guest,)).fetchone() == (1,)
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_backup_is_one_file_and_the_secret_both_for_their_owner_alone(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    made = noughts("db", "backup", str(folder / "saved"), data=str(data))
    assert str(folder / "saved.secret") in made.out
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        "saved": 0o600, "saved.secret": 0o600,
    }  # fmt: skip
    assert (folder / "saved.secret").read_bytes() == (data / "secret").read_bytes()
    before = (folder / "saved").read_bytes()
    assert noughts("db", "restore", str(folder / "saved"), data=str(tmp_path / "new")).status == 0
    assert (folder / "saved").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["saved", "saved.secret"]


def test_a_secret_of_the_environment_is_not_written_down(data: Path, tmp_path: Path) -> None:
    secret = (data / "secret").read_text().strip()
    (data / "secret").unlink()
    made = noughts("db", "backup", str(tmp_path / "saved"), data=str(data), secret=secret)
    assert "NOUGHTS_SECRET" in made.out
    assert not (tmp_path / "saved.secret").exists()


def test_nothing_is_written_over(data: Path, tmp_path: Path) -> None:
    (tmp_path / "saved").write_text("dear")
    assert refused(noughts("db", "backup", str(tmp_path / "saved"), data=str(data)))
    assert (tmp_path / "saved").read_text() == "dear"
    (tmp_path / "saved").unlink()
    assert noughts("db", "backup", str(tmp_path / "saved"), data=str(data)).status == 0
    again = noughts("db", "restore", str(tmp_path / "saved"), data=str(data))
    assert refused(again)
    assert "not empty" in again.err


def test_no_backup_is_left_of_a_damaged_file(data: Path, tmp_path: Path) -> None:
    path = data / "noughts.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'games'").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    assert refused(noughts("db", "backup", str(tmp_path / "saved"), data=str(data)))
    assert not list(tmp_path.glob("*saved*"))
    checked = noughts("db", "check", data=str(data))
    assert (checked.status, "WRONG  The file is damaged" in checked.out) == (1, True)


@pytest.mark.parametrize("words", [["backup", "saved"], ["restore", "whole", "--data", "new"]])
def test_on_a_full_disk_nothing_is_left_but_a_line_that_says_so(data: Path, tmp_path: Path, words: list[str]) -> None:
    assert noughts("db", "backup", str(tmp_path / "whole"), data=str(data)).status == 0
    ended = subprocess.run(
        [sys.executable, "-m", "noughts", "db", *words], cwd=tmp_path, env=environment(data=str(data)), text=True,
        capture_output=True, check=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )  # fmt: skip
    assert refused(Ended(ended.returncode, ended.stdout, ended.stderr)), ended.stderr
    assert not list(tmp_path.glob("*saved*"))
    assert not list(tmp_path.glob("new/*noughts.db*"))


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear sirs")
    closing(sqlite3.connect(tmp_path / "empty")).__exit__()
    for name in ("letter", "empty", "nothing"):
        assert refused(noughts("db", "restore", str(tmp_path / name), data=str(tmp_path / "new")))


def test_another_secret_is_refused_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    assert noughts("db", "backup", str(saved), data=str(data)).status == 0
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "secret").write_text("0" * 64)
    assert refused(noughts("db", "restore", str(saved), data=str(tmp_path / "new")))
    saved.with_name("saved.secret").unlink()
    assert refused(noughts("db", "restore", str(saved), data=str(tmp_path / "new")))
    assert not (tmp_path / "new" / "noughts.db").exists()


def test_without_a_secret_the_operator_is_told_what_is_missing(data: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    assert noughts("db", "backup", str(saved), data=str(data)).status == 0
    saved.with_name("saved.secret").unlink()
    assert "put the secret into" in noughts("db", "restore", str(saved), data=str(tmp_path / "new")).out


def test_a_database_that_is_not_empty_takes_no_copy(data: Path, postgres_database: str) -> None:
    assert noughts("db", "copy", data=str(data), database=postgres_database).status == 0
    again = noughts("db", "copy", data=str(data), database=postgres_database)
    assert refused(again)
    assert "not empty" in again.err


def test_while_its_server_runs_nothing_is_copied(data: Path, postgres_database: str) -> None:
    with servers.serving(data, **SETTINGS):
        answer = noughts("db", "copy", data=str(data), database=postgres_database)
    assert refused(answer)
    assert "Another server is running" in answer.err


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("UPDATE users SET created_at = 'yesterday' WHERE username = 'hannah'", "no time in its created_at"),
        ("UPDATE users SET created_at = '2026-11-22T12:00:00Z' WHERE username = 'hannah'", "no time in its created_at"),
        ("UPDATE users SET username = 'han' || char(0) || 'nah' WHERE username = 'hannah'", "no text in its username"),
        ("UPDATE games SET ply = 'four'", "no number in its ply"),
        ("UPDATE totp SET sealed = 'text'", "no bytes in its sealed"),
    ],
)
def test_what_would_not_come_back_the_same_is_said_and_nothing_is_copied(
    data: Path, postgres_database: str, harm: str, told: str
) -> None:
    with closing(sqlite3.connect(data / "noughts.db")) as connection, connection:
        connection.execute(harm)
    answer = noughts("db", "copy", data=str(data), database=postgres_database)
    assert refused(answer)
    assert told in answer.err
    with closing(sqlite3.connect(data / "noughts.db")) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM games")
        connection.execute("DELETE FROM users WHERE username LIKE 'han%'")
    assert noughts("db", "copy", data=str(data), database=postgres_database).status == 0

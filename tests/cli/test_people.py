"""`noughts users …`, run as the operator does."""

import json
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import bcrypt
import pytest

from tests import servers
from tests.faults.harm import Ended, environment, noughts

PASSWORD = "a proper secret"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where the data is."""
    return tmp_path / "data"


def lines(*people: dict[str, object]) -> str:
    """Return a file of people."""
    return "".join(json.dumps({"password_hash": HASH, **person}) + "\n" for person in people)


def people(names: Iterable[str]) -> str:
    """Return a file of people by their names."""
    return lines(*({"username": name, "email": f"{name}@example.com"} for name in names))


def take_in(data: Path, given: str, *words: str, **settings: str) -> Ended:
    """Import from standard input."""
    return noughts("users", "import", "-", *words, "--data", str(data), given=given, **settings)


def listed(data: Path) -> list[str]:
    """Return the names of all members."""
    out = noughts("users", "list", "--data", str(data)).out
    return [line.split("\t")[3] for line in out.splitlines()]


def count(data: Path) -> int:
    """Return how many members there are, read past the program."""
    if not (data / "noughts.db").exists():
        return 0
    connection = sqlite3.connect(data / "noughts.db")
    try:
        return int(connection.execute("SELECT count(*) FROM users WHERE kind = 'member'").fetchone()[0])
    except sqlite3.OperationalError:  # no table yet
        return 0
    finally:
        connection.close()


def test_people_are_imported_once_however_often(data: Path) -> None:
    given = people(f"person{n}" for n in range(600))
    first, again = (take_in(data, given) for _ in range(2))
    assert (first.status, first.out) == (0, "600 added, 0 of them administrators; 0 are here already.\n")
    assert (again.status, again.out) == (0, "0 added, 0 of them administrators; 600 are here already.\n")
    assert len(listed(data)) == 600


def test_an_import_the_power_went_out_on_is_whole_batches_and_taken_up_again(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "people.ndjson"
    file.write_text(people(f"person{n}" for n in range(5_000)))
    command = [sys.executable, "-m", "noughts", "users", "import", str(file), "--data", str(data)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)
    while not count(data) and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait(10)
    kept = count(data)
    assert 0 < kept < 5_000
    assert kept % 250 == 0
    ended = noughts("users", "import", str(file), "--data", str(data))
    assert ended.out == f"{5_000 - kept} added, 0 of them administrators; {kept} are here already.\n"
    assert count(data) == 5_000


def test_a_rehearsal_leaves_nobody_behind(data: Path) -> None:
    ended = take_in(data, people(["alice"]), "--dry-run")
    assert ended.out == "1 would be added, 0 of them administrators; 0 are here already.\n"
    assert listed(data) == []


def test_a_wrong_line_is_named_and_holds_back_those_added_with_it_alone(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "people.ndjson"
    wrong = '{"username": "nobody", "email": "x"}\n\nnonsense\n{"username": "zoe", "password": "x"}\n'
    file.write_text(people(f"early{n}" for n in range(250)) + wrong + people(["late"]))
    ended = noughts("users", "import", str(file), "--data", str(data))
    assert ended.status == 1
    assert ended.lines == [
        "people.ndjson:251: email: This is not an email address.",
        "people.ndjson:253: JSON is malformed: invalid character (byte 4).",
        "people.ndjson:254: Object contains unknown field `password`.",
    ]
    assert len(listed(data)) == 250
    file.write_text(file.read_text().replace(wrong, ""))
    assert noughts("users", "import", str(file), "--data", str(data)).status == 0
    assert len(listed(data)) == 251


@pytest.mark.parametrize(
    "given", ["", "\n\n", "\ufeff" + people(["alice"]).strip(), people(["alice"]).replace("\n", "\r\n")]
)
def test_files_end_as_files_do(data: Path, given: str) -> None:
    assert take_in(data, given).status == 0


def test_a_line_without_end_is_refused_in_little_memory(data: Path) -> None:
    ended = take_in(data, '{"username": "' + "x" * 5_000_000 + '"}\n' + people(["alice"]))
    assert (ended.status, len(ended.lines)) == (1, 1)
    assert ended.lines[0].startswith("-:1: ")


def test_what_people_have_is_never_repeated_in_a_complaint(data: Path) -> None:
    ended = take_in(data, lines({"username": "secret name", "email": "secret@", "password_hash": "secret hash"}))
    assert ended.status == 1
    assert "secret" not in ended.out + ended.err


def test_an_export_is_for_its_owner_alone_and_overwrites_nothing(data: Path, tmp_path: Path) -> None:
    take_in(data, people(["alice", "bert"]))
    out = tmp_path / "out.ndjson"
    assert noughts("users", "export", str(out), "--data", str(data)).out == f"2 people are in {out} now.\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    before = out.read_bytes()
    again = noughts("users", "export", str(out), "--data", str(data))
    assert (again.status, again.lines) == (1, [f"noughts: {out} is there already: choose another name."])
    assert out.read_bytes() == before


def test_an_export_without_hashes_holds_none(data: Path, tmp_path: Path) -> None:
    take_in(data, people(["alice"]))
    out = tmp_path / "out.ndjson"
    noughts("users", "export", str(out), "--without-hashes", "--data", str(data))
    assert set(json.loads(out.read_text())) == {"id", "username", "email", "created_at"}


@pytest.mark.parametrize("words", [("import", "nowhere.ndjson"), ("import", "."), ("export", "nowhere/out.ndjson")])
def test_a_file_that_cannot_be_had_is_one_line(data: Path, words: tuple[str, str]) -> None:
    take_in(data, people(["alice"]))
    ended = noughts("users", *words, "--data", str(data))
    assert (ended.status, len(ended.lines)) == (1, 1)
    assert ended.lines[0].startswith("noughts: ")


def test_people_move_from_sqlite_to_postgresql_and_sign_in_there(
    data: Path, tmp_path: Path, postgres_database: str
) -> None:
    given = lines({"username": "bert", "email": "bert@example.com", "role": "admin", "email_verified": True})
    created = noughts(
        "users", "create", "ada", "ada@example.com", "--password-file", "-", "--data", str(data), given=PASSWORD
    )
    assert (created.status, take_in(data, given).status) == (0, 0)
    out = tmp_path / "out.ndjson"
    noughts("users", "export", str(out), "--data", str(data))
    there = {"database": postgres_database}
    assert noughts("db", "migrate", "--data", str(tmp_path / "there"), **there).status == 0
    moved = take_in(tmp_path / "there", out.read_text(), **there)
    assert moved.out == "2 added, 1 of them administrators; 0 are here already.\n"
    with servers.serving(tmp_path / "there", **there) as process, process.client() as client:
        signed_in = [client.post("/login", json={"username": name, "password": PASSWORD}) for name in ("ada", "bert")]
    users = [answer.json()["user"] for answer in signed_in]
    assert [(user["username"], user["role"], user["email_verified"]) for user in users] == [
        ("ada", "player", False),
        ("bert", "admin", True),
    ]
    assert [user["id"] for user in users] == [json.loads(line)["id"] for line in out.read_text().splitlines()]


def test_somebody_is_disabled_and_enabled_promoted_and_demoted(data: Path) -> None:
    take_in(data, people(["alice"]))
    for word, told in (
        ("disable", "cannot sign in any more"), ("enable", "can sign in again"), ("promote", "is an administrator now"),
        ("demote", "is a player now"), ("demote", "is a player now"),
    ):  # fmt: skip
        ended = noughts("users", word, "ALICE", "--data", str(data))
        assert (ended.status, ended.out) == (0, f"alice {told}.\n")
        assert noughts("users", word, "nobody", "--data", str(data)).status == 1


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (("serve",), "Address to listen on"), (("users", "import"), "Only say what would happen"),
        (("users", "create"), "Make an administrator"),
    ],
)  # fmt: skip
def test_help_says_what_each_option_means(words: tuple[str, ...], meaning: str) -> None:
    assert meaning in noughts(*words, "--help").out

"""Mail arrives, whatever happens to the mail server and to us."""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from noughts.kit import clock, sealing
from noughts.kit.outbox import Letter, Outbox
from noughts.kit.times import rfc3339
from tests import servers
from tests.faults.harm import noughts
from tests.post import PostOffice, filed, files, post_office

ADA = "ada@example.com"
CODE = "12345678"


def member(username: str) -> dict[str, str]:
    """Return somebody who signs up."""
    return {"username": username, "email": f"{username}@example.com", "password": "a lighthouse keeps its secret"}


def sign_up(process: servers.Process, username: str) -> None:
    """Sign somebody up, unless the power goes first."""
    with contextlib.suppress(httpx.TransportError), process.client() as client:
        client.post("/users", json=member(username))


def people(process: servers.Process) -> set[str]:
    """Return the addresses of everybody who has an account."""
    with contextlib.closing(sqlite3.connect(process.data / "noughts.db")) as connection:
        return {email for (email,) in connection.execute("SELECT email FROM users WHERE kind = 'member'")}


def addressees(process: servers.Process) -> set[str]:
    """Return whom letters were written to: those that wait, and those that are files by now."""
    with contextlib.closing(sqlite3.connect(process.data / "noughts.db")) as connection:
        waiting = [sealed for (sealed,) in connection.execute("SELECT sealed FROM outbox")]
    outbox = outbox_of(process)
    return {outbox.opened(sealed).to for sealed in waiting} | {mail.to for mail in files(process.data)}


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A mail server."""
    with post_office() as found:
        yield found


def letter(number: int = 0) -> Letter:
    """Return a letter to somebody of their own; number 0 is Ada."""
    to = f"p{number}@example.com" if number else ADA
    return Letter("verify-email", to, "Confirm your address", ("Hello.",), code=CODE)


def outbox_of(process: servers.Process) -> Outbox:
    """Return the outbox of an installation, as its owner may open it."""
    return Outbox(sealing.derive(sealing.load_or_create(process.data / "secret"), "outbox"), clock.now)


def commit(process: servers.Process, *letters: Letter) -> None:
    """Put letters into the outbox, as a request does."""
    with contextlib.closing(sqlite3.connect(process.data / "noughts.db")) as connection, connection:
        for sql, args, _ in map(outbox_of(process).row, letters):
            connection.execute(sql.sqlite, args)


def halt(process: servers.Process) -> None:
    """Stop a server where it stands, but not in the middle of a write: its lock would keep everybody out."""
    while True:
        os.kill(process.pid, signal.SIGSTOP)
        with contextlib.closing(sqlite3.connect(process.data / "noughts.db", timeout=0.2)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(process.pid, signal.SIGCONT)
                time.sleep(0.1)
            else:
                return


def waiting(process: servers.Process) -> int:
    """Return how many letters are in the outbox."""
    with contextlib.closing(sqlite3.connect(process.data / "noughts.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM outbox").fetchone()[0])


def until(holds: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 40
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def told(process: servers.Process, event: str) -> int:
    """Return how often a server has told of an event."""
    return process.log.read_text().count(f'"event":"{event}"')


def test_without_a_mail_server_mails_are_files_and_the_start_says_where(tmp_path: Path) -> None:
    with servers.serving(tmp_path / "data") as process:
        commit(process, letter())
        (found,) = filed(process.data, ADA)
    lines = process.log.read_text()
    assert found.code == CODE
    assert f"Mails are written to {process.data / 'mails'}" in lines
    assert told(process, "mail_written") == 1
    assert ADA not in lines
    assert CODE not in lines


def test_a_mail_server_that_is_gone_and_comes_back_costs_no_mail(tmp_path: Path, office: PostOffice) -> None:
    with servers.serving(tmp_path / "data", **office.settings()) as process:
        commit(process, *map(letter, range(20)))
        office.close()
        commit(process, *map(letter, range(20, 40)))
        until(lambda: told(process, "mail_delayed") >= 20)
        office.open()
        until(lambda: waiting(process) == 0)
    # Whatever the server took when it went down, and could not say so, came again as the same mail.
    arrived = Counter(to for to, _ in {(mail.to, mail.id) for mail in office.mails})
    assert arrived == Counter(letter(number).to for number in range(40))


def test_while_the_mail_server_is_down_everything_else_goes_on(tmp_path: Path, office: PostOffice) -> None:
    office.close()
    with servers.serving(tmp_path / "data", **office.settings()) as process, process.client() as client:
        commit(process, letter())
        until(lambda: told(process, "mail_delayed") > 0)
        assert client.get("/readyz").status_code == 200
        assert client.post("/guests", json={}).status_code == 201
        assert waiting(process) == 1
        assert ADA not in process.log.read_text()


def test_who_signs_up_while_the_mail_server_is_down_gets_the_letter_later(tmp_path: Path, office: PostOffice) -> None:
    office.close()
    with servers.serving(tmp_path / "data", **office.settings()) as process, process.client() as client:
        assert client.post("/users", json=member("ada")).status_code == 201
        until(lambda: told(process, "mail_delayed") > 0)
        office.open()
        (found,) = office.wait(ADA)
    assert found.subject == "Please confirm your email address"


def test_a_power_cut_during_sign_ups_leaves_no_account_without_its_letter_and_no_letter_without_its_account(
    tmp_path: Path,
) -> None:
    with servers.serving(tmp_path / "data", rate_limits="off") as process:
        for number in range(3):
            with ThreadPoolExecutor(4) as many:
                trying = [many.submit(sign_up, process, f"n{number}-{one}") for one in range(40)]
                until(lambda: sum(one.done() for one in trying) > 2)  # noqa: B023 - asked at once
                time.sleep(random.uniform(0, 0.1))
                process.kill()
            process.start()
            assert people(process) == addressees(process)
        assert len(people(process)) > 5


def test_two_servers_on_one_postgresql_send_each_mail_once(
    tmp_path: Path, office: PostOffice, postgres_database: str
) -> None:
    settings = {"database": postgres_database, "rate_limits": "off", **office.settings()}
    assert noughts("db", "migrate", database=postgres_database).status == 0
    with servers.serving(tmp_path / "first", **settings) as first:
        (tmp_path / "second").mkdir()
        shutil.copy(first.data / "secret", tmp_path / "second" / "secret")
        with servers.serving(tmp_path / "second", **settings) as second:
            names = [f"name{number}" for number in range(16)]
            for number, name in enumerate(names):
                sign_up((first, second)[number % 2], name)
            for name in names:
                office.wait(f"{name}@example.com")
            time.sleep(1.5)  # for those that came twice
    assert Counter(mail.to for mail in office.mails) == Counter(f"{name}@example.com" for name in names)
    assert told(first, "mail_sent") + told(second, "mail_sent") == 16


def test_a_power_cut_between_commit_and_sending_costs_no_mail(tmp_path: Path, office: PostOffice) -> None:
    process = servers.Process(tmp_path / "data", **office.settings()).start()
    halt(process)  # so that it cannot be quicker
    commit(process, *map(letter, range(5)))
    process.kill()
    process.start()
    until(lambda: waiting(process) == 0)
    process.stop()
    assert Counter(mail.to for mail in office.mails) == Counter(letter(number).to for number in range(5))


def test_a_power_cut_while_sending_costs_no_mail_and_a_second_one_is_known_by_its_id(
    tmp_path: Path, office: PostOffice
) -> None:
    process = servers.Process(tmp_path / "data", **office.settings()).start()
    office.silent = True
    commit(process, letter())
    until(lambda: office.brought > 0)
    process.kill()
    office.silent = False
    with contextlib.closing(sqlite3.connect(process.data / "noughts.db")) as connection, connection:
        claimed = connection.execute("SELECT due_at FROM outbox").fetchone()[0]
        assert claimed > rfc3339(clock.now() + timedelta(minutes=2))
        connection.execute("UPDATE outbox SET due_at = created_at")  # as if they had passed
    process.start()
    office.wait(ADA)
    process.stop()
    assert len({mail.id for mail in office.to(ADA)}) == 1


def test_a_server_told_to_stop_finishes_the_mails_under_way(tmp_path: Path, office: PostOffice) -> None:
    process = servers.Process(tmp_path / "data", **office.settings()).start()
    commit(process, *map(letter, range(30)))
    office.wait(ADA)
    assert process.stop() == 0
    left = waiting(process)
    assert len(office.mails) + left == 30

"""What breaks lets nobody in and tells nobody anything."""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from noughts import migrations
from noughts.kit.revocation import STALE_S
from tests import servers
from tests.security.attacks import PASSWORD, Person, me, member, some_name


class Bereft(NamedTuple):
    """A server whose database has gone, and somebody it had let in."""

    client: httpx.Client
    person: Person


@pytest.fixture(scope="module")
def bereft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bereft]:
    """A server on a PostgreSQL of its own, which is stopped."""
    data = tmp_path_factory.mktemp("bereft") / "data"
    # Not in pytest's own folder, which it shuts to other users: PostgreSQL never runs as root.
    with tempfile.TemporaryDirectory(prefix="noughts-") as place:
        with servers.postgres(Path(place)) as address:
            asyncio.run(migrations.upgrade(address))
            process = servers.Process(data, database=address, rate_limits="off").start()
            with process.client() as client:
                person = member(client)
        with process.client() as client:
            yield Bereft(client, person)
        process.stop()


def test_without_its_database_a_server_signs_nobody_in(bereft: Bereft) -> None:
    answer = bereft.client.post("/login", json={"username": bereft.person.username, "password": PASSWORD})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


def test_nor_does_it_pretend_to_have_made_an_account(bereft: Bereft) -> None:
    body = {"username": some_name(), "email": "new@example.com", "password": PASSWORD}
    assert bereft.client.post("/users", json=body).status_code == 503


def test_nor_does_it_believe_a_token_it_knows_once_it_cannot_hear_what_was_ended(bereft: Bereft) -> None:
    time.sleep(STALE_S + 0.5)
    answer = me(bereft.client, bereft.person.access)
    assert answer.status_code == 503
    assert "which access tokens still hold" in answer.json()["detail"]


def test_it_lives_and_says_that_it_is_not_ready(bereft: Bereft) -> None:
    assert bereft.client.get("/healthz").status_code == 200
    assert bereft.client.get("/readyz").status_code == 503


def told(process: servers.Process, event: str) -> bool:
    """Return whether something stands in the log; lines are written a moment after the answer."""
    deadline = time.monotonic() + 5
    while event not in process.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    return event in process.log.read_text()


def test_what_breaks_a_handler_is_told_to_the_log_alone_and_ends_nothing(tmp_path: Path) -> None:
    with servers.serving(tmp_path / "data", rate_limits="off") as process, process.client() as client:
        alice, bob = member(client), member(client)
        connection = sqlite3.connect(process.data / "noughts.db", timeout=10)
        with connection:
            connection.execute("UPDATE users SET created_at = 'no time at all' WHERE id = ?", (alice.id,))
        connection.close()
        broken = me(client, alice.access)
        assert (broken.status_code, broken.json()["type"]) == (500, "/problems/internal-error")
        assert set(broken.json()) == {"type", "title", "status", "detail", "request_id"}
        assert "Traceback" not in broken.text
        assert told(process, "request_broke")
        assert me(client, bob.access).status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/debug", "/admin/metrics", "/.env", "/internal/users/identify"])
def test_what_is_for_operators_is_nowhere_to_be_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.get(path, headers=member(client).signed).status_code == 404


def test_every_answer_with_a_body_says_in_which_letters_it_is_written(client: httpx.Client) -> None:
    person = member(client)
    answers = [
        client.get(path, headers=person.signed) for path in ("/users/me", "/openapi.json", "/docs", "/", "/nowhere/1")
    ]
    kinds = [answer.headers["content-type"] for answer in answers]
    assert all(kind == "application/problem+json" or "charset=utf-8" in kind for kind in kinds)

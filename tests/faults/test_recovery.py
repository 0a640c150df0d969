"""Who asked for a new password gets it, whatever happens to us in between."""

import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests import servers
from tests.post import filed, files

ADA = {"username": "ada", "email": "ada@example.com", "password": "a lighthouse keeps its secret"}
SUBJECT = "Choose a new password"


def letters(process: servers.Process) -> int:
    """Return how many letters about a new password were written so far: sent, or waiting."""
    with closing(sqlite3.connect(process.data / "noughts.db")) as connection:
        (tokens,) = connection.execute("SELECT count(*) FROM one_time_tokens WHERE purpose = 'recover'").fetchone()
    return int(tokens)


def test_a_power_cut_after_the_answer_loses_no_request(tmp_path: Path) -> None:
    process = servers.Process(tmp_path / "data", rate_limits="off").start()
    with process.client() as client:
        client.post("/users", json=ADA)
        assert client.post("/recovery", json={"email": ADA["email"]}).status_code == 202
    process.kill()
    process.start()
    _, mail = filed(process.data, ADA["email"], 2)
    with process.client() as client:
        new = {"token": mail.secret, "new_password": "an entirely new secret"}
        assert client.post("/recovery/confirm", json=new).status_code == 204
    process.stop()


@pytest.mark.slow
def test_power_cuts_while_requests_are_answered_lose_none_and_double_none(tmp_path: Path) -> None:
    chance = random.Random(7)
    process = servers.Process(tmp_path / "data", rate_limits="off").start()
    people = [{**ADA, "username": f"person{n}", "email": f"p{n}@example.com"} for n in range(8)]
    with process.client() as client:
        for person in people:
            assert client.post("/users", json=person).status_code == 201
    for person in people:
        with process.client() as client:
            assert client.post("/recovery", json={"email": person["email"]}).status_code == 202
        time.sleep(chance.random())
        process.kill()
        process.start()
    deadline = time.monotonic() + 20
    while letters(process) < len(people) and time.monotonic() < deadline:
        time.sleep(0.05)
    for person in people:
        filed(process.data, person["email"], 2)
    process.stop()
    sent = Counter(mail.to for mail in files(process.data) if mail.subject == SUBJECT)
    assert sent == dict.fromkeys((person["email"] for person in people), 1)

"""A server that comes before its database: it waits for as long as it is told to."""

import time
from pathlib import Path

from tests import servers
from tests.faults.harm import noughts


def test_a_server_waits_for_the_schema_and_then_serves(tmp_path: Path, postgres_database: str) -> None:
    server = servers.Process(tmp_path / "data", database=postgres_database, wait_s="30").start(wait=False)
    try:
        deadline = time.monotonic() + servers.START_S
        while "waiting_for_the_database" not in server.log.read_text():
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.02)
        server.run("db", "migrate")
        server.until_it_answers()
        with server.client() as client:
            assert client.post("/guests", json={}).status_code == 201
    finally:
        assert server.stop() == 0
    assert server.log.read_text().count("waiting_for_the_database") == 1


def test_it_says_what_it_waited_for_when_that_takes_too_long(tmp_path: Path, postgres_database: str) -> None:
    port = str(servers.free_port())
    for address, reason in (
        (postgres_database, "run `noughts db migrate`"),
        ("postgresql://127.0.0.1:1/x", "The store"),
    ):
        ended = noughts("serve", "--data", str(tmp_path), "--port", port, database=address, wait_s="1")
        assert ended.status == 1
        assert reason in ended.err.splitlines()[-1]

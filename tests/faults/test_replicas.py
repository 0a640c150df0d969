"""Replicas that come and go behind the gateway: who is served meanwhile."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests import gateways, servers
from tests.databases import Copies
from tests.gateways import Gateway

START = {"opponent": {"kind": "computer", "level": 1}, "mark": "X"}


class Crowd:
    """A few people who do something again and again, each after the answer to the last, and remember what they were told."""

    def __init__(self, gateway: Gateway, act: Callable[[httpx.Client], httpx.Response], people: int = 4) -> None:
        self.told: Counter[str] = Counter()
        self._gateway, self._act = gateway, act
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._be) for _ in range(people)]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(20)

    def _be(self) -> None:
        with self._gateway.client() as client:
            grant = client.post("/guests", json={}).json()
            client.headers["Authorization"] = f"Bearer {grant['access_token']}"
            while not self._enough.wait(0.01):
                try:
                    told = str(self._act(client).status_code)
                except httpx.TransportError as error:
                    told = type(error).__name__
                self.told[told] += 1


def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never was"
        time.sleep(0.02)


@pytest.fixture
def replicas(copies: Copies, tmp_path: Path) -> Iterator[list[servers.Process]]:
    """Two replicas, which say for a second and a half that they are about to end."""
    settings = {"rate_limits": "off", "trusted_proxies": "127.0.0.0/8", "drain_s": "1.5"}
    with servers.together(tmp_path, 2, database=copies.take(), **settings) as started:
        yield started


@pytest.fixture
def gateway(replicas: list[servers.Process], tmp_path: Path) -> Iterator[Gateway]:
    """The gateway before them."""
    with gateways.standing(tmp_path, gateways.plan(*replicas, limited=False)) as found:
        until(lambda: found.healthy()["users"] == 2)
        yield found


def read(client: httpx.Client) -> httpx.Response:
    """Ask who one is."""
    return client.get("/users/me")


def start(client: httpx.Client) -> httpx.Response:
    """Start a game: sent twice, that would be two."""
    return client.post("/games", json=START)


@pytest.mark.slow
def test_when_a_replica_dies_no_read_fails_and_it_is_asked_again_once_it_is_back(
    gateway: Gateway, replicas: list[servers.Process]
) -> None:
    with Crowd(gateway, read) as crowd:
        time.sleep(0.5)
        replicas[0].kill()
        until(lambda: gateway.healthy()["users"] == 1)
        time.sleep(0.5)
        replicas[0].start()
        until(lambda: gateway.healthy()["users"] == 2)
        asked = replicas[0].log.read_text().count("/users/me")
        until(lambda: replicas[0].log.read_text().count("/users/me") > asked)

    assert set(crowd.told) == {"200"}
    assert crowd.told["200"] > 100


@pytest.mark.slow
def test_when_a_replica_is_replaced_not_even_what_cannot_be_repeated_fails(
    gateway: Gateway, replicas: list[servers.Process]
) -> None:
    with Crowd(gateway, start) as crowd:
        time.sleep(0.5)
        for replica in replicas:
            replica.stop()
            replica.start()
            until(lambda: gateway.healthy()["users"] == 2)

    assert set(crowd.told) == {"201"}


@pytest.mark.slow
def test_a_replica_that_drains_is_sent_nothing_new(gateway: Gateway, replicas: list[servers.Process]) -> None:
    with Crowd(gateway, read):
        time.sleep(0.3)
        stopping = threading.Thread(target=replicas[0].stop)
        stopping.start()
        until(lambda: gateway.healthy()["users"] == 1)
        time.sleep(0.2)
        asked = replicas[0].log.read_text().count("/users/me")
        time.sleep(0.3)
        assert replicas[0].log.read_text().count("/users/me") == asked
        stopping.join(20)


@pytest.mark.slow
def test_the_gateway_itself_is_replaced_and_nobody_notices(
    gateway: Gateway, replicas: list[servers.Process], tmp_path: Path
) -> None:
    base_id = servers.free_port() % 30_000
    old = Gateway(tmp_path, gateways.plan(*replicas, limited=False)).start(base_id=base_id, drain_s=1)
    with Crowd(old, start) as crowd:
        time.sleep(0.3)
        new = Gateway(tmp_path, old.plan).start(base_id=base_id, restart_epoch=1, drain_s=1)
        ended = old.wait()
        time.sleep(0.3)
    new.stop()

    assert ended == 0
    assert set(crowd.told) == {"201"}


@pytest.mark.slow
def test_a_new_signing_key_is_known_to_the_gateway_before_it_signs(
    gateway: Gateway, replicas: list[servers.Process]
) -> None:
    def signed_by(client: httpx.Client) -> tuple[str, str]:
        token = client.post("/guests", json={}).json()["access_token"]
        return jwt.get_unverified_header(token)["kid"], token

    with gateway.client() as client:
        first, _ = signed_by(client)
        replicas[0].run("keys", "rotate", "--now")
        found: list[Any] = []
        until(lambda: bool(found.append(signed_by(client)) or found[-1][0] != first), 60)
        answers = [
            client.get("/users/me", headers={"Authorization": f"Bearer {token}"}).status_code for _, token in found
        ]

    assert set(answers) == {200}

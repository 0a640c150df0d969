"""Nobody learns from how long an answer takes whether an account exists, or in which state it is."""

import json
import math
import random
import socket
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from noughts.kit import ids
from tests import servers
from tests.security.attacks import connect, member

pytestmark = pytest.mark.slow
_WARM = 10
_SETTLED_S = 0.0015
_numbers = count()


class State(NamedTuple):
    """What an account may be, as columns of its row."""

    verified: str | None = "2026-01-01T00:00:00.000Z"
    status: str = "active"
    kind: str = "member"
    has_password: bool = True


STATES = {
    "verified": State(),
    "unverified": State(verified=None),
    "disabled": State(status="disabled"),
    "deleting": State(status="deleting"),
    "guest": State(kind="guest", has_password=False),
}
_COPY = """
INSERT INTO users (id, username, username_key, username_skeleton, email, email_key, email_verified_at, password, kind,
    role, status, epoch, version, created_at, updated_at)
SELECT ?1, ?2, ?2, ?2, ?2 || '@example.com', ?2 || '@example.com', ?3, CASE WHEN ?4 THEN password END, ?5,
    role, ?6, epoch, version, created_at, '2100-01-01T00:00:00.000Z' FROM users WHERE username = 'original'
"""


class Call(NamedTuple):
    """What is asked, how often, and how it must be answered."""

    path: str
    rounds: int
    answer: bytes
    body: Callable[[str], dict[str, str]]


class Cost(NamedTuple):
    """What an answer took, in seconds: on the clock, and of the server's processor, which no other program disturbs."""

    waited: float
    worked: float


class Sample(NamedTuple):
    """What answers about somebody took, and about nobody at about the same time."""

    somebody: list[Cost]
    nobody: list[Cost]

    @property
    def difference(self) -> float:
        """By how much the medians of the work differ, as a part of one."""
        one, other = (statistics.median(cost.worked for cost in costs) for costs in self)
        return one / other - 1

    @property
    def likelihood(self) -> float:
        """How likely two samples of the same would differ on the clock as much as these do."""
        return likelihood([cost.waited for cost in self.somebody], [cost.waited for cost in self.nobody])

    @property
    def tells_nothing(self) -> bool:
        """Whether the two cannot be told apart."""
        return abs(self.difference) < 0.02 and self.likelihood > 0.01


def likelihood(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how likely two samples of one distribution are to differ so much or more (Mann and Whitney, two-sided)."""
    placed = sorted([(seconds, True) for seconds in one] + [(seconds, False) for seconds in other])
    ranks = sum(rank for rank, (_, from_one) in enumerate(placed, 1) if from_one)
    n, m = len(one), len(other)
    u = ranks - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))


def mail(name: str) -> str:
    """Return somebody's address."""
    return f"{name}@example.com"


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Process]:
    """A server with the limits everyone has, that believes its proxy where requests come from."""
    folder = tmp_path_factory.mktemp("crowded")
    with servers.serving(folder / "data", trusted_proxies="127.0.0.0/8", log="warning") as process:
        with process.client() as client:
            member(client, "original")
        yield process


def names(server: servers.Process, state: State | None, times: int) -> list[str]:
    """Return names all alike: of accounts in this state, or of nobody."""
    found = [f"p{next(_numbers):09d}" for _ in range(times + _WARM)]
    if state is not None:
        rows = [(ids.new(), name, state.verified, state.has_password, state.kind, state.status) for name in found]
        connection = sqlite3.connect(server.data / "noughts.db", timeout=10)
        with connection:
            connection.executemany(_COPY, rows)
        connection.close()
    return found


def worked(server: servers.Process) -> float:
    """Return how many seconds the server's threads have run so far."""
    threads = Path(f"/proc/{server.pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def asked(server: servers.Process, connection: socket.socket, path: str, body: dict[str, str]) -> tuple[Cost, bytes]:
    """Ask from an address nobody asked from before; return what that took, and how the answer begins."""
    number = next(_numbers)
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"X-Forwarded-For: 2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    before, started = worked(server), time.perf_counter()
    connection.sendall(head.encode() + content)
    answer = connection.recv(65_536)
    waited = time.perf_counter() - started
    time.sleep(_SETTLED_S)
    return Cost(waited, worked(server) - before), answer[:12]


def sampled(server: servers.Process, call: Call, state: State) -> Sample:
    """Ask about somebody and about nobody by turns, whoever is first left to chance, each time about another name."""
    sample = Sample([], [])
    somebodies, nobodies = names(server, state, call.rounds), names(server, None, call.rounds)
    with connect(server) as connection:
        for somebody, nobody in zip(somebodies, nobodies, strict=True):
            turns = [(somebody, sample.somebody), (nobody, sample.nobody)]
            random.shuffle(turns)
            for name, costs in turns:
                cost, answer = asked(server, connection, call.path, call.body(name))
                assert answer == call.answer
                costs.append(cost)
    return Sample(sample.somebody[_WARM:], sample.nobody[_WARM:])


CALLS = {
    "by name": Call("/login", 300, b"HTTP/1.1 401", lambda name: {"username": name, "password": "not the one"}),
    "by mail": Call("/login", 300, b"HTTP/1.1 401", lambda name: {"username": mail(name), "password": "not the one"}),
    "recovery": Call("/recovery", 1_200, b"HTTP/1.1 202", lambda name: {"email": mail(name)}),
}


@pytest.mark.parametrize(
    ("how", "state"),
    [
        *(("by name", state) for state in STATES),
        ("by mail", "verified"),
        ("recovery", "verified"),
        ("recovery", "disabled"),
    ],
)
def test_the_time_of_an_answer_does_not_tell_somebody_from_nobody(
    crowded: servers.Process, how: str, state: str
) -> None:
    first = sampled(crowded, CALLS[how], STATES[state])
    # Of a hundred honest samples one differs by chance: what is no chance differs again.
    last = first if first.tells_nothing else sampled(crowded, CALLS[how], STATES[state])

    assert last.tells_nothing, f"{last.difference:+.2%}, p = {last.likelihood:.3f}"


def test_a_difference_of_a_few_parts_in_a_hundred_would_be_seen() -> None:
    chance = random.Random(1)
    honest = [Cost(chance.gauss(30, 2), chance.gauss(25, 1)) for _ in range(600)]
    slower = [Cost(cost.waited * 1.03, cost.worked * 1.03) for cost in honest[300:]]

    assert Sample(honest[:300], honest[300:]).tells_nothing
    assert not Sample(honest[:300], slower).tells_nothing

"""A gateway without a database whose neighbours go and come back: what it composes says what is missing, and never stalls."""

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from noughts import migrations
from noughts.compose import PARTS, Part
from tests import servers

pytestmark = pytest.mark.slow
IN_TIME_S = 2.0
"""The promised second, and one for a busy machine."""
SOON_S = 15.0


class Service(servers.Process):
    """One service in a process of its own."""

    def __init__(self, part: Part, data: Path, **settings: str) -> None:
        super().__init__(data, **settings)
        self.part = part

    @property
    def command(self) -> list[str]:
        """The command line."""
        before, after = super().command[:4], super().command[4:]
        return [*before, self.part, *after]

    def freeze(self) -> None:
        """Let it hear everything and say nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> int:
        """Ask it to stop, even while it says nothing."""
        with suppress(ProcessLookupError):
            self.thaw()
        return super().stop()


Apart = dict[Part, Service]


@pytest.fixture
async def address(postgres_database: str) -> str:
    """The address of a migrated PostgreSQL."""
    await migrations.upgrade(postgres_database)
    return postgres_database


@pytest.fixture
def apart(address: str, tmp_path: Path) -> Iterator[Apart]:
    """All four services, each in a process of its own; the gateway has no database."""
    shared = {
        "secret": secrets.token_hex(32),
        "base_url": "http://localhost:8000",
        "rate_limits": "off",
        "log": "warning",
    }
    services: Apart = {part: Service(part, tmp_path / part, **shared) for part in PARTS}
    for service in services.values():
        service.settings |= {f"{part}_url": f"http://127.0.0.1:{services[part].port}" for part in PARTS[:-1]}
        service.settings |= {} if service.part == "gateway" else {"database": address}
    with ExitStack() as stack:
        for service in services.values():
            service.start(wait=False)
            stack.callback(service.stop)
        for service in services.values():
            service.until_it_answers()
        yield services


@pytest.fixture
def client(apart: Apart) -> Iterator[httpx.Client]:
    """An HTTP client of the gateway."""
    with apart["gateway"].client() as found:
        yield found


def seen(client: httpx.Client, path: str) -> httpx.Response:
    """Return what is answered, which it is in time."""
    began = time.monotonic()
    answer = client.get(path)
    assert time.monotonic() - began < IN_TIME_S, answer.text
    return answer


def whole(client: httpx.Client, path: str) -> dict[str, Any]:
    """Return an answer once nothing is missing in it."""
    deadline = time.monotonic() + SOON_S
    while True:
        answer = seen(client, path)
        if answer.is_success and answer.json()["partial"] == []:
            return dict(answer.json())
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)


def waiting_guest(client: httpx.Client) -> tuple[str, str]:
    """Let a guest wait for anyone; return their name and the game."""
    grant = client.post("/guests", json={}).json()
    me = {"authorization": f"Bearer {grant['access_token']}"}
    game = client.post("/games", json={"opponent": {"kind": "anyone"}, "mark": "X"}, headers=me).json()
    return grant["user"]["username"], game["id"]


@pytest.mark.parametrize("how", ["gone", "frozen"])
def test_without_the_game_service_people_are_still_shown(apart: Apart, client: httpx.Client, how: str) -> None:
    name, _ = waiting_guest(client)
    assert whole(client, f"/players/{name}")["record"]["people"]["won"] == 0
    apart["games"].freeze() if how == "frozen" else apart["games"].kill()
    for _ in range(5):
        profile, lobby = seen(client, f"/players/{name}"), seen(client, "/lobby")
        assert (profile.status_code, profile.headers["cache-control"]) == (200, "no-store")
        told = profile.json()
        assert (told["username"], told["record"], told["games"], told["partial"]) == (name, None, None, ["games"])
        assert "etag" not in profile.headers
        assert (lobby.status_code, lobby.json()) == (200, {"waiting": None, "playing": None, "partial": ["games"]})
    assert seen(client, "/players/nobody-at-all").status_code == 404
    apart["games"].thaw() if how == "frozen" else apart["games"].start()
    assert whole(client, f"/players/{name}")["games"] == []
    assert whole(client, "/lobby")["waiting"] is not None


@pytest.mark.parametrize("how", ["gone", "frozen"])
def test_without_the_user_service_nobody_says_that_somebody_does_not_exist(
    apart: Apart, client: httpx.Client, how: str
) -> None:
    name, game = waiting_guest(client)
    assert whole(client, "/lobby")["waiting"][0]["player"]["username"] == name
    apart["users"].freeze() if how == "frozen" else apart["users"].kill()
    for _ in range(5):
        for who in (name, "nobody-at-all"):
            answer = seen(client, f"/players/{who}")
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
            assert answer.headers["retry-after"] == "1"
        lobby = seen(client, "/lobby")
        assert (lobby.status_code, lobby.headers["cache-control"]) == (200, "no-store")
        assert [(each["id"], each["player"]) for each in lobby.json()["waiting"]] == [(game, None)]
        assert lobby.json()["partial"] == ["users"]
    apart["users"].thaw() if how == "frozen" else apart["users"].start()
    assert whole(client, "/lobby")["waiting"][0]["player"]["username"] == name
    assert whole(client, f"/players/{name}")["username"] == name


async def test_without_the_games_in_the_database_there_is_an_answer_too(
    apart: Apart, client: httpx.Client, address: str
) -> None:
    name, _ = waiting_guest(client)
    connection = await asyncpg.connect(address)
    await connection.execute("ALTER TABLE games RENAME TO lost_games")
    answer = seen(client, f"/players/{name}").json()
    assert (answer["username"], answer["partial"]) == (name, ["games"])
    await connection.execute("ALTER TABLE lost_games RENAME TO games")
    assert whole(client, f"/players/{name}")["partial"] == []
    await connection.close()

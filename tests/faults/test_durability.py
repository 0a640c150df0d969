"""What was acknowledged is there, once, whatever happens to the process."""

import asyncio
import contextlib
import random
import resource
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import servers
from tests.faults.harm import noughts

ROUNDS = 20
PASSWORD = "correct horse battery staple"


class Load:
    """People who register, change their address, refresh and play, and note what was acknowledged."""

    def __init__(self, process: servers.Process) -> None:
        self._process = process
        self.tried: dict[str, set[str]] = {}
        self.emails: dict[str, str] = {}
        self.moves: dict[str, int] = {}
        self.refresh: dict[str, str] = {}
        self.refreshing: set[str] = set()

    async def run(self, people: int, seconds: float) -> None:
        """Keep everyone busy, and pull the plug in the middle of it."""
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self._process.port}", timeout=5, trust_env=False
        ) as client:
            tasks = [asyncio.create_task(self._live(client)) for _ in range(people)]
            await asyncio.sleep(seconds)
            self._process.kill()
            await asyncio.gather(*tasks)

    async def _live(self, client: httpx.AsyncClient) -> None:
        with contextlib.suppress(httpx.TransportError):
            while True:
                await self._one(client)

    async def _one(self, client: httpx.AsyncClient) -> None:
        """Become a member, move house a few times, play a game."""
        grant = (await client.post("/guests", json={})).json()
        user, signed = grant["user"]["id"], {"Authorization": f"Bearer {grant['access_token']}"}
        self.refresh[user] = grant["refresh_token"]
        name = f"n{user.replace('-', '')[-18:]}"
        self.tried[user] = {f"{name}@first.example"}
        member = {"username": name, "email": f"{name}@first.example", "password": PASSWORD}
        changed = await client.put("/users/me", json=member, headers=signed)
        if changed.status_code == 503:
            return
        self.emails[user] = changed.json()["email"]
        body = {"opponent": {"kind": "computer", "level": 1}, "mark": "X"}
        game = (await client.post("/games", json=body, headers=signed)).json()["id"]
        self.moves[game] = 0
        for number in range(3):
            email = f"{name}@{number}.example"
            self.tried[user].add(email)
            self.emails[user] = (await client.put("/users/me", json={"email": email}, headers=signed)).json()["email"]
            self.refreshing.add(user)
            given = await client.post("/token", json={"refresh_token": self.refresh[user]})
            self.refresh[user] = given.json()["refresh_token"]
            self.refreshing.discard(user)
            await self._move(client, game, signed)

    async def _move(self, client: httpx.AsyncClient, game: str, signed: dict[str, str]) -> None:
        shown = (await client.get(f"/games/{game}", headers=signed)).json()
        if shown["turn"] == "X":
            move = {"ply": shown["ply"], "cell": shown["board"].index(None)}
            played = await client.post(f"/games/{game}/moves", json=move, headers=signed)
            assert played.status_code in (200, 201), played.text
            self.moves[game] = played.json()["ply"]

    def check(self, connection: sqlite3.Connection) -> None:
        """Look for everything that was acknowledged, in what the next start found."""
        stored = dict(connection.execute("SELECT id, email FROM users WHERE kind = 'member'").fetchall())
        for user, email in self.emails.items():
            assert stored[user] == email or stored[user] in self.tried[user]
            assert stored[user] >= email or email.endswith("first.example")
        for game, ply in self.moves.items():
            [(moves, stored_ply)] = connection.execute("SELECT moves, ply FROM games WHERE id = ?", (game,)).fetchall()
            cells = bytes.fromhex(moves)
            assert stored_ply == len(cells) == len(set(cells))
            assert stored_ply >= ply


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_or_doubled_in_twenty_power_cuts(tmp_path: Path) -> None:
    process = servers.Process(tmp_path / "data", rate_limits="off", log="error").start()
    loads = []
    for _ in range(ROUNDS):
        loads.append(load := Load(process))
        await load.run(people=8, seconds=random.uniform(0.3, 0.9))
        await asyncio.to_thread(process.start)
        with contextlib.closing(sqlite3.connect(process.data / "noughts.db")) as connection:
            load.check(connection)
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with process.client() as client:
        # Whose last refresh was never answered may be taken for a thief, more than ten seconds later.
        tokens = [token for load in loads for user, token in load.refresh.items() if user not in load.refreshing]
        statuses = {client.post("/token", json={"refresh_token": token}).status_code for token in tokens[-100:]}
    process.stop()
    assert sum(len(load.moves) for load in loads) > ROUNDS
    assert statuses == {200}


def test_the_command_line_beside_a_server_costs_no_acknowledged_write(tmp_path: Path) -> None:
    process = servers.Process(tmp_path / "data", rate_limits="off").start()
    with process.client() as client:
        before = client.post("/guests", json={}).json()["refresh_token"]
        assert noughts("users", "list", "--data", str(process.data)).status == 0
        after = client.post("/guests", json={}).json()["refresh_token"]
        process.kill()
        process.start()
        statuses = [client.post("/token", json={"refresh_token": token}).status_code for token in (before, after)]
    process.stop()

    assert statuses == [200, 200]


def test_what_a_server_acknowledged_on_its_first_start_survives_a_power_cut(tmp_path: Path) -> None:
    process = servers.Process(tmp_path / "data").start()
    with process.client() as client:
        token = client.post("/guests", json={}).json()["refresh_token"]
        process.kill()
        process.start()
        status = client.post("/token", json={"refresh_token": token}).status_code
    process.stop()

    assert status == 200


def test_the_replies_a_killed_server_owed_are_played_after_the_next_start(tmp_path: Path) -> None:
    process = servers.Process(tmp_path / "data", rate_limits="off").start()
    body = {"opponent": {"kind": "computer", "level": 6}, "mark": "O"}
    with process.client() as client:
        signed = {"Authorization": f"Bearer {client.post('/guests', json={}).json()['access_token']}"}
        games = [client.post("/games", json=body, headers=signed).json()["id"] for _ in range(5)]
        process.kill()
        with contextlib.closing(sqlite3.connect(process.data / "noughts.db")) as connection, connection:
            connection.execute(
                "UPDATE games SET moves = '', ply = 0, pos = 0, seq = 0, turn = 'X'"
            )  # as if none had come
        process.start()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            plies = [client.get(f"/games/{game}", headers=signed).json()["ply"] for game in games]
            if plies == [1] * 5:
                break
            time.sleep(0.2)
    process.stop()

    assert plies == [1] * 5


def test_a_deletion_cut_short_is_finished_after_the_next_start(tmp_path: Path) -> None:
    process = servers.Process(tmp_path / "data", rate_limits="off").start()
    with process.client() as client:
        grants = [client.post("/guests", json={}).json() for _ in range(5)]
        for grant in grants:
            signed = {"Authorization": f"Bearer {grant['access_token']}"}
            client.post("/games", json={"opponent": {"kind": "invite"}}, headers=signed)
            assert client.delete("/users/me", headers=signed).status_code == 204
        process.kill()
        process.start()
        statuses = {
            client.get("/users/me", headers={"Authorization": f"Bearer {grant['access_token']}"}).status_code
            for grant in grants
        }
        deadline = time.monotonic() + 40
        while (left := _guests(process)) and time.monotonic() < deadline:
            time.sleep(0.2)
    process.stop()

    assert statuses == {401}
    assert left == []


def _guests(process: servers.Process) -> list[Any]:
    with contextlib.closing(sqlite3.connect(process.data / "noughts.db")) as connection:
        return connection.execute("SELECT id FROM users WHERE kind = 'guest'").fetchall()


@pytest.mark.parametrize("seconds", [0.05, 0.4, 0.7, 1.0])
def test_a_first_start_cut_short_is_completed_by_the_next(tmp_path: Path, seconds: float) -> None:
    process = servers.Process(tmp_path / "data").start(wait=False)
    time.sleep(seconds)
    process.kill()

    process.start()
    with process.client() as client:
        status = client.post("/guests", json={}).status_code
    process.stop()

    assert status == 201


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[servers.Process]:
    """A server none of whose files may grow much further."""
    process = servers.Process(tmp_path / "data", rate_limits="off", log="error").start()
    size = max(path.stat().st_size for path in process.data.iterdir()) + 100_000
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    yield process
    process.stop()


def test_on_a_full_disk_nothing_is_acknowledged_that_is_not_stored(cramped: servers.Process) -> None:
    with cramped.client() as client:
        answers = []
        while len(answers) < 500 and [answer.status_code for answer in answers[-5:]] != [503] * 5:
            answers.append(client.post("/guests", json={}))
        alive = client.get("/healthz").status_code
        resource.prlimit(cramped.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        recovered = client.post("/guests", json={}).status_code
        cramped.kill()
        cramped.start()
        tokens = [answer.json()["refresh_token"] for answer in answers if answer.status_code == 201]
        kept = [client.post("/token", json={"refresh_token": token}).status_code for token in tokens]

    assert {answer.status_code for answer in answers} == {201, 503}
    assert answers[-1].headers["Retry-After"]
    assert (alive, recovered) == (200, 201)
    assert set(kept) == {200}


def test_a_promotion_by_the_command_line_takes_effect_in_the_running_server(tmp_path: Path) -> None:
    process = servers.Process(tmp_path / "data", rate_limits="off").start()
    data = ("--data", str(process.data))
    assert (
        noughts("users", "create", "erika", "erika@example.com", "--password-file", "-", *data, given=PASSWORD).status
        == 0
    )
    with process.client() as client:
        sign_in = {"username": "erika", "password": PASSWORD}
        old = {"Authorization": f"Bearer {client.post('/login', json=sign_in).json()['access_token']}"}
        other = client.post("/guests", json={}).json()["user"]["id"]
        assert "email" not in client.get(f"/users/{other}", headers=old).json()
        assert noughts("users", "promote", "ERIKA", *data).status == 0
        time.sleep(1.5)
        refused = client.get("/users/me", headers=old).status_code
        new = {"Authorization": f"Bearer {client.post('/login', json=sign_in).json()['access_token']}"}
        sees = client.get(f"/users/{other}", headers=new).json()
    process.stop()

    assert refused == 401
    assert "email" in sees

"""Live play, and the plug pulled in the middle of it: nothing that was acknowledged is lost, and everybody is in step again."""

import asyncio
import contextlib
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from tests import servers
from tests.databases import Copies
from tests.faults.load import member
from tests.follower import OVER, seen
from tests.players import Player, Refused, invited, playing

ROUNDS = 20
PAIRS = 4
PROMISED_S = 1.0


class Pair:
    """Two who play one game after another, and note what was acknowledged."""

    def __init__(self, one: Player, other: Player) -> None:
        self.players = (one, other)
        self.acknowledged: dict[str, list[int]] = {}

    async def play(self) -> None:
        """Play until told to stop."""
        while True:
            one, other = self.players
            game = await invited(one, other)
            self.acknowledged[game] = []
            while one.state(game)["status"] not in OVER:
                await self._move(game)
            self.players = (other, one)
            for player in self.players:
                await player.until(partial(player.shows_the_end, game))
                await player.leave(game)

    def has_played(self, games: int) -> bool:
        """Whether so many games were begun."""
        return len(self.acknowledged) >= games

    async def _move(self, game: str) -> None:
        cells = self.acknowledged[game]
        player = self.players[len(cells) % 2]
        await player.until(lambda: player.state(game)["ply"] >= len(cells))
        free = [cell for cell, mark in enumerate(player.state(game)["board"]) if mark is None]
        cell = random.choice(free)
        with contextlib.suppress(Refused):
            await player.play(game, cell, ply=len(cells))
            cells.append(cell)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[servers.Process]:
    """A server of the test's own on a file, to be killed."""
    with servers.serving(tmp_path / "data", rate_limits="off", log="warning") as found:
        yield found


async def killed_again_and_again(process: servers.Process, people: list[Player]) -> list[float]:
    """Kill the server in the midst of play and start it, so many times; return when everybody was in step each time."""
    waits = []
    for _ in range(ROUNDS):
        await asyncio.sleep(random.uniform(0.02, 0.4))
        process.kill()
        await asyncio.to_thread(process.start)
        back_at = time.monotonic()
        for player in people:
            await player.until(player.is_in_step)
        waits.append(max(0.0, *(at for player in people for at in player.in_step_at.values())) - back_at)
    return waits


@pytest.mark.slow
async def test_after_each_power_cut_everybody_is_in_step_within_a_second_and_no_move_is_lost(
    process: servers.Process,
) -> None:
    async with playing(f"http://127.0.0.1:{process.port}", 2 * PAIRS) as people:
        pairs = [Pair(*people[n : n + 2]) for n in range(0, len(people), 2)]
        tasks = [asyncio.create_task(pair.play()) for pair in pairs]
        waits = await killed_again_and_again(process, people)
        assert not [task for task in tasks if task.done()], [task.exception() for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        moves = sum([await checked(pair) for pair in pairs])
        print(f"{moves} moves in {sum(len(pair.acknowledged) for pair in pairs)} games; in step after")  # noqa: T201
        print(f"{sorted(round(max(0.0, wait) * 1000) for wait in waits)} ms")  # noqa: T201 - what was measured
        assert min(len(pair.acknowledged) for pair in pairs) > 1
        assert max(waits) < PROMISED_S


async def checked(pair: Pair) -> int:
    """Look for every acknowledged move in its place, and at what both players show; return how many there were."""
    for game, cells in pair.acknowledged.items():
        stored = await pair.players[0].got("GET", f"/games/{game}")
        assert stored["moves"][: len(cells)] == cells
        assert len(stored["moves"]) <= len(cells) + 1
        assert stored["pos"] == len(stored["moves"])
        for player in pair.players:
            if (left := player.left.get(game)) is None:
                await player.until(partial(player.shows, game, stored["seq"]))
                left = player.state(game)
            assert seen(left) == seen(stored)
    return sum(map(len, pair.acknowledged.values()))


RATED_ROUNDS = 10


async def giving_up(people: dict[str, Player]) -> None:
    """Play one rated series after another, giving up each game: an ending, two ratings and the next game each time."""
    while True:
        (_, one), (name, other) = random.sample(sorted(people.items()), 2)
        made = await one.ask("POST", "/challenges", {"username": name, "rated": True})
        if made.status_code == 409:  # these two have played enough
            continue
        game: str | None = made.json()["id"]
        if (await other.ask("POST", f"/challenges/{game}/accept")).status_code == 409:
            continue
        while game is not None:
            over = await random.choice((one, other)).got("POST", f"/games/{game}/resign")
            game = over["next"]


@pytest.mark.slow
async def test_a_power_cut_never_parts_an_ending_from_its_ratings_and_the_next_game(process: servers.Process) -> None:
    async with playing(f"http://127.0.0.1:{process.port}", 12) as players:
        people: dict[str, Player] = {}
        for player in players:
            name, registration = member(process.port)
            people[name] = player
            await player.got("PUT", "/users/me", registration)
            player.become(await player.got("POST", "/login", {"username": name, "password": registration["password"]}))
        tasks = [asyncio.create_task(giving_up(people)) for _ in range(3)]
        for _ in range(RATED_ROUNDS):
            await asyncio.sleep(random.uniform(0.02, 0.4))
            process.kill()
            await asyncio.to_thread(process.start)
        assert not [task for task in tasks if task.done()], [task.exception() for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    process.stop()
    with contextlib.closing(sqlite3.connect(process.data / "noughts.db")) as database:
        games = database.execute("SELECT id, series_no, next_id FROM games WHERE status = 'finished'").fetchall()
        rated = Counter(game for (game,) in database.execute("SELECT game_id FROM rated_games"))
        known = {game for (game,) in database.execute("SELECT id FROM games")}
        counted = database.execute("SELECT sum(games) FROM ratings").fetchone()[0]
    print(f"{len(games)} rated games")  # noqa: T201 - what was measured
    assert len(games) > RATED_ROUNDS
    assert rated == {game: 2 for game, _, _ in games}
    assert counted == 2 * len(games)
    assert all((following in known) == (number < 4) for _, number, following in games)


# News between processes.


@pytest.fixture
def both(tmp_path: Path, copies: Copies) -> Iterator[tuple[str, list[servers.Process]]]:
    """Two servers on one PostgreSQL, and its address."""
    address = copies.take()
    with servers.together(tmp_path, 2, database=address, rate_limits="off", log="warning") as found:
        yield address, found


async def cut_off_again_and_again(address: str, times: int) -> None:
    """Cut the connections over which the servers hear each other, so many times."""
    connection = await asyncpg.connect(address)
    for _ in range(times):
        await asyncio.sleep(random.uniform(0.05, 0.5))
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'noughts events' AND datname = current_database()"
        )
    await connection.close()


@pytest.mark.slow
async def test_whoever_plays_through_two_servers_misses_nothing_when_these_cannot_hear_each_other(
    both: tuple[str, list[servers.Process]],
) -> None:
    address, (here, there) = both
    async with (
        playing(f"http://127.0.0.1:{here.port}", 4) as ones,
        playing(f"http://127.0.0.1:{there.port}", 4) as others,
    ):
        pairs = [Pair(one, other) for one, other in zip(ones, others, strict=True)]
        tasks = [asyncio.create_task(pair.play()) for pair in pairs]
        await cut_off_again_and_again(address, 15)
        for pair in pairs:  # nobody waits for news that are lost
            enough = pair.players[0].until(partial(pair.has_played, len(pair.acknowledged) + 2))
            await asyncio.wait([waiting := asyncio.create_task(enough), *tasks], return_when=asyncio.FIRST_COMPLETED)
            assert not [task for task in tasks if task.done()], [task.exception() for task in tasks if task.done()]
            await waiting
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        moves = sum([await checked(pair) for pair in pairs])
        for told in (here.log.read_text(), there.log.read_text()):
            assert "live_news_missed" not in told
            assert "events_broke" not in told
        print(f"{moves} moves in {sum(len(pair.acknowledged) for pair in pairs)} games")  # noqa: T201 - what was measured

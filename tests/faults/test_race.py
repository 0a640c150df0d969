"""Eight people at a hundred games all at once, right and wrong, live and over HTTP, through two processes."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from noughts.games.rules import classic
from tests import players, servers
from tests.databases import Copies
from tests.follower import OVER, seen
from tests.players import Player, Refused

pytestmark = pytest.mark.slow
GAMES, PEOPLE = 100, 8
LOOKED_AT = 12
"""Games one of them looks at."""
PROBLEM = re.compile(r"/problems/[a-z-]+$")


@pytest.fixture
def both(tmp_path: Path, copies: Copies) -> Iterator[list[servers.Process]]:
    """Two servers on one PostgreSQL."""
    with servers.together(tmp_path, 2, database=copies.take(), rate_limits="off", log="warning") as found:
        yield found


class Played(NamedTuple):
    """A game, who plays it, and every move that was acknowledged, by whichever way."""

    id: str
    people: tuple[Player, Player]
    acknowledged: list[tuple[int, int]]


class Crowd:
    """Everybody, and what they were answered."""

    def __init__(self, people: list[Player]) -> None:
        self.people, self.games = people, list[Played]()
        self.answers: Counter[str] = Counter()

    async def sit_down(self) -> None:
        """Begin all the games, each of two of them."""
        for _ in range(GAMES):
            one, other = random.sample(self.people, 2)
            made = await one.got("POST", "/games", {"opponent": {"kind": "invite"}, "mark": "X"})
            secret = made["invite_url"].rpartition("#invite=")[2]
            await other.got("POST", f"/games/{made['id']}/join", {"invite": secret})
            self.games.append(Played(made["id"], (one, other), []))
            for player in (one, other):
                if len(player.games) < LOOKED_AT:
                    await player.follow(made["id"])

    async def play(self, player: Player) -> None:
        """Do whatever comes to mind, until all is over."""
        going = [game for game in self.games if player in game.people] + random.sample(self.games, 5)
        while going:
            game = random.choice(going)
            shown = await player.ask("GET", f"/games/{game.id}")
            if shown.status_code == 404:  # another's: only tried
                await self._try(player, game, {"ply": 0, "cell": 4})
                going.remove(game)
            elif shown.json()["status"] in OVER:
                await self._after(player, game)
                going.remove(game)
            else:
                await self._act(player, game, shown.json())

    async def _act(self, player: Player, game: Played, shown: dict[str, Any]) -> None:
        what = random.random()
        free = [cell for cell, mark in enumerate(shown["board"]) if mark is None]
        move = {"ply": shown["ply"], "cell": random.choice(free)} | ({"pos": shown["pos"]} if what < 0.9 else {})
        if what < 0.6:
            await asyncio.gather(*(self._try(player, game, move) for _ in range(random.choice((1, 1, 2)))))
        elif what < 0.7:
            await self._try(player, game, move | {"cell": random.randrange(12)})
        elif what < 0.8:
            await self._try(player, game, move | {"ply": random.randrange(10)})
        elif what < 0.96:
            await self._offer(player, game, shown)
        elif what < 0.97:
            await self._note(
                await player.ask("POST", f"/games/{game.id}/{random.choice(('resign', 'claim', 'abort'))}")
            )
        else:
            await self._try(player, game, {"cell": 0})

    async def _try(self, player: Player, game: Played, move: dict[str, int]) -> None:
        """Play a move one way or the other."""
        if random.random() < 0.5:
            answer = await player.ask("POST", f"/games/{game.id}/moves", move)
            await self._note(answer)
            moved = answer.is_success
        else:
            try:
                await player.say({"t": "move", "game": game.id} | move)
                moved = True
                self.answers["done"] += 1
            except Refused as refused:
                moved = False
                self._explained(refused.problem)
        if moved:
            game.acknowledged.append((move["ply"], move["cell"]))

    async def _offer(self, player: Player, game: Played, shown: dict[str, Any]) -> None:
        path = f"/games/{game.id}/offers"
        if shown["offers"] and random.random() < 0.7:
            path += f"/{shown['offers'][0]['id']}/{random.choice(('accept', 'decline', 'decline'))}"
            await self._note(await player.ask("POST", path))
        else:
            kind = random.choice(("draw", "takeback", "rematch"))
            await self._note(await player.ask("POST", path, {"kind": kind}))

    async def _after(self, player: Player, game: Played) -> None:
        answers = [await player.ask("POST", f"/games/{game.id}/resign")]
        answers.append(await player.ask("POST", f"/games/{game.id}/offers", {"kind": "rematch"}))
        for answer in answers:
            await self._note(answer)

    async def _note(self, answer: httpx.Response) -> None:
        self.answers[str(answer.status_code)] += 1
        assert answer.status_code < 500, answer.text
        if not answer.is_success:
            assert answer.headers["content-type"].startswith("application/problem+json")
            self._explained(answer.json())

    def _explained(self, problem: dict[str, Any]) -> None:
        self.answers[str(problem["type"]).rpartition("/")[2]] += 1
        assert PROBLEM.search(problem["type"])
        assert problem["status"] < 500, problem
        assert problem["title"], problem
        if problem["type"].endswith(("ply-conflict", "not-your-turn")):
            assert problem["game"]["board"], problem


async def test_every_move_is_stored_once_and_every_refusal_explained(both: list[servers.Process]) -> None:
    clients = [httpx.AsyncClient(base_url=f"http://127.0.0.1:{one.port}", timeout=20, trust_env=False) for one in both]
    people = [await players.guest(http) for http in clients * (PEOPLE // 2)]
    for player in people:
        player.come()
    crowd = Crowd(people)
    try:
        await crowd.sit_down()
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            for player in people:
                group.create_task(crowd.play(player))
        for game in crowd.games:
            await checked(game)
    finally:
        for player in people:
            await player.go()
        for http in clients:
            await http.aclose()
    print(crowd.answers, sum(len(game.acknowledged) for game in crowd.games), sum(player.gaps for player in people))  # noqa: T201
    assert {"201", "done", "ply-conflict", "not-your-turn", "illegal-move", "game-over"} <= crowd.answers.keys()


async def checked(game: Played) -> None:
    """Compare what is stored with its own replay, with what was acknowledged, and with what both players show."""
    stored = await game.people[0].got("GET", f"/games/{game.id}")
    moves = stored["moves"]
    assert all(cell in classic.legal(tuple(moves[:ply])) for ply, cell in enumerate(moves))
    assert stored["board"] == list(classic.board(tuple(moves)))
    if stored["reason"] in ("line", "full"):
        assert classic.outcome(tuple(moves)) == stored["result"]
    if stored["pos"] == len(moves):  # nothing was ever taken back
        assert all(moves[ply : ply + 1] == [cell] for ply, cell in game.acknowledged)
        assert {ply for ply, _ in game.acknowledged} == set(range(len(moves)))
    for player in game.people:
        if game.id in player.games:
            await player.until(partial(player.shows, game.id, stored["seq"]))
            assert seen(player.state(game.id)) == seen(stored)

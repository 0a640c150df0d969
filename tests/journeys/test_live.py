"""Whole games live: the same wherever the platform runs."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests import servers
from tests.boards import DRAWN
from tests.clusters import Cluster
from tests.containers.stack import Stack
from tests.follower import seen
from tests.journeys.conftest import where_there_are_replicas
from tests.players import Player, invited, playing

LINE = (0, 3, 1, 4, 2)
PASSWORD = "a proper secret"


@asynccontextmanager
async def people(server: servers.Process, count: int) -> AsyncIterator[list[Player]]:
    """Let so many guests come."""
    async with playing(f"http://127.0.0.1:{server.port}", count) as found:
        yield found


async def play_on(game: str, players: tuple[Player, Player], cells: tuple[int, ...]) -> None:
    """Let two play these cells by turns, each once they see that it is their turn."""
    for cell in cells:
        ply = players[0].state(game)["ply"]
        await players[ply % 2].play(game, cell)
        for player in players:
            await player.until(lambda player=player, ply=ply: player.state(game)["ply"] > ply)


async def test_two_play_and_both_see_the_same(server: servers.Process) -> None:
    async with people(server, 2) as (one, other):
        game = await invited(one, other)
        await play_on(game, (one, other), LINE)
        stored = seen(await one.got("GET", f"/games/{game}"))
        assert (stored["status"], stored["result"], stored["reason"], stored["line"]) == (
            "finished",
            "X",
            "line",
            [0, 1, 2],
        )
        assert seen(one.state(game)) == seen(other.state(game)) == stored
        seqs = [told["seq"] for told in other.told if told["t"] == "move"]
        assert seqs == sorted(set(seqs))


async def test_who_waits_is_told_when_somebody_comes_and_others_may_watch(server: servers.Process) -> None:
    async with people(server, 3) as (one, other, watcher):
        wish = {"opponent": {"kind": "anyone"}, "variant": "6x6x4", "time": {"kind": "days", "days": 2}}
        game = (await one.got("POST", "/games", wish))["id"]
        await one.follow(game)
        assert (await other.got("POST", "/games", wish))["id"] == game
        assert (await one.until_told("matched"))["game"] == game
        await one.until(lambda: one.state(game)["status"] == "playing")
        await other.follow(game)
        await watcher.follow(game)
        await one.until(lambda: one.told[-1] == {"t": "presence", "game": game, "X": True, "O": True, "watching": 1})
        first = one if one.state(game)["players"]["X"]["id"] == one.id else other
        await first.play(game, 7)
        await watcher.until(lambda: watcher.state(game)["moves"] == [7])
        await watcher.leave(game)
        await one.until(lambda: one.told[-1].get("watching") == 0)


async def test_who_is_challenged_is_told_and_who_challenged_of_the_answer(server: servers.Process) -> None:
    async with people(server, 2) as (one, other):
        await asyncio.gather(one.until(lambda: one.connections > 0), other.until(lambda: other.connections > 0))
        name = (await other.got("GET", "/users/me"))["username"]
        await one.got("POST", "/challenges", {"username": name})
        told = await other.until_told("challenge")
        assert (told["by"], told["status"]) == (one.id, "open")
        await other.got("POST", f"/challenges/{told['game']}/accept")
        assert (await one.until_told("challenge"))["status"] == "playing"
        declined = (await one.got("POST", "/challenges", {"username": name}))["id"]
        await other.got("POST", f"/challenges/{declined}/decline")
        await one.until(lambda: one.told[-1].get("status") == "aborted")


async def test_offers_come_and_are_answered(server: servers.Process) -> None:
    async with people(server, 2) as (one, other):
        game = await invited(one, other)
        await play_on(game, (one, other), (4, 0))
        for kind, answer in (("draw", "decline"), ("takeback", "accept")):
            await one.got("POST", f"/games/{game}/offers", {"kind": kind})
            await other.until(lambda: bool(other.state(game)["offers"]))
            offer = other.state(game)["offers"][0]
            assert (offer["kind"], offer["by"]) == (kind, "X")
            await other.got("POST", f"/games/{game}/offers/{offer['id']}/{answer}")
            await one.until(lambda: not one.state(game)["offers"])
        await one.until(lambda: one.state(game)["moves"] == [])
        await other.until(lambda: other.state(game)["moves"] == [])
        await play_on(game, (one, other), DRAWN)
        await one.got("POST", f"/games/{game}/offers", {"kind": "rematch"})
        await other.got("POST", f"/games/{game}/offers", {"kind": "rematch"})
        await one.until(lambda: bool(one.state(game)["next"]))
        again = one.state(game)["next"]
        await asyncio.gather(one.follow(again), other.follow(again))
        await play_on(again, (other, one), LINE)
        assert seen(one.state(again)) == seen(other.state(again)) == seen(await one.got("GET", f"/games/{again}"))


async def become_member(player: Player) -> str:
    """Make a guest a member, who may be rated; return the name."""
    name = f"m{uuid.uuid4().hex[:12]}"
    body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    await player.got("PUT", "/users/me", body)
    player.become(await player.got("POST", "/login", {"username": name, "password": PASSWORD}))
    return name


async def test_how_a_match_stands_is_told_with_the_end_of_each_game(server: servers.Process) -> None:
    async with people(server, 2) as (one, other):
        names = [await become_member(player) for player in (one, other)]
        challenge = await one.got("POST", "/challenges", {"username": names[1], "mark": "X", "rated": True})
        game: str | None = (await other.got("POST", f"/challenges/{challenge['id']}/accept"))["id"]
        scores = []
        while game is not None:
            await asyncio.gather(one.follow(game), other.follow(game))
            scores.append(one.state(game)["series"]["score"])
            swapped = one.state(game)["players"]["X"]["id"] == other.id
            await play_on(game, (other, one) if swapped else (one, other), DRAWN if swapped else LINE)
            over = await one.got("GET", f"/games/{game}")
            assert seen(one.state(game)) == seen(other.state(game)) == seen(over)
            scores.append(over["series"]["score"])
            game = over["next"]
        assert scores == [
            {"X": 0, "O": 0}, {"X": 1, "O": 0},
            {"X": 0, "O": 1}, {"X": 0.5, "O": 1.5},
            {"X": 1.5, "O": 0.5}, {"X": 2.5, "O": 0.5},
            {"X": 0.5, "O": 2.5}, {"X": 1, "O": 3},
        ]  # fmt: skip
        assert over["series"] == {"id": challenge["id"], "game": 4, "of": 4, "score": {"X": 1, "O": 3}}


@pytest.mark.slow
async def test_a_game_nobody_touches_ends_by_itself_when_time_is_over(server: servers.Process) -> None:
    async with people(server, 2) as (one, other):
        game = await invited(one, other, time={"kind": "turn", "turn_ms": 3_000})
        await one.play(game, 4)
        for player in (one, other):
            await player.until(lambda player=player: player.state(game)["status"] == "finished", seconds=6)
        assert seen(other.state(game)) == seen(await one.got("GET", f"/games/{game}"))
        assert (one.state(game)["result"], one.state(game)["reason"]) == ("X", "timeout")


async def test_who_was_away_for_three_moves_catches_up(server: servers.Process) -> None:
    async with people(server, 2) as (one, other):
        game = await invited(one, other)
        await one.play(game, DRAWN[0])
        await one.go()
        for ply, player in ((1, other), (2, one), (3, other)):
            await player.got("POST", f"/games/{game}/moves", {"ply": ply, "cell": DRAWN[ply]})
        one.come()
        await one.until(lambda: one.state(game)["ply"] == 4)
        for player in (one, other):
            player.drop()
        await play_on(game, (one, other), DRAWN[4:])
        assert seen(one.state(game)) == seen(other.state(game)) == seen(await one.got("GET", f"/games/{game}"))


async def test_the_computer_answers_live(server: servers.Process) -> None:
    async with people(server, 1) as (one,):
        game = (await one.got("POST", "/games", {"opponent": {"kind": "computer", "level": 6}, "mark": "O"}))["id"]
        await one.follow(game)
        while one.state(game)["status"] == "playing":
            await one.until(lambda: one.state(game)["turn"] != "X")
            if one.state(game)["turn"] == "O":
                ply = one.state(game)["ply"]
                await one.play(game, one.state(game)["board"].index(None))
                await one.until(lambda ply=ply: one.state(game)["ply"] > ply)
        assert one.state(game)["result"] != "O"


# The same as server-sent events.


class Events:
    """A stream of events, read as a browser does."""

    def __init__(self, told: httpx.Response) -> None:
        self._lines = told.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """Return the next event: its data, and its `id` and `event` where it has them."""
        found: dict[str, str] = {}
        async with asyncio.timeout(10):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if not line and "data" in found:
                    return json.loads(found["data"]) | {"_id": found.get("id"), "_event": found["event"]}
                if line and not line.startswith(":"):
                    found[name] = value
        raise EOFError

    async def until(self, kind: str) -> dict[str, Any]:
        """Return the next event of a kind."""
        while (told := await self.next())["t"] != kind:
            pass
        return told


@asynccontextmanager
async def events(server: servers.Process, game: str, query: str = "", **headers: str) -> AsyncIterator[Events]:
    """Follow a game for the length of a block."""
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=15, trust_env=False) as http,
        http.stream("GET", f"/games/{game}/events{query}", headers=headers) as told,
    ):
        assert told.status_code == 200
        assert told.headers["content-type"].startswith("text/event-stream")
        yield Events(told)


async def test_events_are_what_is_told_over_a_socket_with_the_same_numbers(server: servers.Process) -> None:
    async with people(server, 2) as (one, other):
        game = await invited(one, other)
        async with events(server, game, Authorization=f"Bearer {other.token}") as told:
            first = await told.next()
            assert (first["_event"], first["_id"], first["seq"]) == ("snapshot", "1", 1)
            await play_on(game, (one, other), LINE)
            moves = [await told.until("move") for _ in LINE]
            assert [(move["_id"], move["_event"]) for move in moves] == [(str(seq), "move") for seq in range(2, 7)]
            plain = [{name: move[name] for name in move if name[0] != "_"} for move in moves]
            assert plain == [told for told in other.told if told["t"] == "move"]
            await one.got("POST", f"/games/{game}/offers", {"kind": "rematch"})
            assert (await told.until("offer"))["_id"] == "7"


async def test_events_go_on_from_the_last_one_seen_with_a_token_or_a_ticket(server: servers.Process) -> None:
    async with people(server, 2) as (one, other):
        game = await invited(one, other)
        await play_on(game, (one, other), LINE[:2])
        ticket = (await other.got("POST", "/live/tickets"))["ticket"]
        ways = [("", {"Authorization": f"Bearer {one.token}", "Last-Event-ID": "3"}), (f"?ticket={ticket}&since=3", {})]
        for query, headers in ways:
            async with events(server, game, query, **headers) as told:
                assert (await told.next())["t"] == "presence"  # nothing is missing
        async with events(server, game, Authorization=f"Bearer {one.token}", **{"Last-Event-ID": "2"}) as told:
            missed = await told.next()
            assert (missed["_id"], missed["snapshot"]["moves"]) == ("3", list(LINE[:2]))
            await play_on(game, (one, other), LINE[2:3])
            assert (await told.until("move"))["_id"] == "4"


# Where there are replicas.


def until_it_runs_again(server: Cluster | Stack, replica: str, killed: int) -> None:
    """Return once a replica that was killed is a process again, for those who play next; it was that process."""
    deadline = time.monotonic() + 30
    while (found := server.running()[replica]) in (0, killed):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    server.until_it_answers()


@where_there_are_replicas
async def test_one_replica_dies_in_the_midst_of_a_game_and_both_finish_it(server: Cluster | Stack) -> None:
    replica, killed = next(found for found in server.running().items() if found[0].startswith("games"))
    async with people(server, 8) as everybody:
        pairs = [(everybody[n], everybody[n + 1]) for n in range(0, 8, 2)]
        games = [await invited(*pair) for pair in pairs]
        await asyncio.gather(*(play_on(game, pair, DRAWN[:4]) for game, pair in zip(games, pairs, strict=True)))
        before = sum(player.connections for player in everybody)
        server.kill_member(replica)
        await asyncio.gather(*(play_on(game, pair, DRAWN[4:]) for game, pair in zip(games, pairs, strict=True)))
        assert sum(player.connections for player in everybody) > before
        for game, pair in zip(games, pairs, strict=True):
            stored = seen(await pair[0].got("GET", f"/games/{game}"))
            assert (stored["moves"], stored["reason"]) == (list(DRAWN), "full")
            assert [seen(player.state(game)) for player in pair] == [stored, stored]
    until_it_runs_again(server, replica, killed)

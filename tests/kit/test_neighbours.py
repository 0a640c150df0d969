"""Asking replicas in turn, and leaving alone those that do not answer."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from tests import seams

from noughts.kit import server
from noughts.kit.edge import Answer, Request
from noughts.kit.errors import Unavailable
from noughts.kit.neighbours import FAILURES, LEFT_ALONE_S, Neighbour


class Replicas:
    """Two replicas whose answers are chosen, and the hosts that were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken: dict[str, Exception] = {}
        self.at = 0.0
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.neighbour = Neighbour(["http://one", "http://two/"], client=client, now=lambda: self.at)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.host)
        if failure := self.broken.get(request.url.host):
            raise failure
        return httpx.Response(200, text=request.url.host)

    async def ask(self, *, repeatable: bool = False) -> str:
        """Ask, and return which one answered."""
        return (await self.neighbour.send("POST", "/path", headers={}, repeatable=repeatable)).text


@pytest.fixture
def replicas() -> Replicas:
    """Two that answer."""
    return Replicas()


async def test_replicas_are_asked_in_turn(replicas: Replicas) -> None:
    assert {await replicas.ask(), await replicas.ask()} == {"one", "two"}


async def test_one_that_cannot_be_reached_was_not_asked_so_another_is(replicas: Replicas) -> None:
    replicas.broken["one"] = httpx.ConnectError("refused")
    assert [await replicas.ask() for _ in range(4)] == ["two"] * 4


async def test_what_is_not_repeatable_is_sent_once_where_nobody_knows_what_came_of_it(replicas: Replicas) -> None:
    replicas.broken |= dict.fromkeys(("one", "two"), httpx.ReadError("reset"))
    with pytest.raises(Unavailable):
        await replicas.ask()
    assert len(replicas.asked) == 1


async def test_what_is_repeatable_is_sent_to_another(replicas: Replicas) -> None:
    replicas.broken["one"] = httpx.ReadError("reset")
    assert [await replicas.ask(repeatable=True) for _ in range(4)] == ["two"] * 4


async def test_one_that_failed_too_often_is_left_alone_for_a_while_and_tried_again_once(replicas: Replicas) -> None:
    replicas.broken["one"] = httpx.ConnectError("refused")
    for _ in range(2 * FAILURES):
        await replicas.ask()
    replicas.asked.clear()
    for _ in range(6):
        await replicas.ask()
    assert replicas.asked == ["two"] * 6
    replicas.at = LEFT_ALONE_S + 0.1
    for _ in range(6):
        await replicas.ask()
    assert replicas.asked.count("one") == 1


async def test_one_that_answers_again_takes_its_turns_again(replicas: Replicas) -> None:
    replicas.broken["one"] = httpx.ConnectError("refused")
    for _ in range(2 * FAILURES):
        await replicas.ask()
    replicas.broken.clear()
    replicas.at = LEFT_ALONE_S + 0.1
    assert [await replicas.ask() for _ in range(8)].count("one") >= 3


async def test_while_all_are_left_alone_the_answer_comes_at_once(replicas: Replicas) -> None:
    replicas.broken |= dict.fromkeys(("one", "two"), httpx.ConnectError("refused"))
    for _ in range(2 * FAILURES):
        with pytest.raises(Unavailable):
            await replicas.ask()
    replicas.asked.clear()
    with pytest.raises(Unavailable):
        await replicas.ask()
    assert replicas.asked == []


async def test_one_that_hears_and_says_nothing_is_waited_for_no_longer_than_the_deadline() -> None:
    with server.listen("127.0.0.1", 0) as silent:
        neighbour = Neighbour([f"http://127.0.0.1:{silent.getsockname()[1]}"], deadline_s=0.1)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await neighbour.send("GET", "/", headers={}, repeatable=True)
        await neighbour.close()
    assert time.monotonic() - began < 5


@asynccontextmanager
async def one_of_two_says_nothing() -> AsyncIterator[Neighbour]:
    """Two replicas: one hears and says nothing, the other answers."""

    async def here(request: Request) -> Answer:
        return Answer(b"here", media_type="text/plain")

    with server.listen("127.0.0.1", 0) as silent:
        async with seams.served(here) as url:
            neighbour = Neighbour([f"http://127.0.0.1:{silent.getsockname()[1]}", url], deadline_s=4)
            yield neighbour
            await neighbour.close()


async def test_while_one_says_nothing_another_is_asked_what_may_be_repeated_long_before_the_deadline() -> None:
    async with one_of_two_says_nothing() as neighbour:
        began = time.monotonic()
        told = [(await neighbour.send("GET", "/", headers={}, repeatable=True)).text for _ in range(2)]
        assert told == ["here", "here"]
        assert time.monotonic() - began < 3.5


async def test_what_may_not_be_repeated_is_waited_for_until_the_deadline() -> None:
    async with one_of_two_says_nothing() as neighbour:
        neighbour._deadline_s = 1
        told = [await answered(neighbour) for _ in range(2)]
    assert sorted(told) == ["", "here"]


async def answered(neighbour: Neighbour) -> str:
    """Return what is answered to what may be asked once; nothing, where nobody does."""
    try:
        return (await neighbour.send("POST", "/", headers={})).text
    except Unavailable:
        return ""

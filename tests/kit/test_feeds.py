"""Event streams on a real connection: how they are written, and how they end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
from tests import live

from noughts.kit import server
from noughts.kit.edge import Answer, Ask, Feed, NoQuery, Route, Who, events, lines
from noughts.kit.edge.feeds import UNSENT_LIMIT
from noughts.kit.edge.speakers import Switchboard
from noughts.kit.metrics import Requests

Live = Callable[[Feed], Any]


class Place:
    """A server of one stream, fed by `feed`."""

    board: Switchboard

    def __init__(self, feed: Live, make: Callable[..., Answer], heartbeat_s: float) -> None:
        self.feed, self.make, self.heartbeat_s = feed, make, heartbeat_s
        self.requests = Requests()
        self.seen: list[str | None] = []
        self.over = asyncio.Event()

    async def handle(self, service: object, ask: Ask[None, NoQuery]) -> Answer:
        """Answer with a stream."""
        self.seen.append(ask.last_event_id)
        return self.make(self.follow, heartbeat_s=self.heartbeat_s)

    async def follow(self, feed: Feed) -> None:
        """Feed, and tell when it is over."""
        try:
            await self.feed(feed)
        finally:
            self.over.set()


@asynccontextmanager
async def place(
    feed: Live, make: Callable[..., Answer] = events, heartbeat_s: float = 15
) -> AsyncIterator[tuple[Place, httpx.AsyncClient]]:
    """Serve for the length of a block."""
    found = Place(feed, make, heartbeat_s)
    route = Route("GET", "/events", found.handle, "", who=Who.ANYONE, live="stream")
    listener = server.listen("127.0.0.1", 0)
    entrance = live.service((route,), found.requests)
    async with (
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", trust_env=False, timeout=5
        ) as client,
        server.serving(entrance, listener, found.requests) as found.board,
    ):
        yield found, client


async def test_an_event_is_written_as_the_standard_has_it() -> None:
    async def feed(feed: Feed) -> None:
        feed.send('{"a":1}', event="move", id="7")
        feed.send("two\nlines\r\nor three")
        feed.send(b"")

    async with place(feed) as (_, client):
        told = await client.get("/events")
    assert told.content == (
        b'event: move\nid: 7\ndata: {"a":1}\n\ndata: two\ndata: lines\ndata: or three\n\ndata: \n\n'
    )
    headers = {name: told.headers[name] for name in ("content-type", "cache-control", "x-accel-buffering")}
    assert headers == {"content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no"}


@pytest.mark.parametrize("names", [{"event": "a\nb"}, {"id": "1\rdata: x"}, {"id": "\0"}])
async def test_a_name_that_would_be_another_line_is_never_sent(names: dict[str, str]) -> None:
    async def feed(feed: Feed) -> None:
        feed.send("before")
        feed.send("x", **names)

    async with place(feed) as (_, client):
        assert (await client.get("/events")).content == b"data: before\n\n"


async def test_lines_are_lines_of_json() -> None:
    async def feed(feed: Feed) -> None:
        feed.send(msgspec.json.encode({"a": "b\nc"}))
        feed.send("2")
        feed.send("3\n4")

    async with place(feed, lines) as (_, client):
        told = await client.get("/events")
    assert told.content == b'{"a":"b\\nc"}\n2\n'
    assert told.headers["content-type"] == "application/x-ndjson"


@pytest.mark.parametrize(("make", "heartbeat"), [(events, ":"), (lines, "")])
async def test_in_silence_there_is_a_heartbeat(make: Callable[..., Answer], heartbeat: str) -> None:
    async def feed(feed: Feed) -> None:
        feed.send("first")
        await feed.ended()

    async with place(feed, make, 0.05) as (found, client), client.stream("GET", "/events") as told:
        said = [line async for line in taken(told.aiter_lines(), 8)]
        assert not found.over.is_set()
    assert [line for line in said if line][1:] == [line for line in [heartbeat] * 3 if line]


async def taken(pieces: AsyncIterator[str], count: int) -> AsyncIterator[str]:
    """Yield so many pieces."""
    async for piece in pieces:
        yield piece
        count -= 1
        if not count:
            return


async def test_each_event_leaves_when_it_is_sent() -> None:
    more = asyncio.Event()

    async def feed(feed: Feed) -> None:
        feed.send("one")
        await more.wait()
        feed.send("two")

    async with place(feed) as (_, client), client.stream("GET", "/events") as told:
        said = told.aiter_text()
        assert await anext(said) == "data: one\n\n"
        more.set()
        assert await anext(said) == "data: two\n\n"


async def test_where_the_reader_was_is_known_when_it_comes_again() -> None:
    async def nothing(feed: Feed) -> None:
        pass

    async with place(nothing) as (found, client):
        await client.get("/events", headers={"Last-Event-ID": "17"})
        await client.get("/events")
        await client.get("/events", headers={"Last-Event-ID": ""})
    assert found.seen == ["17", None, None]


async def test_a_page_of_another_site_gets_no_events() -> None:
    async def nothing(feed: Feed) -> None:
        pass

    async with place(nothing) as (found, client):
        told = await client.get("/events", headers={"Origin": "https://evil.example"})
    assert (told.status_code, found.seen) == (403, [])


async def test_when_the_reader_goes_the_feed_is_told() -> None:
    ends: list[bool] = []

    async def feed(feed: Feed) -> None:
        feed.on_end = lambda: ends.append(feed.closed)
        feed.send("first")
        await feed.ended()
        feed.send("to nobody")

    async with place(feed) as (found, client):
        gauge = found.requests.gauges["noughts_live_connections"][1]
        async with client.stream("GET", "/events") as told:
            await anext(told.aiter_text())
            assert gauge() == 1
        await asyncio.wait_for(found.over.wait(), 5)
        async with asyncio.timeout(5):
            while gauge():  # noqa: ASYNC110 - nobody tells that the answer is over as well
                await asyncio.sleep(0)
        assert ends == [True]


async def test_who_does_not_read_is_left() -> None:
    async def feed(feed: Feed) -> None:
        sent = 0
        while not feed.closed and sent < 100_000_000:
            feed.send("x" * 10_000)
            sent += 10_000
            await asyncio.sleep(0)
        assert feed.closed
        assert feed._size <= UNSENT_LIMIT + 20_000
        assert not feed._unsent

    async with place(feed) as (found, client), client.stream("GET", "/events"):
        await asyncio.wait_for(found.over.wait(), 5)


async def test_a_feed_that_breaks_ends() -> None:
    async def broken(feed: Feed) -> None:
        feed.send("first")
        raise RuntimeError("broken")

    async with place(broken) as (_, client):
        assert (await client.get("/events")).content == b"data: first\n\n"


async def test_head_begins_nothing() -> None:
    async def feed(feed: Feed) -> None:
        raise AssertionError("nobody listens")

    async with place(feed) as (found, client):
        assert (await client.head("/events")).headers["content-type"] == "text/event-stream"
        assert not found.over.is_set()


async def test_whoever_listens_when_the_process_ends_is_told_and_the_stream_ends_whole() -> None:
    begun = asyncio.Event()

    async def feed(feed: Feed) -> None:
        feed.on_drain = lambda: feed.send("{}", event="restarting")
        begun.set()
        await feed.ended()

    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        async with place(feed) as (_, inner):
            reading = asyncio.create_task(client.get(inner.base_url.join("/events")))
            await begun.wait()
        assert (await reading).content == b"event: restarting\ndata: {}\n\n"

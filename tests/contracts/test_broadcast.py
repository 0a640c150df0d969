"""What every way of news promises: in memory within a process, over PostgreSQL and over Redis between processes."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest
from redis.asyncio import Redis

from noughts.kit import broadcast, ids
from noughts.kit.broadcast import Broadcast, EventSettings, Memory, Topic, envelopes, relay
from noughts.kit.broadcast.postgres import Notify
from noughts.kit.broadcast.redis import PubSub
from noughts.kit.broadcast.relay import Connection, Line, Relay
from noughts.kit.errors import Refusal
from tests import gate

SOON_S = 20.0


class News(msgspec.Struct, frozen=True):
    """A message of the tests."""

    number: int
    text: str = ""


class Other(msgspec.Struct, frozen=True):
    """A message nobody else knows."""


NEWS = Topic("news", News)
OTHER = Topic("other", Other)


class Process:
    """What one process hears, over its own relay."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.heard: list[News] = []
        self.gaps = 0
        relay.subscribe(NEWS, self.heard.append, missed=self._miss)

    def publish(self, *numbers: int) -> None:
        """Tell these numbers."""
        for number in numbers:
            self.relay.publish(NEWS, News(number))

    @property
    def numbers(self) -> list[int]:
        """The numbers heard, in order."""
        return [news.number for news in self.heard]

    def gauge(self, name: str) -> float:
        """Return what a gauge shows."""
        counted = {name.removesuffix("_total"): read for name, (_, read) in self.relay.gauges().items()}
        return counted[f"noughts_events_{name}"]()

    async def until(self, reached: Callable[["Process"], bool]) -> None:
        """Return once this is so."""
        async with asyncio.timeout(SOON_S):
            while not reached(self):  # noqa: ASYNC110 - a gauge tells nobody that it moved
                await asyncio.sleep(0.002)

    def _miss(self) -> None:
        self.gaps += 1


class Way:
    """A real server that carries news, reached directly or through a gate, and what may happen to it."""

    def __init__(
        self, line: Line, gated: Line, elsewhere: Line, barrier: gate.Gate, cut: Callable[[], Awaitable[None]]
    ) -> None:
        self.line = line
        self.gated = gated
        self.elsewhere = elsewhere
        self.gate = barrier
        self.cut = cut
        self._running = AsyncExitStack()

    def process(self, *, gated: bool = False, most: int = 10_000, beat_s: float = 5.0) -> Process:
        """Return a process that is not yet connected."""
        return Process(Relay(self.gated if gated else self.line, most=most, beat_s=beat_s))

    async def run(self, process: Process) -> Process:
        """Return it connected."""
        task = asyncio.create_task(process.relay.run())
        self._running.push_async_callback(_ended, task)
        await process.until(lambda process: process.gaps > 0)
        return process

    async def two(self) -> tuple[Process, Process]:
        """Return two connected processes."""
        return await self.run(self.process()), await self.run(self.process())

    async def end(self) -> None:
        """End every process."""
        await self._running.aclose()


class Deaf:
    """What a pooler between makes of a line: everything is sent, and none of it heard."""

    def __init__(self, heard: Line, told: Line) -> None:
        self.behind_s = heard.behind_s
        self._heard = heard
        self._told = told

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Connection]:
        """Open two lines, and yield what is sent on one and received on the other."""
        async with self._heard.connected() as one, self._told.connected() as other:
            one.send = other.send  # type: ignore[method-assign]
            yield one


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def over_postgres(address: str) -> AsyncIterator[Way]:
    """News over PostgreSQL, on a channel of its own."""
    channel = f"noughts_{ids.new()}"
    admin = await asyncpg.connect(address)
    name = await admin.fetchval("SELECT current_database()")
    folder = await admin.fetchval("SELECT split_part(current_setting('unix_socket_directories'), ',', 1)")
    port = await admin.fetchval("SELECT current_setting('port')")

    async def cut() -> None:
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'noughts events'"
            " AND datname = current_database()"
        )

    async def beyond() -> gate.Streams:
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")

    async with gate.before(beyond) as barrier:
        through = f"postgresql://postgres@127.0.0.1:{barrier.port}/{name}?sslmode=disable"
        way = Way(
            Notify(address, channel), Notify(through, channel), Notify(address, "noughts_elsewhere"), barrier, cut
        )
        yield way
        await way.end()
    await admin.close()


@asynccontextmanager
async def over_redis(address: str) -> AsyncIterator[Way]:
    """News over Redis, on a channel of its own."""
    channel = f"noughts_{ids.new()}"
    admin = Redis.from_url(address)

    async def cut() -> None:
        await admin.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    async def beyond() -> gate.Streams:
        return await asyncio.open_connection("127.0.0.1", urlsplit(address).port)

    async with gate.before(beyond) as barrier, admin:
        through = f"redis://127.0.0.1:{barrier.port}"
        way = Way(
            PubSub(address, channel), PubSub(through, channel), PubSub(address, "noughts_elsewhere"), barrier, cut
        )
        yield way
        await way.end()


@pytest.fixture(params=["postgres", "redis"])
async def way(request: pytest.FixtureRequest) -> AsyncIterator[Way]:
    """Every test that asks for one runs on PostgreSQL and on Redis."""
    if request.param == "postgres":
        async with over_postgres(request.getfixturevalue("postgres_address")) as found:
            yield found
    else:
        async with over_redis(request.getfixturevalue("redis")) as found:
            yield found


@pytest.fixture(params=["memory", "postgres", "redis"])
async def anyhow(request: pytest.FixtureRequest) -> AsyncIterator[Broadcast]:
    """A way of any kind."""
    if request.param == "memory":
        yield Memory()
        return
    opened = over_postgres if request.param == "postgres" else over_redis
    source = "postgres_address" if request.param == "postgres" else "redis"
    async with opened(request.getfixturevalue(source)) as found:
        yield (await found.run(found.process())).relay


async def test_this_process_hears_at_once(anyhow: Broadcast) -> None:
    heard: list[News] = []
    anyhow.subscribe(NEWS, heard.append)
    anyhow.publish(NEWS, News(1))
    assert heard == [News(1)]


async def test_who_listens_to_something_else_hears_nothing(anyhow: Broadcast) -> None:
    heard: list[Other] = []
    anyhow.subscribe(OTHER, heard.append)
    anyhow.publish(NEWS, News(1))
    assert heard == []


async def test_a_listener_that_breaks_harms_neither_the_others_nor_who_publishes(anyhow: Broadcast) -> None:
    heard: list[News] = []

    def breaks(news: News) -> None:
        raise LookupError

    anyhow.subscribe(NEWS, breaks)
    anyhow.subscribe(NEWS, heard.append)
    anyhow.publish(NEWS, News(1))
    assert heard == [News(1)]


async def test_whatever_cannot_be_written_is_no_matter_to_who_publishes(anyhow: Broadcast) -> None:
    heard: list[News] = []
    anyhow.subscribe(NEWS, heard.append)
    anyhow.publish(NEWS, News(1, "\ud800"))
    anyhow.publish(NEWS, News(2, "x" * envelopes.LONGEST))
    assert [news.number for news in heard] == [1, 2]


async def test_another_process_hears_what_this_one_tells_and_this_one_hears_it_once(way: Way) -> None:
    one, other = await way.two()
    one.publish(1)
    await other.until(lambda process: process.numbers == [1])
    other.publish(2)
    await one.until(lambda process: process.numbers == [1, 2])
    assert (other.numbers, one.gauge("received"), other.gauge("received")) == ([1, 2], 1, 1)


async def test_who_waits_goes_on_when_what_was_told_has_come_back(
    anyhow: Broadcast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_HEARD_S", math.inf)
    for number in range(3_000):
        anyhow.publish(NEWS, News(number))
    await asyncio.wait_for(anyhow.heard(), SOON_S)


async def test_who_waits_while_nothing_is_connected_goes_on_at_once(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_HEARD_S", math.inf)
    one = way.process()
    one.publish(1)
    await asyncio.wait_for(one.relay.heard(), SOON_S)


async def test_the_order_of_each_process_is_kept(way: Way) -> None:
    one, other = await way.two()
    for start in range(0, 5_000, 500):
        one.publish(*range(start, start + 500))
        other.publish(*range(-start - 500, -start))
        await asyncio.sleep(0)
    await one.until(lambda process: len(process.heard) == 10_000)
    await other.until(lambda process: len(process.heard) == 10_000)
    assert [number for number in other.numbers if number >= 0] == list(range(5_000))
    assert [number for number in one.numbers if number < 0] == [
        number for start in range(0, 5_000, 500) for number in range(-start - 500, -start)
    ]


async def test_many_messages_travel_in_few_envelopes_none_too_large_for_notify(way: Way) -> None:
    one = await way.run(way.process())
    async with way.line.connected() as wire:
        one.publish(*range(2_000))
        found: list[envelopes.Envelope] = []
        while sum(len(envelope.messages) for envelope in found) < 2_000:
            received = await asyncio.wait_for(wire.receive(), SOON_S)
            assert len(received) < 8_000
            found.append(envelopes.opened(received))
    assert len([envelope for envelope in found if envelope.messages]) <= 10


async def test_a_message_too_large_to_travel_is_told_as_a_gap(way: Way) -> None:
    one, other = await way.two()
    one.publish(1)
    await other.until(lambda process: process.numbers == [1])
    gaps = other.gaps
    one.relay.publish(NEWS, News(2, "x" * envelopes.LONGEST))
    await other.until(lambda process: process.gaps > gaps)
    one.publish(3)
    await other.until(lambda process: process.numbers == [1, 3])
    assert one.gauge("dropped") == 1


async def test_a_line_that_is_cut_is_made_anew_and_who_listens_is_told_of_the_gap(way: Way) -> None:
    one, other = await way.two()
    gaps = one.gaps, other.gaps
    await way.cut()
    await one.until(lambda process: process.gaps > gaps[0])
    await other.until(lambda process: process.gaps > gaps[1])
    one.publish(1)
    await other.until(lambda process: 1 in process.numbers)
    assert min(one.gauge("reconnects"), other.gauge("reconnects")) >= 1


async def test_what_is_told_while_nothing_is_connected_is_delivered_later(way: Way) -> None:
    one, other = await way.run(way.process(gated=True)), await way.run(way.process())
    way.gate.shut()
    await one.until(lambda process: process.gauge("reconnects") >= 1)
    one.publish(*range(100))
    assert one.numbers == list(range(100))
    way.gate.open()
    await other.until(lambda process: process.numbers == list(range(100)))


async def test_what_waits_is_bounded_and_what_made_room_is_told_as_a_gap(way: Way) -> None:
    one, other = way.process(most=10), await way.run(way.process())
    gaps = other.gaps
    one.publish(*range(15))
    assert (one.gauge("waiting"), one.gauge("dropped")) == (10, 5)
    await way.run(one)
    await other.until(lambda process: process.numbers == list(range(5, 15)))
    await other.until(lambda process: process.gaps > gaps)


async def test_a_line_on_which_nothing_comes_back_is_given_up(way: Way) -> None:
    one = Process(Relay(Deaf(way.line, way.elsewhere), beat_s=0.1))
    await way.run(one)
    await one.until(lambda process: process.gauge("reconnects") >= 1)


@pytest.mark.slow
async def test_a_line_that_swallows_everything_is_given_up(way: Way) -> None:
    one = await way.run(way.process(gated=True, beat_s=0.2))
    way.gate.is_frozen = True
    await one.until(lambda process: process.gauge("reconnects") >= 1)
    gaps = one.gaps
    way.gate.shut()  # cuts the one that is being made meanwhile
    way.gate.open()
    await one.until(lambda process: process.gaps > gaps)


async def test_what_nobody_here_can_read_is_counted_and_does_no_harm(way: Way) -> None:
    one = await way.run(way.process())
    stray = [b"nonsense", b'{"v":2}', b"[]", envelopes.packed("x", 1, [b'["other",{}]', b'["news",7]', b"{}"])[0]]
    async with way.line.connected() as wire:
        await wire.send([*stray, *envelopes.packed("x", 2, [envelopes.written(NEWS, News(1))])])
        await one.until(lambda process: process.numbers == [1])
    assert (one.gauge("ignored"), one.gauge("received")) == (6, 1)


async def test_a_gap_in_the_numbers_of_another_process_is_told(way: Way) -> None:
    one = await way.run(way.process())
    gaps = one.gaps
    async with way.line.connected() as wire:
        for number in (1, 2, 2, 3):
            await wire.send(envelopes.packed("x", number, [envelopes.written(NEWS, News(number))]))
        await one.until(lambda process: process.numbers == [1, 2, 2, 3])
        assert one.gaps == gaps
        await wire.send(envelopes.packed("x", 5, [envelopes.written(NEWS, News(5))]))
        await one.until(lambda process: process.gaps > gaps)


async def test_who_never_ran_a_worker_hands_over_what_it_told_when_it_closes(way: Way) -> None:
    one, other = way.process(), await way.run(way.process())
    one.publish(1, 2)
    await one.relay.close()
    await other.until(lambda process: process.numbers == [1, 2])


async def test_who_closes_while_nothing_answers_is_not_kept(way: Way) -> None:
    one = way.process(gated=True)
    way.gate.shut()
    one.publish(1)
    await asyncio.wait_for(one.relay.close(), SOON_S)
    assert one.gauge("waiting") == 1


@pytest.mark.parametrize("events", ["redis://:secret@localhost:port", "redis://localhost/0?db=x&socket_timeout=soon"])
def test_an_address_that_is_none_is_refused_without_repeating_it(events: str) -> None:
    with pytest.raises(Refusal, match="NOUGHTS_EVENTS is no address") as refused:
        broadcast.chosen(EventSettings(events=events), database="", secret=b"s" * 32)
    assert "secret" not in str(refused.value)


def test_without_a_setting_the_database_carries_events_if_it_can() -> None:
    secret = b"s" * 32
    assert isinstance(broadcast.chosen(EventSettings(), database="", secret=secret), Memory)
    assert isinstance(broadcast.chosen(EventSettings(), database="postgresql://db/x", secret=secret), Relay)


async def test_a_postgresql_that_is_named_carries_events_whatever_the_services_own_address(
    postgres_address: str,
) -> None:
    pooler, named = "postgresql://noughts@127.0.0.1:1/noughts", EventSettings(events=postgres_address)
    relays = [broadcast.chosen(named, database=pooler, secret=b"s" * 32) for _ in range(2)]
    one, other = (Process(relay) for relay in relays if isinstance(relay, Relay))
    tasks = [asyncio.create_task(process.relay.run()) for process in (one, other)]

    await asyncio.gather(*(process.until(lambda process: process.gaps > 0) for process in (one, other)))
    one.publish(1, 2)
    await other.until(lambda process: len(process.heard) == 2)

    for task in tasks:
        await _ended(task)

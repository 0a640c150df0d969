"""Live connections through everything that may stand before a service: nothing, our own gateway, Envoy."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from tests import gateways, live
from tests.live import Live
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from noughts import compose

WAYS = ("directly", "through the gateway", "through Envoy")


class Places(NamedTuple):
    """The same service, and ways to it."""

    service: Live
    ports: dict[str, int]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """A service, a gateway before it, and Envoy."""
    folder = tmp_path_factory.mktemp("live")
    with live.running(folder) as service, live.running(folder, service) as gateway, ExitStack() as stack:
        there = (f"127.0.0.1:{service.port}",)
        plan = gateways.plan(users=there, auth=there, games=there, gateway=there, limited=False)
        tables = {"Live": live.ROUTES, **compose.TABLES}
        envoy = stack.enter_context(gateways.standing(folder, plan, tables=tables))
        yield Places(service, dict(zip(WAYS, (service.port, gateway.port, envoy.port), strict=True)))


@pytest.fixture(params=WAYS)
def port(places: Places, request: pytest.FixtureRequest) -> int:
    """Where a client goes."""
    return places.ports[request.param]


def client(port: int, path: str = "/live") -> connect:
    """Return a client of what listens there."""
    return connect(f"ws://127.0.0.1:{port}{path}", proxy=None)


async def rest(connection: ClientConnection) -> AsyncIterator[str | bytes]:
    """Yield what comes until the end, whichever it is."""
    with suppress(ConnectionClosed):
        while True:
            yield await asyncio.wait_for(connection.recv(), 10)


async def lost(connection: ClientConnection) -> int | None:
    """Return the code with which a client was left, once it was."""
    await asyncio.wait_for(connection.wait_closed(), 10)
    return connection.close_code


@asynccontextmanager
async def told_by(gateway: Live) -> AsyncIterator[AsyncIterator[str]]:
    """Listen to events, the first of which has come."""
    async with (
        httpx.AsyncClient(trust_env=False, timeout=5) as asking,
        asking.stream("GET", f"http://127.0.0.1:{gateway.port}/events") as told,
    ):
        said = told.aiter_lines()
        assert await anext(said) == "event: tick"
        yield said


async def test_texts_go_both_ways(port: int) -> None:
    async with client(port, "/live?ticket=s3cret") as connection:
        for text in ("x", "é" * 2_000, "y" * 4_096) * 20:
            await connection.send(text)
            assert await connection.recv() == text


async def test_both_sides_may_say_goodbye(port: int, places: Places) -> None:
    async with client(port) as connection:
        await connection.close(4000, "enough")
        assert (connection.close_code, connection.close_reason) == (4000, "enough")
    async with client(port) as connection:
        await connection.send(b"binary")
        assert await lost(connection) == 1003
    await until(lambda: {line.get("code") for line in places.service.lines("live_closed")} >= {4000, 1003})


async def test_a_client_that_is_gone_is_gone_for_the_service(port: int, places: Places) -> None:
    connection = await client(port)
    before = len(gone(places))
    connection.transport.abort()
    await until(lambda: len(gone(places)) > before)


def gone(places: Places) -> list[object]:
    """Return what the service's log tells of those who went without a word."""
    return [line for line in places.service.lines("live_closed") if line.get("code") == 1006]


async def until(condition: Callable[[], bool]) -> None:
    """Return once that is so."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


async def test_a_refusal_comes_as_it_is(port: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await client(port, "/refused").__aenter__()
    assert refused.value.response.status_code == 403
    assert b'"detail":"Not with you."' in bytes(refused.value.response.body or b"")


async def test_who_asks_for_no_upgrade_is_told_what_is_spoken(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as asking:
        told = await asking.get(f"http://127.0.0.1:{port}/live")
    assert (told.status_code, told.json()["type"]) == (426, "/problems/upgrade-required")
    assert told.headers["sec-websocket-version"] == "13"


async def test_a_foreign_page_is_refused(port: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{port}/live", proxy=None, origin="https://evil.example").__aenter__()  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403


async def test_nothing_offers_an_upgrade_to_http_2_over_plain_text(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n"
    )
    status = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    assert status.split()[1] in (b"426", b"403")


async def test_events_come_as_they_are_sent(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as asking:
        async with asking.stream("GET", f"http://127.0.0.1:{port}/events") as told:
            assert told.headers["content-type"] == "text/event-stream"
            said = told.aiter_lines()
            assert [await anext(said) for _ in range(6)] == ["event: tick", "id: 7", 'data: {"a":1}', "", ":", ""]
        told = await asking.get(f"http://127.0.0.1:{port}/lines", headers={"Last-Event-ID": "17"})
        assert told.text.split("\n")[0] == "17"


async def test_the_log_has_a_line_at_the_beginning_and_at_the_end_and_no_ticket(places: Places) -> None:
    def told(event: str) -> list[dict[str, Any]]:
        return [line for line in places.service.lines(event) if line["request"] == "told"]

    url = f"ws://127.0.0.1:{places.service.port}/live?ticket=s3cret"
    async with connect(url, proxy=None, additional_headers={"X-Request-Id": "told"}):
        pass
    await until(lambda: bool(told("live_closed")))
    (began,), (ended,) = told("request_answered"), told("live_closed")
    assert (began["status"], began["path"]) == (101, "/live")
    assert (ended["path"], ended["code"]) == ("/live", 1000)
    assert ended["ms"] >= 0
    assert "s3cret" not in places.service.log.read_text()


@pytest.mark.slow
async def test_whoever_says_nothing_stays_for_longer_than_any_deadline(places: Places) -> None:
    connections = [await client(port) for port in places.ports.values()]
    await asyncio.sleep(65)  # the longest deadline on the way: Envoy's for silence
    for connection in connections:
        await connection.send("still here")
        assert await asyncio.wait_for(connection.recv(), 5) == "still here"
        await connection.close()


async def test_a_gateway_that_ends_leaves_nobody_without_a_word(tmp_path: Path, places: Places) -> None:
    with live.running(tmp_path, places.service) as gateway:
        connection = await client(gateway.port)
        async with told_by(gateway) as said:
            assert await asyncio.to_thread(gateway.stop) == 0
            assert [line async for line in said]  # it ends whole: no error is raised
        assert await lost(connection) == 1012


async def test_a_service_that_ends_says_so_through_the_gateway(tmp_path: Path) -> None:
    with live.running(tmp_path) as service, live.running(tmp_path, service) as gateway:
        connection = await client(gateway.port)
        async with told_by(gateway) as said:
            os.kill(service.pid, signal.SIGTERM)
            assert "event: restarting" in [line async for line in said]
        assert [text async for text in rest(connection)] == ["restarting"]
        assert await lost(connection) == 1012
        assert service.wait() == 0


@pytest.mark.slow
async def test_a_silent_client_does_not_keep_the_process(tmp_path: Path) -> None:
    with live.running(tmp_path) as service:
        silent = socket.create_connection(("127.0.0.1", service.port))
        silent.sendall(
            b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert silent.recv(4_096).startswith(b"HTTP/1.1 101 ")
        began = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - began < 9
        silent.close()


async def test_when_the_service_is_killed_the_client_is_told_at_once(tmp_path: Path) -> None:
    with live.running(tmp_path) as service, live.running(tmp_path, service) as gateway:
        connections = [await client(one.port) for one in (service, gateway)]
        service.kill()
        assert [await lost(connection) for connection in connections] == [1006, 1006]
        with pytest.raises(InvalidStatus) as refused:
            await client(gateway.port).__aenter__()
        assert refused.value.response.status_code == 503


async def test_a_replica_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    with live.running(tmp_path) as one, live.running(tmp_path) as two, live.running(tmp_path, one, two) as gateway:
        one.kill()
        for _ in range(4):
            async with client(gateway.port) as connection:
                await connection.send("x")
                assert await connection.recv() == "x"


@pytest.mark.slow
async def test_who_does_not_read_fills_nobodys_memory(tmp_path: Path) -> None:
    with live.running(tmp_path) as service, live.running(tmp_path, service) as gateway:
        connection = await client(gateway.port)
        before = memory(gateway)
        made = "x" * 4_000
        with suppress(TimeoutError, ConnectionClosed):
            connection.recv_messages.pause()  # type: ignore[attr-defined]  # nothing is read from here on
            for _ in range(10_000):
                async with asyncio.timeout(1):
                    await connection.send(made)
        assert memory(gateway) - before < 8_000
        connection.transport.abort()
        await connection.wait_closed()


def memory(process: Live) -> int:
    """Return how much of the machine's memory a process holds, in KiB."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])

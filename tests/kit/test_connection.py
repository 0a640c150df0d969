"""What a connection does with answers of every kind; what it does with requests stands in tests/security."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from noughts.kit import server
from noughts.kit.edge import Answer, Reply, Request
from noughts.kit.edge.answers import line

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Ticker:
    """A stream, how far it has come, and whether it was closed."""

    def __init__(self, pieces: int, piece: bytes = b"tick") -> None:
        self._pieces, self._piece = pieces, piece
        self.made = 0
        self.closed = asyncio.Event()

    async def stream(self) -> AsyncIterator[bytes]:
        """Make one piece after the other, then wait for ever if there should be no end."""
        try:
            while self.made != self._pieces:
                self.made += 1
                yield self._piece
                await asyncio.sleep(0)
            if self._pieces > 10:
                await asyncio.Event().wait()
        finally:
            self.closed.set()

    async def __call__(self, request: Request) -> Reply:
        """Answer with the stream."""
        return Answer(stream=self.stream()).reply()


@asynccontextmanager
async def connected(entrance: Callable[[Request], Awaitable[Reply]]) -> AsyncIterator[Ends]:
    """Serve an entrance, and connect to it."""
    listener = server.listen("127.0.0.1", 0)
    async with server.serving(entrance, listener):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            yield reader, writer
        finally:
            writer.close()


async def hello(request: Request) -> Reply:
    """Answer with what was sent."""
    return Answer(b"hello " + await request.read()).reply()


async def ask(entrance: Callable[[Request], Awaitable[Reply]], *parts: bytes) -> bytes:
    """Return all that comes back until the server hangs up."""
    async with connected(entrance) as (reader, writer):
        for part in parts:
            writer.write(part)
        return await asyncio.wait_for(reader.read(), 5)


async def test_a_streamed_answer_comes_in_chunks_and_ends_where_it_ends() -> None:
    answer = await ask(Ticker(2), GET)
    assert b"\r\ntransfer-encoding: chunked\r\n" in answer
    assert answer.endswith(b"\r\n\r\n4\r\ntick\r\n4\r\ntick\r\n0\r\n\r\n")


async def test_each_piece_of_a_stream_leaves_when_it_is_made() -> None:
    async with connected(Ticker(11)) as (reader, writer):
        writer.write(GET)
        for _ in range(11):
            await asyncio.wait_for(reader.readuntil(b"tick\r\n"), 5)


async def test_to_http_1_0_a_stream_is_what_comes_until_the_end() -> None:
    answer = await ask(Ticker(2), b"GET / HTTP/1.0\r\n\r\n")
    assert b"transfer-encoding" not in answer
    assert answer.endswith(b"\r\n\r\nticktick")


async def test_of_a_stream_head_answers_the_head_alone() -> None:
    ticker = Ticker(2)
    answer = await ask(ticker, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert b"tick" not in answer
    assert ticker.made == 0


async def test_a_stream_is_made_no_faster_than_it_is_read() -> None:
    ticker = Ticker(-1, b"x" * 65_536)
    async with connected(ticker) as (_, writer):
        writer.write(GET)
        made = -1
        while ticker.made != made:
            made = ticker.made
            await asyncio.sleep(0.2)
        assert 0 < made < 1_000


async def test_the_maker_of_a_stream_is_closed_when_the_reader_goes() -> None:
    ticker = Ticker(11)
    async with connected(ticker) as (reader, writer):
        writer.write(GET)
        await reader.readuntil(b"tick")
        writer.close()
        await asyncio.wait_for(ticker.closed.wait(), 5)


async def test_a_stream_that_breaks_is_cut_off_and_has_no_end() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"tick"
        raise RuntimeError("broken")

    async def entrance(request: Request) -> Reply:
        return Answer(stream=broken()).reply()

    try:
        answer = await ask(entrance, GET)
    except ConnectionResetError:
        return
    assert not answer.endswith(b"0\r\n\r\n")


async def test_who_stops_speaking_is_still_answered() -> None:
    async with connected(hello) as (reader, writer):
        writer.write(GET + GET)
        writer.write_eof()
        assert (await asyncio.wait_for(reader.read(), 5)).count(b"hello ") == 2


async def test_what_stands_before_a_bad_request_is_answered_first() -> None:
    answer = await ask(hello, GET + GET + b"nonsense\r\n\r\n")
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"400"]


async def test_a_body_in_many_pieces_is_read_whole() -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await ask(hello, head, *[b"1\r\na\r\n"] * 1_000, b"0\r\n\r\n")
    assert answer.endswith(b"hello " + b"a" * 1_000)


async def test_headers_that_stand_more_than_once_are_joined() -> None:
    async def entrance(request: Request) -> Reply:
        assert request.repeated == (b"x",)
        return Answer(request.headers[b"x"]).reply()

    assert (await ask(entrance, GET[:-2] + b"X: a\r\nx: b\r\nConnection: close\r\n\r\n")).endswith(b"\r\n\r\na, b")


async def test_a_door_can_be_asked_without_a_connection() -> None:
    reply = await hello(Request.whole("POST", "/anything?a=b", b"you"))
    assert (reply.status, reply.body) == (200, b"hello you")


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\r"])
def test_a_header_is_one_line(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        line("X", value)

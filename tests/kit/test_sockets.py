"""A WebSocket on a real connection: what may be sent, what is answered, and how it ends."""

import asyncio
import logging
import random
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import pytest
from tests import live
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close, Frame, Opcode

from noughts.kit import server
from noughts.kit.edge import Answer, Ask, NoQuery, Pace, Route, Socket, Upgrade, Who
from noughts.kit.edge.sockets import UNSENT_LIMIT
from noughts.kit.edge.speakers import Switchboard
from noughts.kit.metrics import Requests

HANDSHAKE = (
    "GET /live HTTP/1.1", "Host: play.example", "Connection: keep-alive, Upgrade", "Upgrade: WebSocket",
    "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)  # fmt: skip
TEXT, CONT, BINARY, CLOSE, PING, PONG = (
    Opcode.TEXT, Opcode.CONT, Opcode.BINARY, Opcode.CLOSE, Opcode.PING, Opcode.PONG,
)  # fmt: skip
USUAL = Pace()
QUICK = Pace(ping_s=0.2, silence_s=1.0, close_s=0.5)


class Place:
    """A server with one live route: what it leads to may be changed, and what became of the last socket is kept."""

    port: int
    board: Switchboard

    def __init__(self, speak: Callable[[Socket], Any], pace: Pace) -> None:
        self.speak, self.pace = speak, pace
        self.requests = Requests()
        self.asked = 0
        self.codes: asyncio.Queue[int] = asyncio.Queue()

    async def handle(self, service: object, ask: Ask[None, NoQuery]) -> Answer:
        """Answer with a socket."""
        self.asked += 1
        return Upgrade(live=self.follow, pace=self.pace)

    async def follow(self, socket: Socket) -> None:
        """Speak, and keep how it ended."""
        try:
            await self.speak(socket)
        finally:
            self.codes.put_nowait(await socket.ended() if socket.closed else 0)

    async def code(self) -> int:
        """Return how the next one ended."""
        return await asyncio.wait_for(self.codes.get(), 5)

    def client(self, **keywords: Any) -> connect:
        """Return a client of it."""
        return connect(f"ws://127.0.0.1:{self.port}/live", **({"proxy": None, "compression": None} | keywords))


@asynccontextmanager
async def place(speak: Callable[[Socket], Any] = live.echo, pace: Pace = USUAL) -> AsyncIterator[Place]:
    """Serve for the length of a block."""
    found = Place(speak, pace)
    route = Route("GET", "/live", found.handle, "", who=Who.ANYONE, live="socket", status=101)
    listener = server.listen("127.0.0.1", 0)
    async with server.serving(live.service((route,), found.requests), listener, found.requests) as found.board:
        found.port = listener.getsockname()[1]
        yield found


class Raw:
    """A client that may send anything."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, opcode: Opcode, data: bytes = b"", *, masked: bool = True, **bits: bool) -> None:
        """Send a frame, well made but for its bits."""
        frame = Frame(opcode, data)
        made = bytearray(frame.serialize(mask=masked))
        made[0] |= sum(bit for name, bit in (("rsv1", 0x40), ("rsv2", 0x20), ("rsv3", 0x10)) if bits.get(name))
        made[0] &= 0x7F if bits.get("more") else 0xFF
        self.writer.write(made)

    async def frame(self) -> tuple[Opcode, bytes]:
        """Return the next frame the server sends."""
        first, length = await asyncio.wait_for(self.reader.readexactly(2), 5)
        assert first & 0xF0 == 0x80  # whole, and no extension
        assert length < 127  # and unmasked
        if length == 126:
            (length,) = struct.unpack("!H", await self.reader.readexactly(2))
        return Opcode(first & 0x0F), await self.reader.readexactly(length)

    async def parting(self) -> int:
        """Return the code of the close frame, which must be next, and see that nothing follows."""
        opcode, data = await self.frame()
        assert opcode is CLOSE
        return Close.parse(data).code if data else 1005

    async def end(self) -> bytes:
        """Return all that comes until the server hangs up."""
        return await asyncio.wait_for(self.reader.read(), 5)


@asynccontextmanager
async def raw(found: Place, *, early: bytes = b"") -> AsyncIterator[Raw]:
    """Open a WebSocket by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", found.port)
    try:
        writer.write("\r\n".join((*HANDSHAKE, "", "")).encode() + early)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        yield Raw(reader, writer)
    finally:
        await hang_up(writer)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection at once, whatever is unsent, and wait until it is."""
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def asked(found: Place, *lines: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Return status, headers and problem of what is answered to such a head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", found.port)
    writer.write("\r\n".join((*lines, "", "")).encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    status, *rest = head.decode().removesuffix("\r\n\r\n").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in rest)
    body = b"" if lines[0].startswith("HEAD") else await reader.readexactly(int(headers["content-length"]))
    await hang_up(writer)
    return int(status.split()[1]), headers, msgspec.json.decode(body) if body else {}


async def until(condition: Callable[[], Any]) -> None:
    """Return once that is so."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def lost(client: ClientConnection) -> tuple[int, str]:
    """Return with which code and reason a client was left, once it was."""
    await asyncio.wait_for(client.wait_closed(), 5)
    assert client.close_code is not None
    return client.close_code, client.close_reason or ""


# The handshake.


def without(*names: str) -> tuple[str, ...]:
    """Return the handshake without these headers."""
    return tuple(line for line in HANDSHAKE if line.partition(":")[0] not in names)


async def test_the_handshake_is_answered_as_the_rfc_has_it() -> None:
    async with place() as found:
        reader, writer = await asyncio.open_connection("127.0.0.1", found.port)
        writer.write("\r\n".join((*HANDSHAKE, "Sec-WebSocket-Extensions: permessage-deflate", "", "")).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        await hang_up(writer)
    assert {"upgrade: websocket", "connection: upgrade", "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="} <= {
        *head
    }
    assert not [line for line in head if line.startswith(("content-", "sec-websocket-extensions", "transfer-"))]


@pytest.mark.parametrize(
    "lines",
    [
        HANDSHAKE[:2],
        without("Upgrade"),
        without("Connection"),
        without("Sec-WebSocket-Version"),
        (*without("Sec-WebSocket-Version"), "Sec-WebSocket-Version: 8"),
        (*without("Upgrade"), "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"),
        (*without("Upgrade"), "Upgrade: websocket, h2c"),
        ("GET /live HTTP/1.0", *HANDSHAKE[1:]),
    ],
    ids=["plain", "no upgrade", "no connection", "no version", "version 8", "h2c", "one of two", "HTTP/1.0"],
)
async def test_who_asks_for_something_else_is_told_what_is_spoken(lines: tuple[str, ...]) -> None:
    async with place() as found:
        status, headers, problem = await asked(found, *lines)
    assert (status, problem["type"]) == (426, "/problems/upgrade-required")
    assert (headers["upgrade"], headers["sec-websocket-version"]) == ("websocket", "13")
    assert found.asked == 0


@pytest.mark.parametrize(
    "lines",
    [
        without("Sec-WebSocket-Key"),
        (*without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: c2hvcnQ="),
        (*without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: nonsense"),
        (*HANDSHAKE, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        (*HANDSHAKE, "Content-Length: 3"),
    ],
    ids=["no key", "short key", "no base64", "two keys", "a body"],
)
async def test_a_handshake_that_is_wrong_is_refused_before_anybody_is_asked(lines: tuple[str, ...]) -> None:
    async with place() as found:
        status, _, problem = await asked(found, *lines)
    assert (status, problem["type"], found.asked) == (400, "/problems/bad-request", 0)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://play.example.evil.example", "http://play"])
async def test_a_page_of_another_site_gets_no_connection(origin: str) -> None:
    async with place() as found:
        status, _, problem = await asked(found, *HANDSHAKE, f"Origin: {origin}")
    assert (status, problem["type"], found.asked) == (403, "/problems/foreign-origin", 0)


async def test_a_page_of_this_site_and_a_program_get_one() -> None:
    async with place() as found:
        async with found.client(origin=f"http://127.0.0.1:{found.port}") as client:
            await client.send("from a page")
            assert await client.recv() == "from a page"
        async with found.client() as client:
            await client.send("from a program")
            assert await client.recv() == "from a program"


async def test_other_methods_are_refused() -> None:
    async with place() as found:
        assert (await asked(found, "HEAD /live HTTP/1.1", "Host: x", "Connection: close"))[0] == 426
        status, headers, _ = await asked(found, "POST /live HTTP/1.1", *HANDSHAKE[1:])
    assert (status, headers["allow"]) == (405, "get, head, options")


async def test_a_route_that_does_not_say_that_it_is_live_never_is() -> None:
    async def handle(*_: object) -> Answer:
        return Upgrade(live=live.echo)

    route = Route("GET", "/live", handle, "", who=Who.ANYONE)
    listener = server.listen("127.0.0.1", 0)
    async with server.serving(live.service((route,)), listener):
        found = Place(live.echo, USUAL)
        found.port = listener.getsockname()[1]
        assert (await asked(found, *HANDSHAKE))[0] == 500


# What is said.


async def test_texts_go_both_ways_in_their_order() -> None:
    said = ["", "x", "é" * 100, "y" * 4_096] * 50
    async with place() as found, found.client() as client:
        for text in said:
            await client.send(text)
        assert [await client.recv() for _ in said] == said


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 100_000])
async def test_a_text_of_any_size_arrives_whole(size: int) -> None:
    async def tell(socket: Socket) -> None:
        socket.send("x" * size)

    async with place(tell) as found, found.client() as client:
        assert await client.recv() == "x" * size


async def test_what_is_heard_before_the_handler_listens_is_not_lost() -> None:
    async def slow(socket: Socket) -> None:
        await asyncio.sleep(0.1)
        await live.echo(socket)

    async with place(slow) as found, raw(found, early=Frame(TEXT, b"early").serialize(mask=True)) as client:
        client.send(TEXT, b"later")
        assert [await client.frame(), await client.frame()] == [(TEXT, b"early"), (TEXT, b"later")]


async def test_what_is_taken_at_once_wakes_nobody() -> None:
    taken: list[bytes] = []

    def take(text: bytes) -> bool:
        if text == b"break":
            raise RuntimeError("broken")
        taken.append(text)
        return text.startswith(b"take")

    async def slowly(socket: Socket) -> None:
        socket.on_text = take
        async for text in socket:
            await asyncio.sleep(0.05)
            socket.send(b"heard " + text)

    async with place(slowly) as found, found.client() as client:
        for text in ("take this", "leave this", "take nothing before what is left", "take that"):
            await client.send(text)
            await (await client.ping())
        answers = [await client.recv() for _ in range(3)]
        await client.send("take the last")
        await client.send("break")
        assert (await lost(client))[0] == 1011
    assert taken == [b"take this", b"leave this", b"take the last"]
    assert answers == [f"heard {text}" for text in ("leave this", "take nothing before what is left", "take that")]


async def test_who_does_not_wait_for_the_answer_at_all_is_hung_up_on() -> None:
    async with place() as found:
        reader, writer = await asyncio.open_connection("127.0.0.1", found.port)
        writer.write("\r\n".join((*HANDSHAKE, "", "")).encode() + bytes(100_000))
        with suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), 5)
        await until(lambda: not found.board.speakers)
        await hang_up(writer)


async def test_a_text_in_pieces_is_given_whole_and_pings_between_them_are_answered() -> None:
    async with place() as found, raw(found) as client:
        client.send(TEXT, "é".encode()[:1], more=True)
        client.send(PING, b"there?")
        client.send(CONT, b"", more=True)
        client.send(CONT, "é".encode()[1:])
        assert [await client.frame(), await client.frame()] == [(PONG, b"there?"), (TEXT, "é".encode())]


def masked(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=True)


SIZES = [masked(TEXT, b"a" * size) for size in (0, 1, 5, 124, 125, 126, 300)]
IN_PIECES = [
    masked(TEXT, b"in ", fin=False) + masked(CONT, b"pieces"),
    masked(TEXT, b"with", fin=False) + masked(PING, b"?") + masked(CONT, b"", fin=False) + masked(CONT, b"out"),
    masked(TEXT, b"", fin=False) + masked(CONT, b"nothing first"),
]
AT_LENGTH = [b"\x81\xfe\0\5abcd" + bytes(5), b"\x81\xff" + bytes(7) + b"\5abcd" + bytes(5)]
"""Lengths written longer than need be."""
WRONG = [
    masked(CONT), masked(BINARY, b"b"), masked(CLOSE, b"\x03\xe8bye"), masked(TEXT, b"\xff\xfe"),
    masked(TEXT, b"never ended", fin=False), Frame(TEXT, b"open").serialize(mask=False), b"\xc1" + masked(TEXT, b"x")[1:],
]  # fmt: skip
INNER = [b"\x81\x8b" + bytes(4) + masked(TEXT, b"inner")]
"""What follows its mask looks like a frame."""


def spoken(chance: random.Random) -> list[bytes]:
    """Return frames as some client may send them: mostly texts, some of everything else, now and then a wrong one."""
    kinds = [SIZES, IN_PIECES, AT_LENGTH, [masked(PING, b"?"), masked(PONG)], WRONG, INNER]
    chosen = chance.choices(kinds, (40, 3, 2, 2, 1, 1), k=chance.randint(1, 12))
    return [chance.choice(kind) for kind in chosen]


def cut(frames: list[bytes], chance: random.Random) -> list[bytes]:
    """Return frames as they may arrive: mostly each by itself, some together, some in two."""
    pieces = [b""]
    for frame in frames:
        match chance.randrange(6):
            case 0:
                pieces[-1] += frame
            case 1:
                at = chance.choice((6, chance.randrange(len(frame))))
                pieces += [frame[:at], frame[at:]]
            case _:
                pieces.append(frame)
    return [piece for piece in pieces if piece]


async def test_however_it_is_cut_the_same_is_heard() -> None:
    sockets: asyncio.Queue[Socket] = asyncio.Queue()
    heard: dict[Socket, list[bytes]] = {}

    async def listen(socket: Socket) -> None:
        heard[socket] = []
        await sockets.put(socket)
        async for text in socket:
            heard[socket].append(text)

    async def outcome(found: Place, pieces: Iterable[bytes]) -> tuple[list[bytes], int | None]:
        """Return what is heard of these pieces, and with which code that ends it, if it does."""
        async with raw(found):
            socket = await sockets.get()
            for piece in pieces:
                if socket.code is None:
                    socket.data_received(piece)
                    await asyncio.sleep(0)
            await asyncio.sleep(0)
            return heard[socket], socket.code

    ends = Counter[int | None]()
    async with place(listen) as found:
        for seed in range(600):
            chance = random.Random(seed)
            frames = spoken(chance)
            heard_of, code = await outcome(found, cut(frames, chance))
            assert (heard_of, code) == await outcome(found, [bytes([byte]) for byte in b"".join(frames)]), seed
            ends[code] += 1
    assert ends[None] > 300
    assert {1000, 1002, 1003, 1007} < set(ends)


async def test_a_frame_may_come_byte_by_byte() -> None:
    async with place() as found, raw(found) as client:
        for byte in Frame(TEXT, b"slowly" * 30).serialize(mask=True):
            client.writer.write(bytes((byte,)))
            await client.writer.drain()
        assert await client.frame() == (TEXT, b"slowly" * 30)


Sent = Callable[[Raw], None]
OFFENCES: dict[str, tuple[int, Sent]] = {
    "unmasked": (1002, lambda c: c.send(TEXT, b"x", masked=False)),
    "a reserved bit": (1002, lambda c: c.send(TEXT, b"x", rsv1=True)),
    "another reserved bit": (1002, lambda c: c.send(TEXT, b"x", rsv3=True)),
    "an unknown opcode": (1002, lambda c: c.writer.write(b"\x83\x80abcd")),
    "an unknown control opcode": (1002, lambda c: c.writer.write(b"\x8b\x80abcd")),
    "binary": (1003, lambda c: c.send(BINARY, b"x")),
    "no UTF-8": (1007, lambda c: c.send(TEXT, b"\xff")),
    "a surrogate": (1007, lambda c: c.send(TEXT, b"\xed\xa0\x80")),
    "half a character": (1007, lambda c: c.send(TEXT, "é".encode()[:1])),
    "too large": (1009, lambda c: c.send(TEXT, b"x" * 4_097)),
    "too large to be sent": (1009, lambda c: c.writer.write(b"\x81\xff" + b"\x7f" + b"\xff" * 7 + b"abcd")),
    "a continuation of nothing": (1002, lambda c: c.send(CONT, b"x")),
    "a long ping": (1002, lambda c: c.writer.write(b"\x89\xfe\x00\x7e" + b"abcd" + bytes(126))),
    "a ping in pieces": (1002, lambda c: c.writer.write(b"\x09\x80abcd")),
    "half a close code": (1002, lambda c: c.writer.write(b"\x88\x81\x00\x00\x00\x00\x03")),
    "a close code nobody may send": (1002, lambda c: c.send(CLOSE, struct.pack("!H", 1_006))),
}


@pytest.mark.parametrize("offence", OFFENCES)
async def test_who_breaks_a_rule_is_told_which_and_left(offence: str) -> None:
    code, sent = OFFENCES[offence]
    async with place(pace=QUICK) as found, raw(found) as client:
        client.send(TEXT, b"before")
        assert await client.frame() == (TEXT, b"before")
        sent(client)
        client.send(TEXT, b"after")
        assert await client.parting() == code
        assert await client.end() == b""
        assert await found.code() == code


async def test_pieces_may_not_be_too_large_together_nor_be_mixed_with_another_text() -> None:
    async with place() as found:
        async with raw(found) as client:
            for _ in range(5):
                client.send(TEXT if _ == 0 else CONT, b"x" * 1_000, more=True)
            assert await client.parting() == 1009
        async with raw(found) as client:
            client.send(TEXT, b"x", more=True)
            client.send(TEXT, b"y")
            assert await client.parting() == 1002


async def test_who_sends_a_megabyte_hears_that_it_is_too_much() -> None:
    async with place() as found, found.client() as client:
        with suppress(ConnectionClosed):
            await client.send("x" * 1_000_000)
        assert (await lost(client))[0] == 1009
        assert await found.code() == 1009


# How fast.


async def test_who_is_not_listened_to_sends_no_more() -> None:
    async def deaf(socket: Socket) -> None:
        await socket.ended()

    async with place(deaf) as found, raw(found) as client:
        made = Frame(TEXT, b"x" * 4_000).serialize(mask=True)
        sent = 0
        with suppress(TimeoutError):
            while sent < 50_000_000:
                client.writer.write(made * 16)
                await asyncio.wait_for(client.writer.drain(), 0.5)
                sent += len(made) * 16
        assert sent < 20_000_000  # what fits into the system's own buffers


async def test_who_does_not_read_is_left_and_the_others_are_not_kept_waiting() -> None:
    sockets: list[Socket] = []

    async def collect(socket: Socket) -> None:
        sockets.append(socket)
        await socket.ended()

    async with place(collect, QUICK) as found, raw(found) as _, found.client() as other:
        await until(lambda: len(sockets) == 2)
        slow, quick = sockets
        sent = 0
        while not slow.closed and sent < 100_000_000:
            slow.send(b"x" * 10_000)
            sent += 10_000
        assert slow.code == 1013
        slow.send(b"no more")  # is no error
        unsent = slow._transport.get_write_buffer_size()
        assert unsent < UNSENT_LIMIT + 20_000
        assert await found.code() == 1013
        quick.send("still here")
        assert await asyncio.wait_for(other.recv(), 5) == "still here"
        await until(lambda: slow not in found.board.speakers)  # it never reads the parting word, either


# Silence.


async def test_who_is_silent_is_asked_and_then_left() -> None:
    async with place(pace=QUICK) as found, raw(found) as client:
        assert await client.frame() == (PING, b"")
        assert await client.parting() == 1001
        assert await client.end() == b""
        assert await found.code() == 1001


@pytest.mark.slow
async def test_who_answers_stays() -> None:
    async with place(pace=QUICK) as found, raw(found) as client:
        for _ in range(4):  # twice as long as silence may last
            assert await client.frame() == (PING, b"")
            client.send(PONG)
        client.send(TEXT, b"still here")
        assert await client.frame() == (TEXT, b"still here")


async def test_whoever_was_let_in_is_not_held_to_the_deadlines_of_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEEP_ALIVE_S", "REQUEST_DEADLINE_S"):
        monkeypatch.setattr(f"noughts.kit.edge.connection.{name}", 0.3)
    async with place() as found, found.client() as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", found.port)
        assert b" 408 " in await asyncio.wait_for(reader.read(), 5)  # a request that never came, begun later
        await hang_up(writer)
        await client.send("still here")
        assert await client.recv() == "still here"


# The end.


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "gone"), (3000, "own"), (4999, "x" * 123)])
async def test_who_says_goodbye_is_answered_in_kind(code: int, reason: str) -> None:
    async with place() as found, found.client() as client:
        await client.close(code, reason)
        assert (client.close_code, client.close_reason) == (code, reason)
        assert await found.code() == code


async def test_a_goodbye_without_a_code_has_none() -> None:
    async with place() as found, raw(found) as client:
        client.send(CLOSE)
        assert await client.parting() == 1005
        assert await client.end() == b""
        assert await found.code() == 1005


async def test_what_was_said_before_goodbye_is_heard() -> None:
    heard: list[bytes] = []

    async def listen(socket: Socket) -> None:
        heard.extend([text async for text in socket])

    async with place(listen) as found, raw(found) as client:
        client.send(TEXT, b"one")
        client.send(TEXT, b"two")
        client.send(CLOSE, struct.pack("!H", 1_000))
        assert await found.code() == 1000
    assert heard == [b"one", b"two"]


async def test_who_is_gone_without_a_word_is_noticed() -> None:
    ends: list[str] = []

    async def wait(socket: Socket) -> None:
        socket.on_end = lambda: ends.append("ended")
        await socket.ended()
        socket.send("to nobody")
        socket.close()

    async with place(wait) as found, raw(found) as client:
        client.writer.transport.abort()
        assert await found.code() == 1006
    assert ends == ["ended"]


async def test_a_handler_says_goodbye_with_a_code_and_a_reason_that_fits() -> None:
    async def leave(socket: Socket) -> None:
        socket.send("last")
        socket.close(4401, "é" * 100)
        socket.close(1000)
        socket.send("no more")

    async with place(leave) as found, found.client() as client:
        assert [text async for text in client_until_closed(client)] == ["last"]
        assert await lost(client) == (4401, "é" * 61)


async def client_until_closed(client: ClientConnection) -> AsyncIterator[str | bytes]:
    """Yield what comes until the end, whichever it is."""
    with suppress(ConnectionClosed):
        while True:
            yield await asyncio.wait_for(client.recv(), 5)


async def test_a_handler_that_returns_says_goodbye() -> None:
    async def nothing(socket: Socket) -> None:
        pass

    async with place(nothing) as found, found.client() as client:
        assert await lost(client) == (1000, "")


async def test_a_handler_that_breaks_closes_its_own_connection_alone() -> None:
    async def broken(socket: Socket) -> None:
        async for text in socket:
            if text == b"now":
                raise RuntimeError("broken")

    async with place(broken) as found, found.client() as other:
        async with found.client() as client:
            await client.send("now")
            assert (await lost(client))[0] == 1011
        await other.send("later")
        await (await other.ping())


async def test_who_does_not_answer_goodbye_is_hung_up_on() -> None:
    async def leave(socket: Socket) -> None:
        socket.close()

    async with place(leave, QUICK) as found, raw(found) as client:
        assert await client.parting() == 1000
        client.send(TEXT, b"never mind")
        assert await client.end() == b""
        assert not found.board.speakers


async def test_connections_are_counted_while_they_are_open() -> None:
    async with place() as found:
        live_now, open_now = (
            found.requests.gauges[f"noughts_{name}"][1] for name in ("live_connections", "connections_open")
        )
        async with found.client():
            assert (live_now(), open_now()) == (1, 1)
        await found.code()
        await until(lambda: not open_now())
        assert live_now() == 0


async def test_the_library_tells_nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with place() as found, raw(found) as client:
            client.send(TEXT, b"secret")
            await client.frame()
    assert not [record for record in caplog.records if record.name.startswith("noughts.websockets")]


# The process ends.


async def test_whoever_is_connected_when_the_process_ends_is_told_and_left() -> None:
    async with place(pace=QUICK) as found:
        client = await found.client()
        silent = raw(found)
        await silent.__aenter__()
    assert [text async for text in client_until_closed(client)] == ["restarting"]
    assert await lost(client) == (1012, "the server restarts")
    await silent.__aexit__(None, None, None)


async def test_a_word_in_parting_that_breaks_is_one_connections_alone() -> None:
    def break_off() -> None:
        raise RuntimeError("broken")

    async def broken(socket: Socket) -> None:
        async for text in socket:
            if text == b"break":
                socket.on_drain = break_off

    async with place(broken) as found:
        clients = [await found.client() for _ in range(2)]
        for client, text in zip(clients, ("break", "never mind"), strict=True):
            await client.send(text)
            await (await client.ping())
    assert [(await lost(client))[0] for client in clients] == [1011, 1012]


async def test_whoever_comes_while_the_process_ends_is_told_at_once() -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> Answer:
        entered.set()
        await go_on.wait()
        return Upgrade(live=live.echo)

    route = Route("GET", "/live", slow, "", who=Who.ANYONE, live="socket", status=101)
    found = Place(live.echo, USUAL)
    listener = server.listen("127.0.0.1", 0)
    async with server.serving(live.service((route,)), listener):
        found.port = listener.getsockname()[1]
        opening = asyncio.create_task(found.client().__aenter__())
        await entered.wait()
        asyncio.get_running_loop().call_later(0.1, go_on.set)
    assert (await lost(await opening))[0] == 1012

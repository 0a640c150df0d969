"""The door of a service in other processes: what it is asked is what it hears, and no more."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from noughts.gateway.app import Gateway
from noughts.gateway.doors import RemoteDoor
from noughts.kit import server
from noughts.kit.address import resolver
from noughts.kit.edge import Answer, NoQuery, Route, Threshold, Who
from noughts.kit.errors import NotFound
from noughts.kit.metrics import Requests
from noughts.kit.neighbours import FAILURES, Neighbour

LONG = 100_000


async def nothing(*_: object) -> Answer:
    """Do nothing: the service behind the door is a `Mirror`."""
    return Answer()


ROUTES = (
    Route("GET", "/users/{user_id}/sessions", nothing, "", query=NoQuery, who=Who.ANYONE),
    Route("POST", "/users", nothing, "", who=Who.ANYONE),
)


class Mirror:
    """A service that answers with the request it heard; `/users/long` with many bytes, `/users/cut` with too few."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.open = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.heard.append(head)
                writer.write(self._answer(head))
                if "/users/cut" in head:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    def _answer(self, head: str) -> bytes:
        body = head.encode("latin-1")
        if "/users/long" in head:
            body = b"x" * LONG
        length = len(body) + ("/users/cut" in head)
        lines = b"HTTP/1.1 200 OK\r\nset-cookie: noughts=hers; Path=/\r\ncontent-length: %d\r\n\r\n" % length
        return lines if head.startswith("HEAD") else lines + body


@pytest.fixture
async def mirror() -> Mirror:
    """The service behind the door."""
    return Mirror()


@pytest.fixture
async def neighbour(mirror: Mirror) -> AsyncIterator[Neighbour]:
    """The way to it."""
    behind = await asyncio.start_server(mirror, "127.0.0.1", 0)
    found = Neighbour([f"http://127.0.0.1:{behind.sockets[0].getsockname()[1]}"])
    yield found
    await found.close()
    behind.close()


@pytest.fixture
async def port(neighbour: Neighbour) -> AsyncIterator[int]:
    """Where a gateway listens that leads there."""

    async def elsewhere(_: object) -> Answer:
        raise NotFound

    entrance = Threshold(
        Gateway([(ROUTES, RemoteDoor(neighbour, ROUTES))], elsewhere), Requests(), resolver(()), secure=False
    )
    with server.listen("127.0.0.1", 0) as listener:
        async with server.serving(entrance, listener):
            yield int(listener.getsockname()[1])


async def said(port: int, head: str) -> bytes:
    """Return what comes back for bytes as they are, on a connection of their own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head}\r\nhost: play.example\r\nconnection: close\r\n\r\n".encode("latin-1"))
    answer = await reader.read()
    writer.close()
    return answer


async def test_what_one_visitor_was_given_to_keep_is_never_sent_for_another(port: int, mirror: Mirror) -> None:
    assert b"set-cookie: noughts=hers" in await said(port, "GET /users/1 HTTP/1.1")
    await said(port, "GET /users/1 HTTP/1.1")
    assert "cookie:" not in mirror.heard[-1].lower()


async def test_nothing_is_added_but_who_asks_and_the_requests_id(port: int, mirror: Mirror) -> None:
    await said(port, "GET /users/1 HTTP/1.1\r\nx-request-id: mine\r\nx-forwarded-for: 6.6.6.6\r\nconnection: x")
    expected = ["GET /users/1 HTTP/1.1", "host: play.example", "x-forwarded-for: 127.0.0.1", "x-request-id: mine"]
    assert mirror.heard[-1].split("\r\n")[:-2] == expected


@pytest.mark.parametrize(
    "target", ["/users/../sessions", "/users/1/sessions/../../../internal/x?q='|%7e", '/users/%2e%2e"b']
)
async def test_a_target_is_passed_on_as_it_came(port: int, mirror: Mirror, target: str) -> None:
    await said(port, f"GET {target} HTTP/1.1")
    assert mirror.heard[-1].startswith(f"GET {target} HTTP/1.1\r\n")


async def test_a_target_that_names_another_host_leads_nowhere(port: int, mirror: Mirror) -> None:
    other = Mirror()
    inner = await asyncio.start_server(other, "127.0.0.1", 0)
    answer = await said(port, f"GET *@127.0.0.1:{inner.sockets[0].getsockname()[1]}/users HTTP/1.1")
    inner.close()
    assert answer.startswith(b"HTTP/1.1 404")
    assert (mirror.heard, other.heard) == ([], [])


async def test_space_around_a_value_is_none_of_it_and_nobodys_fault(port: int, mirror: Mirror) -> None:
    for _ in range(2 * FAILURES):
        assert (await said(port, "GET /users/1 HTTP/1.1\r\nx-a: b \t\r\nx-c: d\r\nx-c: ")).startswith(b"HTTP/1.1 200")
    assert "x-a: b\r\nx-c: d,\r\n" in mirror.heard[-1]


async def test_a_header_that_may_stand_once_is_refused_here_where_it_stands_twice(port: int, mirror: Mirror) -> None:
    answer = await said(port, 'POST /users HTTP/1.1\r\nif-match: "a"\r\nif-match: "b"')
    assert answer.startswith(b"HTTP/1.1 400")
    assert mirror.heard == []


async def test_the_head_of_an_answer_says_how_long_it_is_and_keeps_no_connection(port: int, mirror: Mirror) -> None:
    for _ in range(5):
        assert b"content-length: %d\r\n" % LONG in await said(port, "HEAD /users/long HTTP/1.1")
    assert mirror.open <= 1


async def test_a_short_answer_that_breaks_off_counts_as_none(port: int) -> None:
    assert (await said(port, "GET /users/cut HTTP/1.1")).startswith(b"HTTP/1.1 503")


async def test_a_long_answer_comes_whole(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        assert len((await client.get(f"http://127.0.0.1:{port}/users/long")).content) == LONG

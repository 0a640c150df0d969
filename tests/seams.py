"""The seams between services, near and far: a service's door on loopback, and clients that ask there."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from noughts.kit import server
from noughts.kit.address import resolver
from noughts.kit.edge import Door, ServiceApp, Threshold
from noughts.kit.errors import Forbidden, InvalidToken
from noughts.kit.metrics import Requests
from noughts.kit.neighbours import Neighbour
from noughts.kit.remote import Remote
from noughts.kit.service_tokens import ServiceTokens
from tests.fakes import Clock
from tests.services import SECRET

Token = Callable[[str], str]


@asynccontextmanager
async def served(door: Door) -> AsyncIterator[str]:
    """Serve a service's own door on loopback, and yield its address."""
    entrance = Threshold(door, Requests(), resolver(()), secure=False)
    listener = server.listen("127.0.0.1", 0)
    async with server.serving(entrance, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@asynccontextmanager
async def asking(url: str, token: Token) -> AsyncIterator[Remote]:
    """Yield the far side's way to ask there; refusals of its token are told as such."""
    neighbour = Neighbour([url])
    yield Remote(neighbour, token, InvalidToken, Forbidden)
    await neighbour.close()


@asynccontextmanager
async def far(door: ServiceApp, token: Token) -> AsyncIterator[Remote]:
    """Serve a door and yield the way to ask there."""
    async with served(door) as url, asking(url, token) as remote:
        yield remote


def answering(status: int, body: bytes) -> Remote:
    """Return the way to ask a neighbour that always answers that."""
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(status, content=body)))
    return Remote(Neighbour(["http://neighbour"], client=client), ServiceTokens(SECRET, Clock()).issue)

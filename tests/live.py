"""A small service with live connections, to run by itself: `python -m tests.live PORT [GATEWAY_PORT]`."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from noughts.gateway.app import Gateway
from noughts.gateway.doors import RemoteDoor
from noughts.kit import server
from noughts.kit.address import networks, resolver
from noughts.kit.edge import (
    Answer,
    Ask,
    Entrance,
    Feed,
    Route,
    ServiceApp,
    Socket,
    Threshold,
    Upgrade,
    Who,
    events,
    lines,
)
from noughts.kit.errors import Forbidden, NotFound
from noughts.kit.logging import log
from noughts.kit.metrics import Requests
from noughts.kit.neighbours import Neighbour
from tests import servers


class Live(servers.Process):
    """Such a service, or a gateway before those `behind` it, as a process of its own."""

    behind: tuple["Live", ...] = ()

    @property
    def command(self) -> list[str]:
        ports = [str(one.port) for one in (self, *self.behind)]
        return [sys.executable, "-m", "tests.live", *ports]

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Return what its log tells of such events so far."""
        told = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in told if line["event"] == event]


@contextmanager
def running(folder: Path, *behind: Live) -> Iterator[Live]:
    """Run one for the length of a block."""
    process = Live(folder / f"live-{len(behind)}-{servers.free_port()}")
    process.behind = behind
    process.start()
    try:
        yield process
    finally:
        process.stop()


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ticket that is looked at by nobody but `/refused`."""

    ticket: str = ""


async def echo(socket: Socket) -> None:
    """Send back every text, and a word in parting."""
    socket.on_drain = lambda: socket.send("restarting")
    async for text in socket:
        socket.send(text)


async def tick(feed: Feed) -> None:
    """Send an event, and a word in parting."""
    feed.on_drain = lambda: feed.send("{}", event="restarting")
    feed.send('{"a":1}', event="tick", id="7")
    await feed.ended()


async def get_live(service: object, ask: Ask[None, Query]) -> Answer:
    """Speak."""
    return Upgrade(live=echo)


async def get_refused(service: object, ask: Ask[None, Query]) -> Answer:
    """Speak with nobody."""
    raise Forbidden("Not with you.")


async def get_events(service: object, ask: Ask[None, Query]) -> Answer:
    """Tell."""
    return events(tick, heartbeat_s=0.2)


async def get_lines(service: object, ask: Ask[None, Query]) -> Answer:
    """Tell in lines."""

    async def said(feed: Feed) -> None:
        feed.send(ask.last_event_id or "none")
        feed.send(ask.address)

    return lines(said)


async def get_ready(service: object, ask: Ask[None, Any]) -> Answer:
    """Say that it is ready."""
    return Answer({"ready": True})


ROUTES = (
    Route("GET", "/live", get_live, "", who=Who.ANYONE, query=Query, status=101, live="socket"),
    Route("GET", "/refused", get_refused, "", who=Who.ANYONE, query=Query, status=101, live="socket"),
    Route("GET", "/events", get_events, "", who=Who.ANYONE, query=Query, live="stream"),
    Route("GET", "/lines", get_lines, "", who=Who.ANYONE, query=Query, live="lines"),
    Route("GET", "/readyz", get_ready, "", who=Who.ANYONE),
)


def service(routes: tuple[Route, ...] = ROUTES, requests: Requests | None = None) -> Entrance:
    """Return the entrance to such a service."""
    refuse: Callable[..., Any] = _refuse
    door = ServiceApp(
        routes, None, verify=refuse, admit=lambda *_: None, verify_service=refuse, recognise=lambda _: None
    )
    return Threshold(door, requests or Requests(), resolver(networks("127.0.0.0/8")), secure=False)


def gateway(*ports: int, requests: Requests | None = None) -> Entrance:
    """Return the entrance to a gateway before the replicas of such a service."""
    neighbour = Neighbour([f"http://127.0.0.1:{port}" for port in ports])
    doors = Gateway([(ROUTES, RemoteDoor(neighbour, ROUTES))], _elsewhere)
    return Threshold(doors, requests or Requests(), resolver(()), secure=False)


def _refuse(*_: object) -> Any:
    raise NotFound


async def _elsewhere(_: object) -> Answer:
    raise NotFound


async def _main(port: int, behind: list[int]) -> None:
    log.configure("info")
    requests = Requests()
    entrance = gateway(*behind, requests=requests) if behind else service(requests=requests)

    async def at_once() -> None:
        pass

    with ExitStack() as stack:
        listener = stack.enter_context(server.listen("127.0.0.1", port))
        await server.serve((entrance, listener), requests=requests, drain=at_once)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(int(sys.argv[1]), [int(port) for port in sys.argv[2:]]))

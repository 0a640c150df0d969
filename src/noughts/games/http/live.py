"""Live play: a ticket, a WebSocket, and the same as server-sent events."""

import re
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from noughts.games.model.games import GameId
from noughts.games.service import GameService
from noughts.kit.edge import Answer, Ask, Feed, Limit, NoQuery, Route, Socket, Upgrade, Who, events
from noughts.kit.errors import ForeignOrigin, InvalidToken, TooManyRequests, Unauthenticated
from noughts.kit.tokens import Principal
from noughts.ports.messages import Closed, Restarting

TICKETS: Final = Limit("tickets", 10, 1, per_user=True)
OVER: Final = 4401
"""The close code of a connection whose session is over."""
TOO_MUCH: Final = 1008
"""The close code of whoever says more than can be heard, or comes too often."""
_RESTARTING: Final = msgspec.json.encode(Restarting())
_CLOSED: Final = msgspec.json.encode(Closed())
_SEQ: Final = re.compile(r"[0-9]{1,9}")


class Reader(NamedTuple):
    """Who reads, and from where."""

    by: Principal
    address: str


class TicketBody(msgspec.Struct, frozen=True):
    """A ticket to one live connection: `GET /live?ticket=…` or `GET /games/{id}/events?ticket=…`, within 30 seconds."""

    ticket: str
    expires_in: int


class LiveQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ticket."""

    ticket: Annotated[str, Meta(max_length=64)]


class EventsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ticket, where no header can be sent; and the last `seq` known."""

    ticket: Annotated[str, Meta(max_length=64)] | None = None
    since: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None


async def give_ticket(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(TicketBody(await games.tickets.give(ask.caller), 30), 201)


async def open_live(games: GameService, ask: Ask[None, LiveQuery]) -> Answer:
    by = await games.tickets.take(ask.query.ticket)
    games.lives.require_room(by, ask.address)
    return Upgrade(live=lambda socket: _spoken(games, by, socket))


async def follow_game(games: GameService, ask: Ask[None, EventsQuery]) -> Answer:
    ask.refuse_foreign_origin()
    by = ask.principal if ask.query.ticket is None else await games.tickets.take(ask.query.ticket)
    if by is None:
        raise Unauthenticated
    caller = by
    game_id, since = GameId(ask.path["game_id"]), _since(ask)
    games.lives.require_room(caller, ask.address)
    await games.game(game_id, caller)
    return events(lambda feed: _fed(games, Reader(caller, ask.address), game_id, since, feed))


async def _spoken(games: GameService, by: Principal, socket: Socket) -> None:
    """Tell somebody of the challenges that waited for them, then do what they say until one of both hangs up."""

    def over() -> None:
        socket.send(_CLOSED)
        socket.close(OVER, "signed out")

    try:
        live = games.lives.open(by, lambda text, _: socket.send(text), over, address=socket.peer)
    except TooManyRequests as many:  # they came at once
        socket.close(TOO_MUCH, many.detail)
        return
    socket.on_text = live.hear_at_once
    socket.on_drain = lambda: socket.send(_RESTARTING)
    try:
        await live.tell_challenges()
        async for text in socket:
            if not live.may_speak():
                socket.close(TOO_MUCH, "too much at once")
            else:
                await live.hear(text)
    finally:
        games.lives.close(live)


async def _fed(games: GameService, reader: Reader, game_id: GameId, since: int | None, feed: Feed) -> None:
    """Tell what happens in a game until nobody listens any more."""

    def over() -> None:
        feed.send(_CLOSED, event="closed")
        feed.close()

    def send(text: bytes, seq: int | None) -> None:
        feed.send(text, event=_kind(text), id="" if seq is None else str(seq))

    live = games.lives.open(reader.by, send, over, address=reader.address)
    feed.on_drain = lambda: feed.send(_RESTARTING, event="restarting")
    try:
        await live.watch(game_id, since)
        await feed.ended()
    finally:
        games.lives.close(live)


def _kind(text: bytes) -> str:
    """Return what kind of event a message is: its tag comes first."""
    return text[6 : text.index(b'"', 6)].decode()


def _since(ask: Ask[None, EventsQuery]) -> int | None:
    """Return up to which `seq` the caller knows the game: as a browser says by itself, or as asked."""
    last = ask.header(b"last-event-id") or ""
    return int(last) if _SEQ.fullmatch(last) else ask.query.since


ROUTES: Final = (
    Route("POST", "/live/tickets", give_ticket, "Get a ticket to one live connection.", answer=TicketBody, status=201,
          limit=TICKETS),
    Route("GET", "/live", open_live, "Play live, over a WebSocket.", who=Who.ANYONE, query=LiveQuery, live="socket",
          errors=(InvalidToken, ForeignOrigin)),
    Route("GET", "/games/{game_id}/events", follow_game, "Follow a game, as server-sent events.", who=Who.OPTIONAL,
          query=EventsQuery, live="stream", errors=(InvalidToken, ForeignOrigin)),
)  # fmt: skip

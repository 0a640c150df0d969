"""What is said over a live connection: each direction is one closed type, the same over WebSocket and as server-sent events.

`move`, `offer` and `finished` raise a game's `seq` by one, `snapshot` sets it. Whoever finds a gap asks again with `sub`; the answer
may always be a snapshot. The others carry no `seq` and are taken as they come.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from noughts.kit.tokens import UserId
from noughts.ports.games import Mark, Result
from noughts.ports.users import Time

_NUMBER = Meta(ge=0, le=2**31 - 1)
OfferKind = Literal["draw", "takeback", "rematch"]


class Offer(msgspec.Struct, frozen=True):
    """An offer that waits for an answer."""

    id: str
    kind: OfferKind
    by: Mark


class Clocks(msgspec.Struct, frozen=True):
    """Milliseconds each side has left, counted from when this turn began."""

    X_ms: int
    O_ms: int


class Points(msgspec.Struct, frozen=True):
    """What the two who play these marks have won in a match so far: one for a game won, half for a draw."""

    X: float
    O: float  # noqa: E741 - the mark's name


class Series(msgspec.Struct, frozen=True):
    """Which game of a rated match it is: of four, sides swapped after each; and how the match stands, this game included once it is over."""

    id: str
    game: int
    of: int
    score: Points | None


# From the server.


class Moved(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="move", gc=False):
    """A move was stored, perhaps the last one."""

    game: str
    seq: int
    ply: int
    cell: int
    mark: Mark
    pos: int
    turn: Mark | None
    status: str
    result: Result | None = None
    reason: str | None = None
    line: tuple[int, ...] | None = None
    deadline: Time | None = None
    clocks: Clocks | None = None
    next: str | None = None
    series: Series | UnsetType = UNSET


class Offered(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="offer"):
    """The offers that stand now: one was made, or declined."""

    game: str
    seq: int
    offers: tuple[Offer, ...]


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="finished"):
    """The game ended otherwise than by a move, or another one follows it: nobody is to move, nothing is offered."""

    game: str
    seq: int
    status: str
    result: Result | None
    reason: str | None
    clocks: Clocks | None = None
    next: str | None = None
    series: Series | UnsetType = UNSET


class Shown(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="snapshot"):
    """A game as it stands, as `GET /games/{id}` shows it to whom it is sent."""

    game: str
    seq: int
    snapshot: msgspec.Raw


class Presence(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="presence"):
    """Who looks at a game just now: the players, and how many others."""

    game: str
    X: bool
    O: bool  # noqa: E741 - the mark's name
    watching: int


class Matched(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="matched"):
    """Somebody took the seat in a game of yours that waited; of two that waited, `instead` is the one that is called off."""

    game: str
    instead: str | None = None


class Challenged(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="challenge"):
    """A challenge to you, or how one of yours stands now."""

    game: str
    by: UserId | None
    status: str


class Restarting(msgspec.Struct, frozen=True, tag_field="t", tag="restarting"):
    """This server is about to leave: connect again."""


class Pong(msgspec.Struct, frozen=True, tag_field="t", tag="pong"):
    """The answer to a ping."""


class Closed(msgspec.Struct, frozen=True, tag_field="t", tag="closed"):
    """This connection ends: whose it is, is signed in no more."""


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="refused"):
    """What was asked is not done; `problem` is the problem document of the same call over HTTP."""

    n: int | None
    problem: msgspec.Raw


class Done(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="done"):
    """What was asked is done, and stored; `seq` is the game's then."""

    n: int
    game: str
    seq: int


Told = (
    Moved | Offered | Finished | Shown | Presence | Matched | Challenged | Restarting | Pong | Closed | Refused | Done
)


# From the client. `n` is a number of the client's own: the answer carries it.

_Name = Annotated[str, Meta(max_length=64)]


class Sub(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="t", tag="sub"):
    """Hear of a game from now on; `since` is the last `seq` known."""

    game: _Name
    since: Annotated[int, _NUMBER] | None = None
    n: int | None = None


class Unsub(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="t", tag="unsub"):
    """Hear of it no more."""

    game: _Name


class Play(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="t", tag="move", gc=False):
    """Play a cell, as `POST /games/{id}/moves` does."""

    game: _Name
    ply: Annotated[int, _NUMBER] | UnsetType = UNSET
    cell: Annotated[int, _NUMBER]
    pos: Annotated[int, _NUMBER] | UnsetType = UNSET
    n: int | None = None


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="t", tag="ping"):
    """Are you there?"""


Said = Sub | Unsub | Play | Ping

"""What the load generator can be asked to do, and what it answers."""

import msgspec


class Closed(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Keep every chain busy: the next request leaves when the last answer is here.

    Without `repeat` the measured time ends when the first chain runs out, so that all of
    them are busy for the whole of it; the rest is played out unmeasured.
    """

    port: int
    chains: list[list[bytes]]
    """The requests of each chain, in order."""
    lanes: int = 1
    """Connections of a chain; request k travels on connection k modulo this."""
    expect: int = 200
    seconds: float = 3600.0
    warm: float = 0.0
    """Seconds of load before the measured time."""
    repeat: bool = False
    watch: list[int] = []
    """Processes whose CPU time belongs to the server."""
    database: int = 0
    """The database, where it is a process of its own: what its family uses is neither the server's nor a stranger's."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that leave at a fixed rate, whether or not earlier ones were answered."""

    name: str
    requests: list[bytes]
    rate: float
    """Requests a second."""
    expect: int = 200
    connections: int = 32
    """When all are taken, due requests queue (and their time runs)."""


class Paced(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Streams at fixed rates, beside chains that are kept busy all the time."""

    port: int
    streams: list[Stream]
    background: list[bytes] = []
    """One request for each busy connection, sent again as soon as it is answered."""
    seconds: float
    warm: float = 0.0
    watch: list[int] = []
    database: int = 0


class Match(msgspec.Struct, frozen=True):
    """A boardgame.io match and the credentials of its two seats."""

    id: str
    credentials: list[str]


class Sockets(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Play boardgame.io matches over its own socket.io transport, each slot one at a time."""

    port: int
    slots: list[list[Match]]
    cells: list[int]
    """The cells of a whole game, in the order they are taken."""
    watch: list[int] = []


class LiveBoard(msgspec.Struct, frozen=True):
    """Two players' access tokens, and the games they play in turn; who begins changes from game to game."""

    tokens: list[str]
    games: list[str]


class Live(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Play games over our own live connections.

    Without a rate each board plays as fast as its mover sees the move come back; at a rate (moves a second, of all boards
    together) it is the other player's sight that counts, and the time ends after so many seconds.
    """

    port: int
    boards: list[LiveBoard]
    cells: list[int]
    rate: float = 0.0
    seconds: float = 3600.0
    watch: list[int] = []


Job = Closed | Paced | Sockets | Live


class Spread(msgspec.Struct, frozen=True):
    """How long answers took, in milliseconds."""

    count: int
    p50: float
    p99: float
    longest: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in the measured time."""

    seconds: float
    rate: float
    """Answers a second; of a paced job those of the background."""
    spreads: dict[str, Spread]
    refused: dict[str, int]
    """Answers with another status than expected, by status and the body of the first."""
    lateness: float = 0.0
    """Milliseconds by which 99 of 100 paced requests at most missed their time."""
    own: float
    """Share of one core the generator itself used."""
    server: float
    """Share of one core the watched processes used."""
    database: float = 0.0
    """Share of one core the database used, where it is a process of its own."""
    others: float
    """Cores that strangers used meanwhile: above a tenth the run was disturbed."""

"""What everyone else notices of people signing in."""

from contextlib import ExitStack
from dataclasses import dataclass

from bench.evidence import disturbance, void
from bench.load.jobs import Outcome, Paced, Stream
from bench.results import Check, Figure, Row, Target, median, number
from bench.sides import Side, both
from bench.subjects.noughts import Noughts
from bench.workbench import Workbench

RATE = 50.0
"""Requests a second of each kind: far below what the servers can do."""
LOGINS = 16

HOW = (
    "Latency of signed-in reads of the own account and of moves, {rate:g} of each a second at fixed "
    "moments (an open loop: counted from the moment a request was due), for {seconds:g} s without "
    "and then with 16 logins under way all the time; the 99th percentile, its ratio within a "
    "round, the median of {rounds} rounds. fastapi-users has no moves: its reads come alone."
)


@dataclass(frozen=True)
class Pair:
    """The same load without and with logins."""

    quiet: Outcome
    busy: Outcome

    def p99(self, stream: str) -> tuple[float, float]:
        """Return the 99th percentiles in milliseconds, without and with."""
        return self.quiet.spreads[stream].p99, self.busy.spreads[stream].p99


def measure(bench: Workbench) -> Row:
    """Measure both in turn, without and with logins."""
    with ExitStack() as stack:
        sides = both(bench, stack, "Isolation")
        rounds = [
            [_pair(bench, side, f"Isolation: {side.name}, round {n + 1}") for side in sides]
            for n in range(bench.effort.paced_rounds)
        ]
    return _row(bench, [ours for ours, _ in rounds], [theirs for _, theirs in rounds])


def _pair(bench: Workbench, side: Side, label: str) -> Pair:
    quiet = bench.run(_job(bench, side, []), f"{label}, without logins")
    busy = bench.run(_job(bench, side, side.logins(LOGINS)), f"{label}, with logins")
    return Pair(quiet, busy)


def _job(bench: Workbench, side: Side, logins: list[bytes]) -> Paced:
    effort = bench.effort
    streams = [Stream(name="reads", requests=side.reads(effort.people), rate=RATE)]
    if moves := _moves(side, effort.warm + effort.paced_seconds):
        streams.append(Stream(name="moves", requests=moves, rate=RATE, expect=201))
    return Paced(
        port=side.server.port,
        streams=streams,
        background=logins,
        seconds=effort.paced_seconds,
        warm=effort.warm,
        watch=side.server.pids,
    )


def _moves(side: Side, seconds: float) -> list[bytes]:
    """Return enough moves for a run."""
    if not isinstance(side.accounts, Noughts):
        return []
    return side.accounts.moves(side.server.port, int(seconds * RATE + 2))


def _row(bench: Workbench, ours: list[Pair], theirs: list[Pair]) -> Row:
    runs = [run for pair in ours + theirs for run in (pair.quiet, pair.busy)]
    peer = _middle(theirs, "reads")
    against = f"fastapi-users {_words(peer)} (× {number(peer[2])})"
    reads, moves = _middle(ours, "reads"), _middle(ours, "moves")
    return Row(
        key="isolation",
        title="Others while people sign in",
        how=HOW.format(rate=RATE, seconds=bench.effort.paced_seconds, rounds=bench.effort.paced_rounds),
        checks=(
            _ratio("Reads", reads, against),
            _ratio("Moves", moves, "(fastapi-users has no games)"),
            _limit("Reads", reads, f"fastapi-users {number(peer[1])} ms"),
            _limit("Moves", moves, "(fastapi-users has no games)"),
        ),
        figures=(_figure({"Noughts, reads": reads, "Noughts, moves": moves, "fastapi-users": peer}),),
        notes=(_meanwhile(ours, theirs),),
        void=void(runs, bench.ceiling),
        disturbed=disturbance(runs),
    )


def _figure(kinds: dict[str, tuple[float, float, float]]) -> Figure:
    bars = tuple((name, values[1]) for name, values in kinds.items())
    return Figure("Others' p99 beside 16 logins", "ms", "shorter", bars, 10)


def _meanwhile(ours: list[Pair], theirs: list[Pair]) -> str:
    mine, other = (median([pair.busy.rate for pair in side]) for side in (ours, theirs))
    return f"Meanwhile Noughts completed {number(mine)} logins/s, fastapi-users {number(other)}."


def _middle(pairs: list[Pair], stream: str) -> tuple[float, float, float]:
    """Return the median p99 without and with logins, and the median of their ratios."""
    both = [pair.p99(stream) for pair in pairs]
    quiet, busy = (median(list(values)) for values in zip(*both, strict=True))
    return quiet, busy, median([b / q for q, b in both])


def _words(values: tuple[float, float, float]) -> str:
    return f"{number(values[1])} ms, without {number(values[0])} ms"


def _ratio(kind: str, values: tuple[float, float, float], against: str) -> Check:
    title = f"{kind}: p99 beside 16 logins ÷ without"
    return Check(title, values[2], Target("≤", 3, " ×"), ours=_words(values), against=against)


def _limit(kind: str, values: tuple[float, float, float], against: str) -> Check:
    title, ours = f"{kind}: p99 beside 16 logins", f"{number(values[1])} ms"
    return Check(title, values[1], Target("≤", 10, " ms"), ours=ours, against=against)

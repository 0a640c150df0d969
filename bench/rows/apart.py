"""What a request costs whom: one process against services apart, asked directly and behind Envoy."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil

from bench.evidence import disturbance, void
from bench.load.jobs import Outcome, Paced, Stream
from bench.processes import generate
from bench.results import Breakdown, Panel, Row, median, number
from bench.subjects.noughts import Noughts
from bench.ways import BEHIND, PARTS, TOGETHER, WAYS, House, Way, house
from bench.workbench import Workbench

CONNECTIONS = 8

HOW = (
    "User and system time of every process, read from its own clock, for one request: each call alone at a fixed rate ({rates}) on "
    "{connections} connections for {seconds:g} s, far from anybody's limit. Everything is on one PostgreSQL and on the server's "
    "core: one process; users, auth, games and gateway in one process each, asked at their own ports; and the same through Envoy "
    "(`noughts cluster --replicas 1`, whose own work, passing their log lines on, is not counted). Moves are on disk before the "
    "answer. What each process takes anyway, when nobody asks, is measured before each round, subtracted, and told in the last "
    "lines. In turn; the median of {rounds} rounds after one unmeasured. Nothing is promised here."
)


@dataclass(frozen=True)
class Call:
    """A request that is measured, and which service answers it."""

    name: str
    service: str
    rate: float
    expect: int
    requests: Callable[[Way, int], list[bytes]]


CALLS = (
    Call("Read of the own account", "users", 500, 200, lambda way, _: list(map(Noughts().read, way.people))),
    Call("Move against a person", "games", 150, 201, lambda way, count: Noughts().moves(way.entrance, count)),
    Call("Sign-in", "auth", 10, 200, lambda way, _: list(map(Noughts().login, way.people))),
    Call("Refresh", "auth", 150, 200, lambda way, count: Noughts().refreshes(way.entrance, count)),
)


@dataclass(frozen=True)
class Turn:
    """One run: what came of it, and the processor time of those who took part, in seconds of so many that passed."""

    outcome: Outcome
    spent: Mapping[str, float]
    passed: float

    def took(self, idle: Mapping[str, float]) -> dict[str, float]:
        """Return the microseconds each part took for a request, without what it takes anyway."""
        (spread,) = self.outcome.spreads.values()
        own = {part: spent - idle[part] * self.passed for part, spent in self.spent.items()}
        return {part: max(0.0, 1e6 * each / spread.count) for part, each in own.items()}


Round = Mapping[tuple[str, str], Turn]
"""A run for each call and each way."""


def measure(bench: Workbench) -> Row:
    """Ask every way for every call in turn; the first round only warms them up."""
    with ExitStack() as stack:
        everything = house(bench, stack)
        _round(bench, everything, 0)
        rests, rounds = [], []
        for n in range(1, bench.effort.paced_rounds + 1):
            rests.append(_rest(bench, everything))
            rounds.append(_round(bench, everything, n))
    idle = {part: median([rest[part] for rest in rests]) for part in rests[0]}
    return _row(bench, rounds, idle)


def _round(bench: Workbench, house: House, number: int) -> Round:
    """Measure every call in every way once, half as long in the round that does not count."""
    seconds = bench.effort.seconds / (2 if number else 4)
    turns = {}
    for call in CALLS:
        for way in house.ways:
            bench.say(f"Apart: {call.name.lower()}, {way.name}, round {number}")
            turns[call.name, way.name] = _turn(bench, house, way, call, seconds)
    return turns


def _rest(bench: Workbench, house: House) -> dict[str, float]:
    """Return the seconds of processor time each part takes in a second in which nobody asks."""
    bench.say("Apart: nobody asks anything")
    bench.wait_for_calm(house.pids)
    before, start = house.spent(), time.perf_counter()
    time.sleep(bench.effort.seconds)
    after, seconds = house.spent(), time.perf_counter() - start
    return {part: (after[part] - before[part]) / seconds for part in before}


def _turn(bench: Workbench, house: House, way: Way, call: Call, seconds: float) -> Turn:
    job = Paced(
        port=way.ports[call.service],
        streams=[
            Stream(
                name=call.name,
                requests=call.requests(way, ceil(call.rate * seconds) + 1),
                rate=call.rate,
                expect=call.expect,
                connections=CONNECTIONS,
            )
        ],
        seconds=seconds,
        watch=house.pids,
        database=house.database.pid,
    )
    bench.wait_for_calm(house.pids)
    before, start = house.spent(), time.perf_counter()
    outcome = generate(job)
    after, passed = house.spent(), time.perf_counter() - start
    return Turn(outcome, {part: after[part] - before[part] for part in (*way.parts, "PostgreSQL")}, passed)


def _row(bench: Workbench, rounds: list[Round], idle: Mapping[str, float]) -> Row:
    runs = [turn.outcome for turns in rounds for turn in turns.values()]
    panels = tuple(Panel(call.name, "µs", _bars(rounds, call, idle)) for call in CALLS)
    return Row(
        key="apart",
        title="Processor time of a request, one process and services apart",
        how=HOW.format(
            rates=", ".join(f"{call.name.lower()} {call.rate:g}/s" for call in CALLS),
            connections=CONNECTIONS,
            seconds=bench.effort.seconds / 2,
            rounds=bench.effort.paced_rounds,
        ),
        checks=(),
        breakdown=Breakdown(PARTS, (*panels, Panel("Nobody asks", "µs a second", _resting(idle)))),
        notes=(_compared(panels), _latency(rounds), _generator(runs)),
        void=void(runs, bench.ceiling),
        disturbed=disturbance(runs),
    )


def _bars(rounds: list[Round], call: Call, idle: Mapping[str, float]) -> tuple[tuple[str, dict[str, float]], ...]:
    """Return for each way what each part took of a request."""
    bars = []
    for way in WAYS:
        took = [turns[call.name, way].took(idle) for turns in rounds]
        bars.append((way, {part: median([each[part] for each in took]) for part in took[0]}))
    return tuple(bars)


def _resting(idle: Mapping[str, float]) -> tuple[tuple[str, dict[str, float]], ...]:
    micros = {part: 1e6 * each for part, each in idle.items()}
    one, kept = ({part: micros.pop(part)} for part in (TOGETHER, "PostgreSQL"))
    return ((TOGETHER, one), (BEHIND, micros), ("for all of them", kept))


def _compared(panels: tuple[Panel, ...]) -> str:
    """Say how much dearer each call is apart."""
    sums = {panel.title: [sum(took.values()) for _, took in panel.bars] for panel in panels}
    each = (f"{name.lower()} {number(b / a)} and {number(c / a)}" for name, (a, b, c) in sums.items())
    return f"What one process takes, times, when apart and when behind Envoy: {', '.join(each)}."


def _latency(rounds: list[Round]) -> str:
    """Say within which time half of the answers came."""
    said = []
    for call in CALLS:
        each = ([turns[call.name, way].outcome.spreads[call.name].p50 for turns in rounds] for way in WAYS)
        said.append(f"{call.name.lower()} {', '.join(number(median(p50s)) for p50s in each)}")
    return f"Half of the answers came within so many ms (one process, apart, behind Envoy): {'; '.join(said)}."


def _generator(runs: list[Outcome]) -> str:
    return (
        f"The generator used at most {max(run.own for run in runs):.0%} of its core, and all processes together at most "
        f"{max(run.server + run.database for run in runs):.0%} of theirs."
    )

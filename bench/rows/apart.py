"""What a request costs whom: one process against services apart, asked directly and behind Envoy."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil

from bench.database import Database, postgres
from bench.evidence import disturbance, void
from bench.load import gauge
from bench.load.jobs import Outcome, Paced, Stream
from bench.places import emptied
from bench.processes import Server, free_port, generate, serving
from bench.results import Breakdown, Panel, Row, median, number
from bench.subjects.accounts import Person
from bench.subjects.cluster import Cluster
from bench.subjects.noughts import Noughts
from bench.workbench import Workbench

TOGETHER, APART, BEHIND = "one process", "apart", "apart, behind Envoy"
PARTS = (TOGETHER, "users", "auth", "games", "gateway", "Envoy", "PostgreSQL")
CONNECTIONS = 8

HOW = (
    "User and system time of every process, read from its own clock, for one request: each call alone at a fixed rate (reads and moves 500 "
    "and 150 a second, sign-ins 10, refreshes 150) on {connections} connections for {seconds:g} s, far from anybody's limit. "
    "Everything is on one PostgreSQL and on the server's core: one process; users, auth, games and gateway in one process each, asked "
    "at their own ports; and the same through Envoy (`noughts cluster --replicas 1`, whose own work, passing their log lines on, is not counted). Moves are on disk before the answer. What each "
    "process takes when nobody asks anything is measured before, subtracted, and told in the last lines. In turn; the median of "
    "{rounds} rounds after one unmeasured. Nothing is promised here."
)


@dataclass(frozen=True)
class Way:
    """One of the ways to run the services: where each is asked, and which processes take part."""

    name: str
    entrance: int
    """The port where people and games are made, whichever port is measured."""
    ports: Mapping[str, int]
    parts: Mapping[str, int]
    """Process ids, by what the report calls them."""
    people: list[Person]


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
class House:
    """Everything that runs while this is measured."""

    database: Database
    servers: list[Server]
    ways: list[Way]

    def spent(self) -> dict[str, float]:
        """Return the processor time of every part so far, in seconds."""
        parts = {part: pid for way in self.ways for part, pid in way.parts.items()}
        own = {part: gauge.process_seconds(pid) for part, pid in parts.items()}
        return own | {"PostgreSQL": gauge.tree_seconds(self.database.pid)}

    @property
    def pids(self) -> list[int]:
        """All processes but PostgreSQL's."""
        return [pid for server in self.servers for pid in server.pids]


@dataclass(frozen=True)
class Turn:
    """One run: what came of it, and seconds of processor time for each request, by part."""

    outcome: Outcome
    took: Mapping[str, float]


def measure(bench: Workbench) -> Row:
    """Ask every way for every call in turn; the first round only warms them up."""
    with ExitStack() as stack:
        house = _house(bench, stack)
        idle = _idle(bench, house)
        turns: dict[tuple[str, str], list[Turn]] = {}
        for n in range(bench.effort.paced_rounds + 1):
            seconds = bench.effort.seconds / (2 if n else 4)
            for call in CALLS:
                for way in house.ways:
                    bench.say(f"Apart: {call.name.lower()}, {way.name}, round {n}")
                    turn = _turn(bench, house, way, call, idle, seconds)
                    turns.setdefault((call.name, way.name), []).append(turn)
    return _row(bench, {key: taken[1:] for key, taken in turns.items()}, idle)


def _house(bench: Workbench, stack: ExitStack) -> House:
    """Start one process and a cluster, with people in each."""
    bench.say("Apart: one process and a cluster, on one PostgreSQL")
    database = stack.enter_context(postgres(emptied("data/apart-postgres")))
    noughts, cluster = Noughts(database.migrated("together")), Cluster(database.made("apart"))
    folders = [emptied(f"data/apart-{name}") for name in ("together", "apart")]
    one, many = (
        stack.enter_context(serving(subject.command(port, folder), port, folder))
        for subject, folder, port in zip((noughts, cluster), folders, (free_port(), free_port()), strict=True)
    )
    running, services = cluster.running(folders[1]), ("users", "auth", "games")
    apart, ports = {part: running[part] for part in (*services, "gateway")}, cluster.ports(folders[1])
    here, there = (noughts.people(server.port, bench.effort.people) for server in (one, many))
    ways = [
        Way(TOGETHER, one.port, dict.fromkeys(services, one.port), {TOGETHER: one.pid}, here),
        Way(APART, many.port, ports, apart, there),
        Way(BEHIND, many.port, dict.fromkeys(services, many.port), apart | {"Envoy": running["envoy"]}, there),
    ]
    return House(database, [one, many], ways)


def _idle(bench: Workbench, house: House) -> dict[str, float]:
    """Return the seconds of processor time each part takes in a second in which nobody asks."""
    bench.say("Apart: nobody asks anything")
    bench.wait_for_calm(house.pids)
    before, start = house.spent(), time.perf_counter()
    time.sleep(bench.effort.seconds)
    after, seconds = house.spent(), time.perf_counter() - start
    return {part: (after[part] - before[part]) / seconds for part in before}


def _turn(bench: Workbench, house: House, way: Way, call: Call, idle: Mapping[str, float], seconds: float) -> Turn:
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
    answers = outcome.spreads[call.name].count
    took = {part: (after[part] - before[part] - idle[part] * passed) / answers for part in (*way.parts, "PostgreSQL")}
    return Turn(outcome, {part: max(0.0, each) for part, each in took.items()})


def _row(bench: Workbench, turns: Mapping[tuple[str, str], list[Turn]], idle: Mapping[str, float]) -> Row:
    runs = [turn.outcome for taken in turns.values() for turn in taken]
    panels = [Panel(call.name, "µs", _bars(turns, call)) for call in CALLS]
    return Row(
        key="apart",
        title="Processor time of a request, one process and services apart",
        how=HOW.format(connections=CONNECTIONS, seconds=bench.effort.seconds / 2, rounds=bench.effort.paced_rounds),
        checks=(),
        breakdown=Breakdown(PARTS, (*panels, Panel("Nobody asks", "µs a second", _resting(idle)))),
        notes=(*_compared(turns), _latency(turns), _generator(runs)),
        void=void(runs, bench.ceiling),
        disturbed=disturbance(runs),
    )


def _bars(turns: Mapping[tuple[str, str], list[Turn]], call: Call) -> tuple[tuple[str, dict[str, float]], ...]:
    """Return for each way what each part took of a request, in microseconds."""
    return tuple((way, _middle(turns[call.name, way])) for way in (TOGETHER, APART, BEHIND))


def _middle(taken: list[Turn]) -> dict[str, float]:
    return {part: 1e6 * median([turn.took[part] for turn in taken]) for part in taken[0].took}


def _resting(idle: Mapping[str, float]) -> tuple[tuple[str, dict[str, float]], ...]:
    micros = {part: 1e6 * each for part, each in idle.items()}
    kept = micros.pop("PostgreSQL")
    one = micros.pop(TOGETHER)
    return ((TOGETHER, {TOGETHER: one}), (BEHIND, micros), ("for all of them", {"PostgreSQL": kept}))


def _compared(turns: Mapping[tuple[str, str], list[Turn]]) -> list[str]:
    """Say how much dearer each call is apart."""
    said = []
    for call in CALLS:
        one, apart, behind = (sum(took.values()) for _, took in _bars(turns, call))
        said.append(
            f"{call.name}: apart {number(apart / one)} times one process, behind Envoy {number(behind / one)} times."
        )
    return said


def _latency(turns: Mapping[tuple[str, str], list[Turn]]) -> str:
    """Say within which time half of the answers came."""
    each = (
        f"{call.name.lower()} "
        + " / ".join(
            number(median([turn.outcome.spreads[call.name].p50 for turn in turns[call.name, way]]))
            for way in (TOGETHER, APART, BEHIND)
        )
        for call in CALLS
    )
    return f"Half of the answers came within (one process / apart / behind Envoy, in ms): {', '.join(each)}."


def _generator(runs: list[Outcome]) -> str:
    return (
        f"The generator used at most {max(run.own for run in runs):.0%} of its core, and all processes together at most "
        f"{max(run.server + run.database for run in runs):.0%} of theirs."
    )

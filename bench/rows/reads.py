"""Signed-in reads of one's own account."""

from contextlib import ExitStack

from bench.evidence import by_processor, disturbance, void
from bench.load.jobs import Closed, Outcome
from bench.results import Check, Figure, Row, Target, median, number
from bench.sides import Side, both
from bench.workbench import Workbench

CONNECTIONS = 32
TIMES = 12

HOW = (
    "Answers a second to the signed-in read of the own account (`GET /users/{{id}}`; "
    "fastapi-users: `/users/me`) on 32 connections, each sending when it was answered, by "
    "{people} people. Both servers are up, one is asked at a time, in turn; the ratio is that of "
    "neighbouring runs, the median of {rounds} rounds of {seconds:g} s after {warm:g} s of "
    "warming up."
)


def measure(bench: Workbench) -> Row:
    """Ask both in turn."""
    with ExitStack() as stack:
        rounds = asked_in_turn(bench, both(bench, stack, "Reads"), "Reads")
    return _row(bench, rounds)


def asked_in_turn(bench: Workbench, sides: list[Side], what: str, database: int = 0) -> list[list[Outcome]]:
    """Return for each round what came of asking one side after the other."""
    return [
        [bench.run(_job(bench, side, database), f"{what}: {side.name}, round {n + 1}") for side in sides]
        for n in range(bench.effort.rounds)
    ]


def _job(bench: Workbench, side: Side, database: int) -> Closed:
    return Closed(
        port=side.server.port,
        chains=[[read] for read in side.reads(CONNECTIONS)],
        seconds=bench.effort.seconds,
        warm=bench.effort.warm,
        repeat=True,
        watch=side.server.pids,
        database=database,
    )


def _row(bench: Workbench, rounds: list[list[Outcome]]) -> Row:
    ours, theirs = ([pair[side] for pair in rounds] for side in (0, 1))
    rate, other = (median([run.rate for run in runs]) for runs in (ours, theirs))
    bars = (("Noughts", rate), ("fastapi-users", other))
    return Row(
        key="reads",
        title="Signed-in reads",
        how=HOW.format(**vars(bench.effort)),
        checks=(
            Check(
                "Signed-in reads, 32 connections",
                median([a.rate / b.rate for a, b in rounds]),
                Target("≥", TIMES, " ×"),
                ours=f"{number(rate)}/s",
                against=f"fastapi-users {number(other)}/s",
            ),
        ),
        figures=(Figure("Signed-in reads", "/s", "longer", bars, TIMES * other),),
        notes=(by_processor(ours, theirs), times(ours, theirs)),
        void=void(ours + theirs, bench.ceiling),
        disturbed=disturbance(ours + theirs),
    )


def times(ours: list[Outcome], theirs: list[Outcome]) -> str:
    """Say how long answers took, and how busy both cores were."""
    p50, p99, other_p50, other_p99 = (
        median([getattr(run.spreads["all"], which) for run in runs])
        for runs in (ours, theirs)
        for which in ("p50", "p99")
    )
    return (
        f"Noughts answered with p50 {number(p50)} ms and p99 {number(p99)} ms, fastapi-users with "
        f"{number(other_p50)} and {number(other_p99)} ms; the generator used at most "
        f"{max(run.own for run in ours):.0%} of its core, the server "
        f"{median([run.server for run in ours]):.0%} of its."
    )

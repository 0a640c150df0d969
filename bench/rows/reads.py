"""Signed-in reads of one's own account."""

from contextlib import ExitStack

from bench.evidence import disturbance, void
from bench.load.jobs import Closed, Outcome
from bench.results import Check, Figure, Row, median, number
from bench.sides import Side, both
from bench.workbench import Workbench

CONNECTIONS = 32

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
        sides = both(bench, stack, "Reads")
        rounds = [
            [bench.run(_job(bench, side), f"Reads: {side.name}, round {n + 1}") for side in sides]
            for n in range(bench.effort.rounds)
        ]
    return _row(bench, rounds)


def _job(bench: Workbench, side: Side) -> Closed:
    return Closed(
        port=side.server.port,
        chains=[[read] for read in side.reads(CONNECTIONS)],
        seconds=bench.effort.seconds,
        warm=bench.effort.warm,
        repeat=True,
        watch=side.server.pids,
    )


def _row(bench: Workbench, rounds: list[list[Outcome]]) -> Row:
    ours, theirs = ([pair[side] for pair in rounds] for side in (0, 1))
    rate, other = (median([run.rate for run in runs]) for runs in (ours, theirs))
    return Row(
        key="reads",
        title="Signed-in reads",
        how=HOW.format(**vars(bench.effort)),
        checks=(
            Check(
                title="Signed-in reads, 32 connections",
                value=median([a.rate / b.rate for a, b in rounds]),
                unit=" ×",
                relation="≥",
                bound=12,
                ours=f"{number(rate)}/s",
                against=f"fastapi-users {number(other)}/s",
            ),
        ),
        figures=(
            Figure(
                "Signed-in reads", "/s", "longer", (("Noughts", rate), ("fastapi-users", other))
            ),
        ),
        notes=(
            f"Noughts answered with p50 {median([r.spreads['all'].p50 for r in ours]):.1f} ms and "
            f"p99 {median([r.spreads['all'].p99 for r in ours]):.1f} ms, fastapi-users with "
            f"{median([r.spreads['all'].p50 for r in theirs]):.1f} and "
            f"{median([r.spreads['all'].p99 for r in theirs]):.1f} ms; the generator used "
            f"{max(r.own for r in ours):.0%} of its core, the server {ours[0].server:.0%} of its.",
        ),
        void=void(ours + theirs, bench.ceiling),
        disturbed=disturbance(ours + theirs),
    )

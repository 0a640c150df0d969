"""Signed-in reads of one's own account, from one and the same PostgreSQL."""

from contextlib import ExitStack

from bench.database import postgres
from bench.evidence import by_processor, disturbance, void
from bench.load.jobs import Outcome
from bench.places import emptied
from bench.results import Check, Figure, Row, Target, median, number
from bench.rows.reads import asked_in_turn, times
from bench.sides import ready
from bench.subjects.fastapi_users import FastapiUsers
from bench.subjects.noughts import Noughts
from bench.workbench import Workbench

TIMES = 10

HOW = (
    "The row above once more, with both servers on one PostgreSQL (a database each, through its socket, fsync as it comes; "
    "both speak to it through asyncpg, with the pool each comes with): answers a second to the signed-in read of the own "
    "account on 32 connections by {people} people, in turn, the ratio that of neighbouring runs, the median of {rounds} rounds of "
    "{seconds:g} s. PostgreSQL shares the server's core on both sides: the generator keeps its own, and what a server has asked of "
    "the database is part of what it costs."
)


def measure(bench: Workbench) -> Row:
    """Ask both in turn."""
    with ExitStack() as stack:
        bench.say("PostgreSQL: a database for each")
        database = stack.enter_context(postgres(emptied("data/postgres-server")))
        accounts = (Noughts(database.migrated("noughts")), FastapiUsers(database.made("fastapi_users")))
        sides = [ready(bench, stack, each, "PostgreSQL") for each in accounts]
        rounds = asked_in_turn(bench, sides, "PostgreSQL", database.pid)
    return _row(bench, rounds)


def _row(bench: Workbench, rounds: list[list[Outcome]]) -> Row:
    ours, theirs = ([pair[side] for pair in rounds] for side in (0, 1))
    rate, other = (median([run.rate for run in runs]) for runs in (ours, theirs))
    bars = (("Noughts", rate), ("fastapi-users", other))
    return Row(
        key="postgres",
        title="Signed-in reads on PostgreSQL",
        how=HOW.format(**vars(bench.effort)),
        checks=(
            Check(
                "Signed-in reads on PostgreSQL, 32 connections",
                median([a.rate / b.rate for a, b in rounds]),
                Target("≥", TIMES, " ×"),
                ours=f"{number(rate)}/s",
                against=f"fastapi-users {number(other)}/s",
            ),
        ),
        figures=(Figure("Signed-in reads on PostgreSQL", "/s", "longer", bars, TIMES * other),),
        notes=(by_processor(ours, theirs), _asked(ours, theirs), times(ours, theirs)),
        void=void(ours + theirs, bench.ceiling),
        disturbed=disturbance(ours + theirs),
    )


def _asked(ours: list[Outcome], theirs: list[Outcome]) -> str:
    mine, other = (median([1e6 * run.database / run.rate for run in runs]) for runs in (ours, theirs))
    both, others = (
        median([run.rate / max(run.server + run.database, 0.01) for run in runs]) for runs in (ours, theirs)
    )
    return (
        f"PostgreSQL itself took {number(mine)} µs of processor time for each answer of Noughts, {number(other)} µs for each of "
        f"the other. For each second of both, server and PostgreSQL, Noughts answered {number(both)} and the other "
        f"{number(others)}: {number(both / others)} times as many."
    )

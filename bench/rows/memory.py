"""Resident memory once a server has worked for a while."""

from contextlib import ExitStack

from bench.evidence import disturbance, refusals
from bench.load.jobs import Closed, Outcome
from bench.results import Check, Figure, Row, Target, number
from bench.sides import ready
from bench.subjects.accounts import Accounts
from bench.subjects.fastapi_users import FastapiUsers
from bench.subjects.noughts import Noughts
from bench.workbench import Workbench

CONNECTIONS = 32
LOGINS = 32

HOW = (
    "Resident memory (RSS, shared pages in full, 10⁶ bytes) of the server's processes after "
    "{requests:,} requests of {people} people on 32 connections: 32 logins, 16 at once, since they leave "
    "the hash's memory behind, and signed-in reads of the own account."
)


def measure(bench: Workbench) -> Row:
    """Let each server work, then look."""
    megabytes, runs = {}, []
    for accounts in (Noughts(), FastapiUsers()):
        megabytes[accounts.name], run = after_work(bench, accounts)
        runs.append(run)
    ours, other = megabytes.items()
    return Row(
        key="memory",
        title="Memory after work",
        how=HOW.format(**vars(bench.effort)),
        checks=(
            Check(
                f"Memory after {bench.effort.requests:,} requests",
                ours[1],
                Target("<", 80, " MB"),
                ours=f"{number(ours[1])} MB",
                against=f"{other[0]} {number(other[1])} MB",
            ),
        ),
        figures=(Figure("Memory after work", "MB", "shorter", tuple(megabytes.items()), 80),),
        void=refusals(runs),
        disturbed=disturbance(runs),
    )


def after_work(bench: Workbench, accounts: Accounts) -> tuple[float, Outcome]:
    """Return the megabytes after all requests, and the last run."""
    with ExitStack() as stack:
        side = ready(bench, stack, accounts, "Memory")
        port = side.server.port
        logins = [[login] * 2 for login in side.logins(LOGINS // 2)]
        bench.run(Closed(port=port, chains=logins), f"Memory: {side.name}, logins")
        each = (bench.effort.requests - LOGINS) // CONNECTIONS
        reads = [[read] * each for read in side.reads(CONNECTIONS)]
        run = bench.run(Closed(port=port, chains=reads), f"Memory: {side.name}, reads")
        return side.server.memory(), run

"""Refreshes of sessions: each a new access token, signed, and a new refresh token, on disk before it is answered."""

from contextlib import ExitStack

from bench.evidence import disturbance, void
from bench.load.jobs import Closed, Outcome
from bench.places import emptied
from bench.processes import Server, free_port, serving
from bench.results import Check, Figure, Row, Target, median, number
from bench.subjects.noughts import Noughts
from bench.workbench import Workbench

CONNECTIONS = 32
RATE = 1_000

HOW = (
    "Refreshes a second (`POST /token`) on 32 connections, each sending when it was answered; each of {refreshes} sessions a "
    "connection, opened beforehand, is refreshed once. Every answer carries a newly signed access token and a new "
    "refresh token that is on disk, as is the end of the one before. The median of {rounds} rounds after one unmeasured."
)


def measure(bench: Workbench) -> Row:
    """Refresh new sessions, round after round; the first only warms the server up."""
    noughts = Noughts()
    folder, port = emptied("data/refresh-Noughts"), free_port()
    with ExitStack() as stack:
        server = stack.enter_context(serving(noughts.command(port, folder), port, folder))
        runs = [
            bench.run(_job(bench, noughts, server), f"Refreshes: round {turn}")
            for turn in range(bench.effort.rounds + 1)
        ]
    return _row(bench, runs[1:])


def _job(bench: Workbench, noughts: Noughts, server: Server) -> Closed:
    bench.say("Refreshes: the sessions are opened")
    requests = noughts.refreshes(server.port, CONNECTIONS * bench.effort.refreshes)
    return Closed(port=server.port, chains=[requests[n::CONNECTIONS] for n in range(CONNECTIONS)], watch=server.pids)


def _row(bench: Workbench, runs: list[Outcome]) -> Row:
    rate = median([run.rate for run in runs])
    p50, p99 = (median([getattr(run.spreads["all"], which) for run in runs]) for which in ("p50", "p99"))
    own = number(median([run.rate / max(run.server, 0.01) for run in runs]))
    return Row(
        key="refresh",
        title="Refreshes",
        how=HOW.format(**vars(bench.effort)),
        checks=(
            Check(
                "Durable refreshes on one core",
                rate,
                Target("≥", RATE, "/s"),
                ours=f"p50 {number(p50)} ms, p99 {number(p99)} ms",
                against="nobody: the peers have none",
            ),
        ),
        figures=(Figure("Refreshes, 32 connections", "/s", "longer", (("Noughts, on disk", rate),), RATE),),
        notes=(f"For each second of its own processor time Noughts answered {own}.",),
        void=void(runs, bench.ceiling),
        disturbed=disturbance(runs),
    )

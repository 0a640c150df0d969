"""Moves in fifty games at once: ours on disk before they are acknowledged, theirs in memory."""

from itertools import chain

from bench.evidence import by_processor, disturbance, void
from bench.load.jobs import Closed, Outcome
from bench.results import Check, Figure, Row, Target, median, number
from bench.rows.boards import BOARDS, Boards, Rounds, busy, fifty, later, rates
from bench.workbench import Workbench

TIMES = 1.5

HOW = (
    "Moves a second on 50 boards at once, both players of each driven by the generator, every move "
    "waiting for its answer: over HTTP for its 201, which Noughts sends after the commit; on "
    "boardgame.io, which keeps games in memory, for the update that comes back over its own "
    "socket.io connection. Each board plays {games} whole games of nine moves, made and joined "
    "beforehand; boardgame.io sends each update to both players, Noughts answers who moved (nobody "
    "has a live connection open here); the time ends when the first board is through, so fifty are always busy. In turn; "
    "the ratio is that of neighbouring runs, the median of {rounds} rounds after one unmeasured."
)


def measure(bench: Workbench) -> Row:
    """Play on both in turn."""
    with fifty(bench, "moves") as boards:
        return _row(bench, *boards.rounds("Moves", _ours))


def _ours(boards: Boards) -> Closed:
    """Two guests share a board and take turns in beginning, so each keeps one connection."""
    games = boards.noughts.games(boards.server.port, boards.wanted())
    chains = [list(chain.from_iterable(games[board::BOARDS])) for board in range(BOARDS)]
    return Closed(port=boards.server.port, chains=chains, lanes=2, expect=201, watch=boards.server.pids)


def _row(bench: Workbench, rounds: Rounds, warm: Rounds) -> Row:
    ours, theirs = ([pair[side] for pair in rounds] for side in (0, 1))
    rate, other, quotient = rates(rounds)
    bars = (("Noughts, on disk", rate), ("boardgame.io, in memory", other))
    return Row(
        key="moves",
        title="Moves in fifty games",
        how=HOW.format(games=bench.effort.games, rounds=bench.effort.rounds),
        checks=(
            Check(
                "Durable moves ÷ boardgame.io's in memory",
                quotient,
                Target("≥", TIMES, " ×"),
                ours=f"{number(rate)}/s ({_times(ours)})",
                against=f"boardgame.io {number(other)}/s ({_times(theirs)})",
            ),
        ),
        figures=(Figure("Moves, 50 games at once", "/s", "longer", bars, TIMES * other),),
        notes=(by_processor(ours, theirs), *later(warm, bench.effort.later), busy(rounds)),
        void=void(ours + theirs, bench.ceiling),
        disturbed=disturbance(ours + theirs),
    )


def _times(runs: list[Outcome]) -> str:
    p50, p99 = (median([getattr(run.spreads["all"], which) for run in runs]) for which in ("p50", "p99"))
    return f"p50 {number(p50)} ms, p99 {number(p99)} ms"

"""Moves in fifty games at once: ours on disk before they are acknowledged, theirs in memory."""

from contextlib import ExitStack
from itertools import chain

from bench.evidence import by_processor, disturbance, void
from bench.load.jobs import Closed, Outcome, Sockets
from bench.places import emptied
from bench.processes import Server, free_port, serving
from bench.results import Check, Figure, Row, Target, median, number
from bench.subjects.accounts import Person
from bench.subjects.boardgame_io import BoardgameIo
from bench.subjects.noughts import CELLS, Noughts
from bench.workbench import Workbench

BOARDS = 50
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
    """Play on both in turn; the first round only warms them up."""
    noughts, peer = Noughts(), BoardgameIo()
    with ExitStack() as stack:
        server, other = (_serve(subject, stack) for subject in (noughts, peer))
        guests = noughts.guests(server.port, 2 * BOARDS)
        rounds = []
        for turn in range(bench.effort.rounds + 1):
            bench.say(f"Moves: round {turn}, the games are made")
            ours = bench.run(_ours(bench, noughts, server, guests), f"Moves: Noughts, round {turn}")
            theirs = bench.run(_theirs(bench, peer, other), f"Moves: boardgame.io, round {turn}")
            rounds.append((ours, theirs))
    return _row(bench, rounds[1:])


def _serve(subject: Noughts | BoardgameIo, stack: ExitStack) -> Server:
    folder, port = emptied(f"data/moves-{subject.name}"), free_port()
    return stack.enter_context(serving(subject.command(port, folder), port, folder))


def _ours(bench: Workbench, noughts: Noughts, server: Server, guests: list[Person]) -> Closed:
    """Two guests share a board and take turns in beginning, so each keeps one connection."""
    pairs = [(guests[2 * n], guests[2 * n + 1]) for n in range(BOARDS)]
    wanted = [pair[:: -1 if game % 2 else 1] for game in range(bench.effort.games) for pair in pairs]
    games = noughts.games(server.port, [(x, o) for x, o in wanted])
    chains = [list(chain.from_iterable(games[board::BOARDS])) for board in range(BOARDS)]
    return Closed(port=server.port, chains=chains, lanes=2, expect=201, watch=server.pids)


def _theirs(bench: Workbench, peer: BoardgameIo, server: Server) -> Sockets:
    matches = peer.matches(server.port, BOARDS * bench.effort.games)
    slots = [matches[board::BOARDS] for board in range(BOARDS)]
    return Sockets(port=server.port, slots=slots, cells=list(CELLS), watch=server.pids)


def _row(bench: Workbench, rounds: list[tuple[Outcome, Outcome]]) -> Row:
    ours, theirs = ([pair[side] for pair in rounds] for side in (0, 1))
    rate, other = (median([run.rate for run in runs]) for runs in (ours, theirs))
    bars = (("Noughts, on disk", rate), ("boardgame.io, in memory", other))
    return Row(
        key="moves",
        title="Moves in fifty games",
        how=HOW.format(games=bench.effort.games, rounds=bench.effort.rounds),
        checks=(
            Check(
                "Durable moves ÷ boardgame.io's in memory",
                median([a.rate / b.rate for a, b in rounds]),
                Target("≥", TIMES, " ×"),
                ours=f"{number(rate)}/s ({_times(ours)})",
                against=f"boardgame.io {number(other)}/s ({_times(theirs)})",
            ),
        ),
        figures=(Figure("Moves, 50 games at once", "/s", "longer", bars, TIMES * other),),
        notes=(by_processor(ours, theirs), _busy(ours, theirs)),
        void=void(ours + theirs, bench.ceiling),
        disturbed=disturbance(ours + theirs),
    )


def _times(runs: list[Outcome]) -> str:
    p50, p99 = (median([getattr(run.spreads["all"], which) for run in runs]) for which in ("p50", "p99"))
    return f"p50 {number(p50)} ms, p99 {number(p99)} ms"


def _busy(ours: list[Outcome], theirs: list[Outcome]) -> str:
    return (
        f"The generator used at most {max(run.own for run in ours):.0%} of its core for Noughts "
        f"and {max(run.own for run in theirs):.0%} for boardgame.io; the servers "
        f"{median([run.server for run in ours]):.0%} and "
        f"{median([run.server for run in theirs]):.0%} of theirs."
    )

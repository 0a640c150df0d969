"""Fifty boards at once, ours and boardgame.io's, both players of each driven by the generator."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench.load.jobs import Job, Outcome, Sockets
from bench.places import emptied
from bench.processes import Server, free_port, serving
from bench.results import median, number
from bench.subjects.accounts import Person
from bench.subjects.boardgame_io import BoardgameIo
from bench.subjects.noughts import CELLS, Noughts
from bench.workbench import Workbench

BOARDS = 50
Pair = tuple[Person, Person]
Rounds = list[tuple[Outcome, Outcome]]
"""What ours did, and what theirs did right after."""


@dataclass(frozen=True)
class Boards:
    """Both servers, and two guests for each board of ours."""

    bench: Workbench
    peer: BoardgameIo
    noughts: Noughts
    server: Server
    other: Server
    guests: list[Person]

    def rounds(self, title: str, ours: Callable[["Boards"], Job]) -> tuple[Rounds, Rounds]:
        """Play on both in turn, and return the rounds after the first, which only warms them up, and as many much later."""
        effort, rounds = self.bench.effort, []
        for turn in range(1 + effort.rounds + effort.later + (effort.rounds if effort.later else 0)):
            self.bench.say(f"{title}: round {turn}, the games are made")
            mine = self.bench.run(ours(self), f"{title}: Noughts, round {turn}")
            rounds.append((mine, self.bench.run(self._theirs(), f"{title}: boardgame.io, round {turn}")))
        return rounds[1 : 1 + effort.rounds], rounds[1 + effort.rounds + effort.later :]

    def wanted(self) -> list[Pair]:
        """Return who plays as X and as O, the games of a round one after the other, each of all boards."""
        pairs = list(zip(self.guests[::2], self.guests[1::2], strict=True))
        return [(o, x) if game % 2 else (x, o) for game in range(self.bench.effort.games) for x, o in pairs]

    def _theirs(self) -> Sockets:
        matches = self.peer.matches(self.other.port, BOARDS * self.bench.effort.games)
        slots = [matches[board::BOARDS] for board in range(BOARDS)]
        return Sockets(port=self.other.port, slots=slots, cells=list(CELLS), watch=self.other.pids)


@contextmanager
def fifty(bench: Workbench, key: str) -> Iterator[Boards]:
    """Serve both until the block ends, with nobody in them but the guests."""
    noughts, peer = Noughts(), BoardgameIo()
    with ExitStack() as stack:
        server, other = (serve(subject, key, stack) for subject in (noughts, peer))
        yield Boards(bench, peer, noughts, server, other, noughts.guests(server.port, 2 * BOARDS))


def serve(subject: Noughts | BoardgameIo, key: str, stack: ExitStack) -> Server:
    """Start one of them with an empty folder."""
    folder, port = emptied(f"data/{key}-{subject.name}"), free_port()
    return stack.enter_context(serving(subject.command(port, folder), port, folder))


def rates(rounds: Rounds) -> tuple[float, float, float]:
    """Return our rate, theirs, and the quotient, each the median of the rounds."""
    ours, theirs = ([pair[side].rate for pair in rounds] for side in (0, 1))
    return median(ours), median(theirs), median([mine / other for mine, other in zip(ours, theirs, strict=True)])


def later(rounds: Rounds, skipped: int) -> tuple[str, ...]:
    """Say what becomes of the quotient where both have been playing for long: Node goes on compiling what is hot."""
    if not rounds:
        return ()
    rate, other, quotient = rates(rounds)
    return (
        f"Warm, {skipped} rounds later: Noughts {number(rate)}/s, boardgame.io {number(other)}/s, {number(quotient)} times as many. "
        "Node goes on compiling what it does often; CPython does not.",
    )


def busy(rounds: Rounds) -> str:
    """Say how much of their cores generator and servers used."""
    ours, theirs = ([pair[side] for pair in rounds] for side in (0, 1))
    return (
        f"The generator used at most {max(run.own for run in ours):.0%} of its core for Noughts "
        f"and {max(run.own for run in theirs):.0%} for boardgame.io; the servers "
        f"{median([run.server for run in ours]):.0%} and "
        f"{median([run.server for run in theirs]):.0%} of theirs."
    )

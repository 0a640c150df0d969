"""Live connections: what an idle one costs, how many durable moves pass over them, how soon the other sees one."""

from contextlib import ExitStack

from bench.evidence import by_processor, disturbance, void
from bench.load.jobs import Live, LiveBoard, Outcome, Sockets
from bench.load.live import Player
from bench.places import emptied
from bench.processes import Server, free_port, serving
from bench.results import Check, Figure, Row, Target, median, number
from bench.rows.moves import BOARDS
from bench.subjects.accounts import Person
from bench.subjects.boardgame_io import BoardgameIo
from bench.subjects.noughts import CELLS, Noughts
from bench.workbench import Workbench

IDLE = 1_000
KILOBYTES = 20
TIMES = 2.5
RATE = 100
MILLISECONDS = 10

HOW = (
    "Memory: what the server's processes hold more (RSS) with {idle:,} live connections open, each subscribed to a game, than before. "
    "Moves: fifty boards at once, both players of each on a live connection of their own and subscribed to its games; a move counts when it "
    "came back to who made it, which is after its commit, and the other player is told as well; the same for boardgame.io, which keeps "
    "games in memory, over its own transport. In turn, the median of {rounds} rounds after one unmeasured. Sight: {rate} moves a second on "
    "fifty boards, from sending a move until the other player's connection has it."
)


def measure(bench: Workbench) -> Row:
    """Measure memory first, on a server nobody has used."""
    each = _idle(bench)
    noughts, peer = Noughts(), BoardgameIo()
    with ExitStack() as stack:
        server, other = (_serve(subject, stack) for subject in (noughts, peer))
        guests = noughts.guests(server.port, 2 * BOARDS)
        rounds = []
        for turn in range(bench.effort.rounds + 1):
            bench.say(f"Live: round {turn}, the games are made")
            ours = bench.run(_ours(bench, noughts, server, guests), f"Live: Noughts, round {turn}")
            theirs = bench.run(_theirs(bench, peer, other), f"Live: boardgame.io, round {turn}")
            rounds.append((ours, theirs))
        paced = bench.run(_ours(bench, noughts, server, guests, rate=RATE), "Live: moves at a rate")
    return _row(bench, each, rounds[1:], paced)


def _idle(bench: Workbench) -> float:
    """Return the kilobytes of one idle connection."""
    noughts = Noughts()
    with ExitStack() as stack:
        server = _serve(noughts, stack)
        bench.say(f"Live: {IDLE:,} idle connections")
        guests = noughts.guests(server.port, 10)
        game = noughts.open_game(server.port, guests[0])
        Player(server.port, guests[0].token).follow([game])  # whatever the first one loads
        before = server.memory()
        players = [Player(server.port, guests[n % 10].token) for n in range(IDLE)]
        for player in players:
            player.follow([game])
        return (server.memory() - before) * 1_000 / IDLE


def _serve(subject: Noughts | BoardgameIo, stack: ExitStack) -> Server:
    folder, port = emptied(f"data/live-{subject.name}"), free_port()
    return stack.enter_context(serving(subject.command(port, folder), port, folder))


def _ours(bench: Workbench, noughts: Noughts, server: Server, guests: list[Person], rate: float = 0.0) -> Live:
    pairs = [(guests[2 * n], guests[2 * n + 1]) for n in range(BOARDS)]
    wanted = [pair[:: -1 if game % 2 else 1] for game in range(bench.effort.games) for pair in pairs]
    games = noughts.started(server.port, [(x, o) for x, o in wanted])
    boards = [LiveBoard([x.token, o.token], games[n::BOARDS]) for n, (x, o) in enumerate(pairs)]
    seconds = bench.effort.paced_seconds if rate else 3_600.0
    return Live(port=server.port, boards=boards, cells=list(CELLS), rate=rate, seconds=seconds, watch=server.pids)


def _theirs(bench: Workbench, peer: BoardgameIo, server: Server) -> Sockets:
    matches = peer.matches(server.port, BOARDS * bench.effort.games)
    slots = [matches[board::BOARDS] for board in range(BOARDS)]
    return Sockets(port=server.port, slots=slots, cells=list(CELLS), watch=server.pids)


def _row(bench: Workbench, each: float, rounds: list[tuple[Outcome, Outcome]], paced: Outcome) -> Row:
    ours, theirs = ([pair[side] for pair in rounds] for side in (0, 1))
    rate, other = (median([run.rate for run in runs]) for runs in (ours, theirs))
    bars = (("Noughts, on disk", rate), ("boardgame.io, in memory", other))
    sight = paced.spreads["all"]
    return Row(
        key="live",
        title="Live connections",
        how=HOW.format(idle=IDLE, rounds=bench.effort.rounds, rate=RATE),
        checks=(
            Check(
                "Memory of an idle live connection",
                each,
                Target("<", KILOBYTES, " KB"),
                ours=f"{number(each)} KB",
                against="the target",
            ),
            Check(
                "Durable live moves ÷ boardgame.io's in memory",
                median([a.rate / b.rate for a, b in rounds]),
                Target("≥", TIMES, " ×"),
                ours=f"{number(rate)}/s",
                against=f"boardgame.io {number(other)}/s",
            ),
            Check(
                f"From a move to the opponent's sight at {RATE} moves/s, p99",
                sight.p99,
                Target("≤", MILLISECONDS, " ms"),
                ours=f"{number(sight.p99)} ms (p50 {number(sight.p50)} ms)",
                against="the target",
            ),
        ),
        figures=(Figure("Live moves, 50 games at once", "/s", "longer", bars, TIMES * other),),
        notes=(by_processor(ours, theirs),),
        void=void([*ours, *theirs], bench.ceiling),
        disturbed=disturbance([*ours, *theirs, paced]),
    )

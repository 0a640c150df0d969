"""Live connections: what an idle one costs, how many durable moves pass over them, how soon the other sees one."""

from contextlib import ExitStack

from bench.evidence import by_processor, disturbance, void
from bench.load.jobs import Live, LiveBoard, Outcome
from bench.load.live import Player
from bench.results import Check, Figure, Row, Target, number
from bench.rows.boards import BOARDS, Boards, Rounds, busy, fifty, later, rates, serve
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
    with fifty(bench, "live") as boards:
        rounds, warm = boards.rounds("Live", _ours)
        paced = bench.run(_ours(boards, rate=RATE), "Live: moves at a rate")
    return _row(bench, each, rounds, warm, paced)


def _idle(bench: Workbench) -> float:
    """Return the kilobytes of one idle connection."""
    noughts = Noughts()
    with ExitStack() as stack:
        server = serve(noughts, "live", stack)
        bench.say(f"Live: {IDLE:,} idle connections")
        guests = noughts.guests(server.port, 10)
        game = noughts.open_game(server.port, guests[0])
        Player(server.port, guests[0].token).follow([game])  # whatever the first one loads
        before = server.memory()
        players = [Player(server.port, guests[n % 10].token) for n in range(IDLE)]
        for player in players:
            player.follow([game])
        return (server.memory() - before) * 1_000 / IDLE


def _ours(boards: Boards, rate: float = 0.0) -> Live:
    wanted, effort = boards.wanted(), boards.bench.effort
    games = boards.noughts.started(boards.server.port, wanted)
    played = [LiveBoard([x.token, o.token], games[n::BOARDS]) for n, (x, o) in enumerate(wanted[:BOARDS])]
    seconds = effort.paced_seconds if rate else 3_600.0
    return Live(
        port=boards.server.port, boards=played, cells=list(CELLS), rate=rate, seconds=seconds, watch=boards.server.pids
    )


def _row(bench: Workbench, each: float, rounds: Rounds, warm: Rounds, paced: Outcome) -> Row:
    ours, theirs = ([pair[side] for pair in rounds] for side in (0, 1))
    rate, other, quotient = rates(rounds)
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
                quotient,
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
        notes=(by_processor(ours, theirs), *later(warm, bench.effort.later), busy(rounds)),
        void=void([*ours, *theirs], bench.ceiling),
        disturbed=disturbance([*ours, *theirs, paced]),
    )

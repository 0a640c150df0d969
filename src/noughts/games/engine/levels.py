"""What an opponent of a level sees, and where they would play for it."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from noughts.games.engine.analysis import best
from noughts.games.rules import Mark, Moves, Rules


class UnknownLevel(KeyError):
    """There is no computer opponent of that level."""


class Level(msgspec.Struct, frozen=True):
    """How likely a computer opponent is to see a win, a threat, the best cell.

    Of cells equally good one that `traps` takes that which a casual player errs after most. `nodes` is how far it looks
    ahead on boards where the best cell has to be searched for.
    """

    win: float
    block: float
    best: float
    traps: bool = False
    nodes: int = 4_000


LEVELS: Final[Mapping[int, Level]] = {
    1: Level(win=0, block=0, best=0),
    2: Level(win=0.90, block=0.20, best=0),
    3: Level(win=0.97, block=0.85, best=0.15, nodes=1_000),
    4: Level(win=0.99, block=0.95, best=0.50, nodes=2_000),
    5: Level(win=1, block=0.99, best=0.85, nodes=4_000),
    6: Level(win=1, block=1, best=1, nodes=10_000),
    7: Level(win=1, block=1, best=1, traps=True, nodes=60_000),
}
"""The seven, measured: on three by three they score .138 .245 .500 .617 .713 .752 .798 against level 3."""

CASUAL: Final = LEVELS[3]


def level_of(level: int) -> Level:
    """Return the level of that number; raises UnknownLevel."""
    if level not in LEVELS:
        raise UnknownLevel(level)
    return LEVELS[level]


def intentions(rules: Rules, moves: Moves, level: Level) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Yield sets of cells with the probability that the cell comes, uniformly, from each.

    He looks for a win, then for a threat to block, then for a cell of best value; what he does not see he passes over,
    and where nothing is left to see any legal cell will do. The best cells, dear on large boards, are asked for last.

    Where a line loses, to win at once is to leave nothing but lines to the other side, and the threat is in one's own
    cells: seen, he plays none of them, and goes on to look for the best of the others.
    """
    me, legal, rest = rules.to_move(moves), rules.legal(moves), 1.0
    if wins := rules.wins(moves, me) or _traps_shut(rules, moves):
        yield level.win, wins
        rest -= level.win
    if threats := rules.wins(moves, _other(me)):
        yield rest * level.block, threats
        yield rest - rest * level.block, legal
        return
    if losses := rules.losses(moves, me):
        yield rest - rest * level.block, legal
        rest *= level.block
        legal = tuple([cell for cell in legal if cell not in losses]) or legal
    yield rest - rest * level.best, legal
    if level.best:
        yield rest * level.best, best(rules, moves, level.nodes)


def _other(mark: Mark) -> Mark:
    return "O" if mark == "X" else "X"


def _traps_shut(rules: Rules, moves: Moves) -> tuple[int, ...]:
    """Return the cells after which every cell loses at once for the other side, in games where cells do."""
    if rules.LINE_WINS:
        return ()
    other = _other(rules.to_move(moves))
    after = [(cell, (*moves, cell)) for cell in rules.legal(moves)]
    return tuple([cell for cell, then in after if 0 < len(rules.legal(then)) == len(rules.losses(then, other))])

"""What a position is worth, proven, and which cell a computer opponent plays."""

from collections.abc import Iterator, Mapping
from functools import cache
from random import Random
from typing import Literal

import msgspec

from noughts.games.rules import Moves, Rules

# The score of a game just won: more than any solvable game has plies.
_WON = 1000


class UnknownLevel(KeyError):
    """There is no computer opponent of that level."""


class Level(msgspec.Struct, frozen=True):
    """How likely a computer opponent is to see a win, a threat, the best cell."""

    win: float
    block: float
    best: float


LEVELS: Mapping[int, Level] = {
    1: Level(win=0, block=0, best=0),
    6: Level(win=1, block=1, best=1),
}


class Verdict(msgspec.Struct, frozen=True):
    """What a position is worth to the side to move, and in how many plies it ends.

    Both sides play their best: the winner wins as soon, the loser loses as late as he can.
    """

    value: Literal[-1, 0, 1]
    plies: int


@cache
def solve(rules: Rules) -> Mapping[int, int]:
    """Return the score of every position by its key, worked out once and then kept.

    Scores are the side to move's: 0 drawn, `_WON - n` won in n plies, `n - _WON` lost in n.
    Only for games small enough to list, whose future depends on nothing but the board.
    """
    scores: dict[int, int] = {}

    def visit(moves: Moves, key: int) -> int:
        cells = rules.legal(moves)
        side = len(moves) % 2
        worst = _WON
        for cell in cells:
            after = key | 1 << 2 * cell + side  # `_key`, one move on
            reply = scores.get(after)
            if reply is None:
                reply = visit((*moves, cell), after)
            worst = min(worst, reply)
        scores[key] = score = _one_ply_before(worst) if cells else _at_end(rules, moves)
        return score

    visit((), 0)
    return scores


def verdict(rules: Rules, moves: Moves) -> Verdict:
    """Return what the position is worth; a draw is taken to fill the board."""
    score = solve(rules)[_key(moves)]
    if score == 0:
        return Verdict(0, rules.CELLS - len(moves))
    return Verdict(1 if score > 0 else -1, _WON - abs(score))


def best(rules: Rules, moves: Moves) -> tuple[int, ...]:
    """Return the cells that keep the value of the position, quick or slow; none at the end."""
    value = verdict(rules, moves).value
    return tuple([cell for cell in rules.legal(moves) if verdict(rules, (*moves, cell)).value == -value])


def odds(rules: Rules, moves: Moves, level: Level) -> Mapping[int, float]:
    """Return how likely an opponent of that level is to play each cell; empty at the end.

    He looks for a win, then for a threat to block, then for a cell of best value; what he
    does not see he passes over, and where nothing is left to see any legal cell will do.
    """
    chances: dict[int, float] = {}
    for share, cells in _intentions(rules, moves, level):
        for cell in cells if share else ():
            chances[cell] = chances.get(cell, 0) + share / len(cells)
    return chances


def choose(rules: Rules, moves: Moves, level: int, chance: Random) -> int:
    """Return the cell an opponent of that level plays, drawing once from `chance`.

    Raises `UnknownLevel`, and `IndexError` where the game is over.
    """
    if level not in LEVELS:
        raise UnknownLevel(level)
    chances = odds(rules, moves, LEVELS[level])
    return chance.choices(list(chances), list(chances.values()))[0]


def _intentions(rules: Rules, moves: Moves, level: Level) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Yield sets of cells with the probability that the cell comes, uniformly, from each."""
    me = rules.to_move(moves)
    rest = 1.0
    if wins := rules.wins(moves, me):
        yield level.win, wins
        rest -= level.win
    if threats := rules.wins(moves, "O" if me == "X" else "X"):
        yield rest * level.block, threats
        rest -= rest * level.block
    elif level.best:
        yield rest * level.best, best(rules, moves)
        rest -= rest * level.best
    yield rest, rules.legal(moves)


def _key(moves: Moves) -> int:
    """Return one number for the board, however it came about: two bits a cell."""
    return sum([1 << 2 * cell + ply % 2 for ply, cell in enumerate(moves)])


def _at_end(rules: Rules, moves: Moves) -> int:
    """Return the score of a finished game to the side that would be next."""
    outcome = rules.outcome(moves)
    if outcome == "draw":
        return 0
    return _WON if outcome == rules.to_move(moves) else -_WON


def _one_ply_before(reply: int) -> int:
    """Return the score of a position whose best move leads to that score for the other side."""
    return -reply + (reply > 0) - (reply < 0)

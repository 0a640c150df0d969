"""The computer opponents: which cell a level plays, and how long a person would have thought about it."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Final

from noughts.games.engine.analysis import best
from noughts.games.engine.field import Field
from noughts.games.engine.levels import Level, intentions, level_of
from noughts.games.engine.tables import is_tabled
from noughts.games.engine.traps import hardest
from noughts.games.rules import Moves, Rules

_SHORTEST_MS: Final = 300
_LONGEST_MS: Final = 900


def odds(rules: Rules, moves: Moves, level: Level) -> Mapping[int, float]:
    """Return how likely an opponent of that level is to play each cell; empty at the end."""
    chances: dict[int, float] = {}
    for share, cells in _shares(rules, moves, level):
        for cell in cells if share else ():
            chances[cell] = chances.get(cell, 0) + share / len(cells)
    return chances


def choose(rules: Rules, moves: Moves, level: int, chance: Random) -> int:
    """Return the cell an opponent of that level plays, drawing once from `chance`.

    Raises `UnknownLevel`, and `IndexError` where the game is over.
    """
    drawn, cells = chance.random(), rules.legal(moves)
    for share, those in _shares(rules, moves, level_of(level)):
        if drawn < share:
            return those[int(drawn / share * len(those))]
        drawn, cells = drawn - share, those if share else cells
    return cells[-1]  # rounding left a trace of chance over


def quick(rules: Rules, moves: Moves) -> int:
    """Return a fair cell without a search: one that wins, or stops a win, or is where most is going on."""
    me = rules.to_move(moves)
    called_for = rules.wins(moves, me) or rules.wins(moves, "O" if me == "X" else "X")
    return (called_for or Field(rules, moves).candidates(len(moves) % 2, 1) or rules.legal(moves))[0]


def pause_ms(rules: Rules, moves: Moves, chance: Random) -> int:
    """Return how long to wait before a move so that it reads as human: the harder the position, the longer."""
    drawn = chance.random()
    return round(_SHORTEST_MS + (_LONGEST_MS - _SHORTEST_MS) * (0.6 * _difficulty(rules, moves) + 0.4 * drawn))


def _shares(rules: Rules, moves: Moves, level: Level) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Yield sets of cells, each with its probability."""
    me = rules.to_move(moves)
    if level.traps and is_tabled(rules) and not rules.wins(moves, me):
        yield 1.0, hardest(rules, moves)
    else:
        yield from intentions(rules, moves, level)


def _difficulty(rules: Rules, moves: Moves) -> float:
    """Return how hard it is to play well, from 0, where any cell will do or one is plainly called for, to 1."""
    legal, me = rules.legal(moves), rules.to_move(moves)
    if len(legal) < 2 or rules.wins(moves, me):
        return 0.0
    if rules.wins(moves, "O" if me == "X" else "X"):
        return 0.25
    if is_tabled(rules):
        return 1 - len(best(rules, moves)) / len(legal)
    return min(1.0, len(moves) / 12)

"""What every position of three by three is worth: a byte for each, found by its number, without search.

A position's number has a digit for each cell, to the base of three: 0 empty, 1 X, 2 O. All 19 683 are worked out at the
first question, in a few milliseconds.
"""

from collections.abc import Callable
from functools import cache
from typing import Final

from noughts.games.engine.verdicts import Verdict
from noughts.games.rules import Moves, Rules
from noughts.games.rules.lines import lines

_DIGITS: Final = tuple([tuple([mark * 3**cell for cell in range(9)]) for mark in (1, 2)])
_SETS: Final = range(512)
_EMPTY: Final = tuple([tuple([cell for cell in range(9) if not held >> cell & 1]) for held in _SETS])

# A byte is the side to move's score: drawn, so much more for a win in n plies, so much less for a loss.
_DRAWN: Final = 32
_WON: Final = 16
_UNREACHED: Final = 0


def is_tabled(rules: Rules) -> bool:
    """Return whether the table holds every position of the game."""
    return rules.CELLS == 9


def number(moves: Moves) -> int:
    """Return the number of the position, however it came about."""
    return sum([_DIGITS[ply % 2][cell] for ply, cell in enumerate(moves)])


def verdict(rules: Rules, moves: Moves) -> Verdict:
    """Return what a position of three by three is worth; a draw fills the board."""
    score = table(rules)[number(moves)] - _DRAWN
    if score == 0:
        return Verdict(0, 9 - len(moves))
    return Verdict(1 if score > 0 else -1, _WON - abs(score))


def keeping(rules: Rules, moves: Moves) -> tuple[int, ...]:
    """Return the cells that keep the value of a position of three by three, quick or slow; none at the end."""
    scores, key, digits = table(rules), number(moves), _DIGITS[len(moves) % 2]
    replies = [(scores[key + digits[cell]], cell) for cell in rules.legal(moves)]
    if not replies:
        return ()
    least = min(replies)[0]
    if least < _DRAWN:
        return tuple([cell for score, cell in replies if score < _DRAWN])
    return tuple([cell for score, cell in replies if score == _DRAWN or least > _DRAWN])


@cache
def table(rules: Rules) -> bytes:
    """Return the score of every position by its number, worked out once and then kept; 0 for what is not reached."""
    scores = bytearray(3**9)
    ended = _DRAWN - _WON if rules.LINE_WINS else _DRAWN + _WON
    scores[0] = _visitor(scores, ended)(0, 0, 0, 0)
    return bytes(scores)


def _visitor(scores: bytearray, ended: int) -> Callable[[int, int, int, int], int]:
    """Return what works out a position and all that follow; a line scores `ended` for who did not draw it."""
    drawn = [sum([1 << cell for cell in line]) for line in lines(3, 3, 3)]
    lined = [any(held & line == line for line in drawn) for held in _SETS]

    def visit(mine: int, theirs: int, key: int, side: int) -> int:
        worst, digits, cells = _DRAWN + _WON, _DIGITS[side], _EMPTY[mine | theirs]
        for cell in cells:
            after, held = key + digits[cell], mine | 1 << cell
            reply = scores[after]
            if reply == _UNREACHED:
                reply = ended if lined[held] else visit(theirs, held, after, 1 - side)
                scores[after] = reply
            worst = min(worst, reply)
        return _BEFORE[worst] if cells else _DRAWN

    return visit


def _one_ply_before(reply: int) -> int:
    """Return the score of a position whose best move leads to that score for the other side."""
    score = reply - _DRAWN
    return _DRAWN - score + (score > 0) - (score < 0)


_BEFORE: Final = tuple([_one_ply_before(reply) for reply in range(2 * _DRAWN)])

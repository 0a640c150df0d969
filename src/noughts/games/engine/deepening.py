"""The cell to play on a large board: deeper and deeper, the promising cells only, until the budget is used up."""

from typing import Final

from noughts.games.engine.field import Field
from noughts.games.engine.forcing import Forcing

_WON: Final = 1 << 40
_WIDTH: Final = 10
_ROOT_WIDTH: Final = 20
_FORCED_DEEPER: Final = 8
_FORCED_UNTIL: Final = 3
_FORCED_MOVES: Final = 50

Bounds = tuple[int, int]


class _OutOfBudget(Exception):
    """The budget of positions is used up."""


class Deepening:
    """An alpha-beta search that sees fives, fours and open threes without looking for them."""

    def __init__(self, field: Field, side: int, nodes: int) -> None:
        self._field, self._side, self._nodes = field, side, nodes
        self._known: dict[tuple[int, int, int], tuple[int, int, Bounds]] = {}
        self._forcing = Forcing(field, 0)
        self._deepest = 0

    def best(self, cells: list[int] | None = None) -> int | None:
        """Return the cell to play, of all or of those, the most urgent first; nothing where none is near a mark."""
        ordered = cells or self._field.candidates(self._side, _ROOT_WIDTH)
        if len(ordered) < 2:
            return ordered[0] if ordered else None
        for depth in range(1, self._field.free.count(True) + 1):
            self._deepest = depth + _FORCED_DEEPER
            try:
                ordered, score = self._ranked(ordered, depth)
            except _OutOfBudget:
                break
            if abs(score) > _WON // 2:
                break
        return ordered[0]

    def _ranked(self, cells: list[int], depth: int) -> tuple[list[int], int]:
        """Return the cells with the best one moved to the front, and its score.

        What was found before the budget ran out counts: the best of the depth before is looked at first.
        """
        best, score = cells[0], -2 * _WON
        for cell in cells:
            try:
                found = self._after(cell, self._side, depth, ply=0, bounds=(score, 2 * _WON))
            except _OutOfBudget:
                if score == -2 * _WON:
                    raise
                self._nodes = 0
                break
            if found > score:
                best, score = cell, found
        return [best, *[cell for cell in cells if cell != best]], score

    def _after(self, cell: int, side: int, depth: int, *, ply: int, bounds: Bounds) -> int:
        """Return the score of playing a cell, for who plays it."""
        field, (alpha, beta) = self._field, bounds
        field.place(cell, side)
        try:
            return -self._score(1 - side, depth - 1, ply=ply + 1, bounds=(-beta, -alpha))
        finally:
            field.lift(cell, side)

    def _score(self, side: int, depth: int, *, ply: int, bounds: Bounds) -> int:
        """Return what the position is worth to the side to move."""
        self._nodes -= 1
        if self._nodes < 0:
            raise _OutOfBudget
        field = self._field
        if field.completing(side):
            return _WON - ply
        if theirs := field.completing(1 - side):
            if len(theirs) > 1:
                return ply - _WON
            return self._after(min(theirs), side, depth + 1, ply=ply, bounds=bounds)
        mine = field.forcing(side)
        if mine and (plies := self._by_force(mine, side, ply)):
            return _WON - ply - plies
        threats = [(cell, replies) for cell, replies in field.forcing(1 - side).items() if len(replies) > 1]
        if threats and (depth > 0 or ply < self._deepest):
            answers = {*mine, *[cell for cell, _ in threats], *[cell for _, replies in threats for cell in replies]}
            return self._best_of(sorted(answers), side, depth, ply=ply, bounds=bounds)
        return self._quiet(side, depth, ply=ply, bounds=bounds)

    def _by_force(self, mine: dict[int, set[int]], side: int, ply: int) -> int:
        """Return in how many plies the side to move wins by fours alone; 0 for not. Near the root it is looked for far."""
        if [cell for cell, replies in mine.items() if len(replies) > 1]:
            return 3
        if ply > _FORCED_UNTIL:
            return 0
        self._forcing.moves = _FORCED_MOVES
        found = self._forcing.win(side)
        self._nodes -= _FORCED_MOVES - self._forcing.moves
        return found[1] if found else 0

    def _quiet(self, side: int, depth: int, *, ply: int, bounds: Bounds) -> int:
        """Return what a position is worth where nobody threatens: from here on every cell near a mark is of interest."""
        if depth <= 0:
            return self._field.standing(side)
        return self._looked_up(side, depth, ply=ply, bounds=bounds)

    def _looked_up(self, side: int, depth: int, *, ply: int, bounds: Bounds) -> int:
        """Return the score of a quiet position, remembered if it was looked at as deeply before."""
        held = self._field.held
        key = (held[0], held[1], side)
        known_depth, score, (alpha, beta) = self._known.get(key, (-1, 0, bounds))
        exact, high, low = alpha < score < beta, score >= max(beta, bounds[1]), score <= min(alpha, bounds[0])
        if known_depth >= depth and (exact or high or low):
            return score
        cells = self._field.candidates(side, _WIDTH)
        if not cells:
            return 0
        score = self._best_of(cells, side, depth, ply=ply, bounds=bounds)
        self._known[key] = (depth, score, bounds)
        return score

    def _best_of(self, cells: list[int], side: int, depth: int, *, ply: int, bounds: Bounds) -> int:
        alpha, beta = bounds
        best = -2 * _WON
        for cell in cells:
            best = max(best, self._after(cell, side, depth, ply=ply, bounds=(max(alpha, best), beta)))
            if best >= beta:
                break
        return best

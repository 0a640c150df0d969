"""Wins by threats alone: each move makes a four, the only answer is to stop it, until one makes two."""

from typing import Final

from noughts.games.engine.field import Field

_DEEPEST: Final = 30


class Forcing:
    """Looks for a win by fours on a field, making at most so many moves; what failed is remembered."""

    def __init__(self, field: Field, moves: int) -> None:
        self.moves = moves
        self._field = field
        self._failed: set[tuple[int, int, int]] = set()

    def win(self, side: int, depth: int = _DEEPEST) -> tuple[int, int] | None:
        """Return the first cell of a win of the side to move and in how many plies it comes at the latest, or nothing."""
        field, other = self._field, 1 - side
        if mine := field.completing(side):
            return min(mine), 1
        theirs = field.completing(other)
        if len(theirs) > 1 or depth == 0:
            return None
        ways = {cell: replies for cell, replies in field.forcing(side).items() if not theirs or cell in theirs}
        if twofold := [cell for cell, replies in ways.items() if len(replies) > 1]:
            return min(twofold), 3
        return self._one_by_one(ways, side, depth)

    def _one_by_one(self, ways: dict[int, set[int]], side: int, depth: int) -> tuple[int, int] | None:
        """Return the same where no cell wins by itself: each is tried, with the one answer it leaves."""
        key = (self._field.held[0], self._field.held[1], side)
        if not ways or key in self._failed:
            return None
        for cell in sorted(ways):
            if plies := self._goes_on(cell, min(ways[cell]), side, depth):
                return cell, plies
        if self.moves > 0:
            self._failed.add(key)
        return None

    def _goes_on(self, cell: int, reply: int, side: int, depth: int) -> int:
        """Return in how many plies it is won after a four and the answer to it; 0 for not."""
        if self.moves <= 0:
            return 0
        self.moves -= 1
        field, other = self._field, 1 - side
        field.place(cell, side)
        field.place(reply, other)
        found = self.win(side, depth - 1)
        field.lift(reply, other)
        field.lift(cell, side)
        return found[1] + 2 if found else 0

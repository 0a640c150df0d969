"""A large board that moves are made and taken back on: how far every line is, for whom, and where that makes a threat.

A line's state counts its marks of both sides, X's in steps of one, O's in steps of `length + 1`. A line that lacks one mark
is a four and one that lacks two a three, as on the boards where five win.
"""

from functools import lru_cache
from typing import Final

from noughts.games.rules import Moves, Rules
from noughts.games.rules.lines import lines

X: Final = 0
O: Final = 1  # noqa: E741 - the mark's name
_NEAR: Final = 2
_APART: Final = 48
_POWERS: Final = tuple([1 << 2 * count for count in range(16)])
"""What a line with so many marks is worth."""


class Plan:
    """What never changes of a board: its lines, those through each cell, and what states of a line are worth."""

    def __init__(self, width: int, height: int, length: int) -> None:
        self.cells, self.length = width * height, length
        self.lines = lines(width, height, length)
        self.through: list[list[int]] = [[] for _ in range(self.cells)]
        for at, line in enumerate(self.lines):
            for cell in line:
                self.through[cell].append(at)
        self.near = [_near(cell, width, height) for cell in range(self.cells)]
        self.middle = height // 2 * width + width // 2
        self.steps = (1, length + 1)
        self.fours = tuple([(length - 1) * step for step in self.steps])
        self.threes = tuple([(length - 2) * step for step in self.steps])
        pure = {count * step: (count, side) for side, step in enumerate(self.steps) for count in range(1, length + 1)}
        states = range((length + 1) ** 2)
        self.worth = [_worth(pure.get(state)) for state in states]
        self.urge = tuple([[_urge(pure.get(state), side) for state in states] for side in (X, O)])


class Field:
    """A position on a large board, changed in place."""

    def __init__(self, rules: Rules, moves: Moves) -> None:
        self.plan = plan_of(rules.WIDTH, rules.HEIGHT, rules.LENGTH)
        self.states = [0] * len(self.plan.lines)
        self.free = [True] * self.plan.cells
        self.score = 0
        self.held = [0, 0]
        watched = {*self.plan.fours, *self.plan.threes}
        self.watched: list[set[int] | None] = [
            set() if state in watched else None for state in range((rules.LENGTH + 1) ** 2)
        ]
        for ply, cell in enumerate(moves):
            self.place(cell, ply % 2)

    def place(self, cell: int, side: int) -> None:
        """Put a mark of a side into an empty cell."""
        self.free[cell] = False
        self.held[side] |= 1 << cell
        self._shift(cell, self.plan.steps[side])

    def lift(self, cell: int, side: int) -> None:
        """Take that mark back."""
        self.free[cell] = True
        self.held[side] ^= 1 << cell
        self._shift(cell, -self.plan.steps[side])

    def _shift(self, cell: int, step: int) -> None:
        states, watched, worth, score = self.states, self.watched, self.plan.worth, self.score
        for line in self.plan.through[cell]:
            before = states[line]
            after = states[line] = before + step
            score += worth[after] - worth[before]
            if (lines_before := watched[before]) is not None:
                lines_before.remove(line)
            if (lines_after := watched[after]) is not None:
                lines_after.add(line)
        self.score = score

    def standing(self, side: int) -> int:
        """Return how much better the lines of the side to move are; its own count more, for it may get on in them."""
        sums = (self.score & (1 << _APART) - 1, self.score >> _APART)
        return 3 * sums[side] - 2 * sums[1 - side]

    def completing(self, side: int) -> set[int]:
        """Return the cells that complete a line of that side."""
        free, all_lines = self.free, self.plan.lines
        fours = self.watched[self.plan.fours[side]]
        return {cell for line in fours or () for cell in all_lines[line] if free[cell]}

    def forcing(self, side: int) -> dict[int, set[int]]:
        """Return the cells that make a four or more of that side, each with the cells that then complete a line."""
        free, all_lines, found = self.free, self.plan.lines, dict[int, set[int]]()
        for line in self.watched[self.plan.threes[side]] or ():
            one, other = [cell for cell in all_lines[line] if free[cell]]
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
        return found

    def candidates(self, side: int, most: int) -> list[int]:
        """Return the most urgent cells near any mark, whether to get on or to be in the way; the middle at first."""
        taken = self.held[X] | self.held[O]
        if not taken:
            return [self.plan.middle]
        states, urge, through, near = self.states, self.plan.urge[side], self.plan.through, 0
        rest = taken
        while rest:
            lowest = rest & -rest
            near |= self.plan.near[lowest.bit_length() - 1]
            rest ^= lowest
        weights: list[tuple[int, int]] = []
        near &= ~taken
        while near:
            lowest = near & -near
            cell = lowest.bit_length() - 1
            weights.append((-sum([urge[states[line]] for line in through[cell]]), cell))
            near ^= lowest
        weights.sort()
        return [cell for _, cell in weights[:most]]


@lru_cache(maxsize=16)
def plan_of(width: int, height: int, length: int) -> Plan:
    """Return the plan of a board, worked out once."""
    return Plan(width, height, length)


def _near(cell: int, width: int, height: int) -> int:
    """Return the cells at most two steps away, as a set of bits."""
    y, x = divmod(cell, width)
    rows = range(max(0, y - _NEAR), min(height, y + _NEAR + 1))
    columns = range(max(0, x - _NEAR), min(width, x + _NEAR + 1))
    return sum([1 << row * width + column for row in rows for column in columns])


def _worth(pure: tuple[int, int] | None) -> int:
    """Return what a line of one side is worth, O's above X's in one number; nothing where both are in it."""
    if pure is None:
        return 0
    count, side = pure
    return _POWERS[count] << _APART * side


def _urge(pure: tuple[int, int] | None, side: int) -> int:
    """Return how much a line asks that side to play in it: to get on in its own a little more than to stop another."""
    if pure is None:
        return 1
    count, whose = pure
    return 2 * _POWERS[count] * (3 if whose == side else 2)

"""The plain (m,n,k) family: k in a row, any way, on a board of m by n; more than k count as well."""

from functools import lru_cache
from itertools import compress
from typing import Final

from noughts.games.rules.lines import lines
from noughts.games.rules.terms import Mark, Moves, Outcome

LEAST: Final = 3
MOST: Final = 15
"""What a side of a board may measure."""

_SIDE: Final = "(?:[3-9]|1[0-5])"
PATTERN: Final = f"{_SIDE}x{_SIDE}x{_SIDE}"
"""A name is `<width>x<height>x<k>`; not every name of that form is a game's."""


class MnkRules:
    """The rules of one (m,n,k) game, as `Rules` promises; equal to every other of the same name.

    A set of cells is a number with a bit for each, and one between rows that is never set: shifted by one step in any
    direction no cell arrives in a row it does not stand in.
    """

    LINE_WINS: Final = True

    def __init__(self, width: int, height: int, length: int) -> None:
        self.NAME = f"{width}x{height}x{length}"
        self.WIDTH, self.HEIGHT, self.LENGTH = width, height, length
        self.CELLS = width * height
        self._bit = [1 << cell // width * (width + 1) + cell % width for cell in range(self.CELLS)]
        self._cell = {bit.bit_length(): cell for cell, bit in enumerate(self._bit)}
        self._all = sum(self._bit)
        self._steps = (1, width + 1, width + 2, width)
        self._through: list[list[tuple[int, Moves]]] = [[] for _ in range(self.CELLS)]
        for line in lines(width, height, length):
            held = self._bits(line)
            for cell in line:
                self._through[cell].append((held, line))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MnkRules) and self.NAME == other.NAME

    def __hash__(self) -> int:
        return hash(self.NAME)

    def to_move(self, moves: Moves) -> Mark:
        """Return the mark of the next ply, also where the game is over."""
        return "O" if len(moves) % 2 else "X"

    def line(self, moves: Moves) -> tuple[int, ...]:
        """Return the first line the last move completed, if any; only lines through its cell are looked at."""
        if not moves:
            return ()
        held = self._bits(moves[::-2])
        for bits, line in self._through[moves[-1]]:
            if held & bits == bits:
                return line
        return ()

    def outcome(self, moves: Moves) -> Outcome | None:
        """Return who has k in a row, a draw when the board is full, else `None`."""
        if self.line(moves):
            return "X" if len(moves) % 2 else "O"
        return "draw" if len(moves) == self.CELLS else None

    def legal(self, moves: Moves) -> tuple[int, ...]:
        """Return the empty cells, ascending; none once a line stands."""
        if self.line(moves):
            return ()
        empty = bytearray(b"\1") * self.CELLS
        for cell in moves:
            empty[cell] = 0
        return tuple(compress(range(self.CELLS), empty))

    def board(self, moves: Moves) -> tuple[Mark | None, ...]:
        """Return what stands in each cell."""
        cells: list[Mark | None] = [None] * self.CELLS
        for ply, cell in enumerate(moves):
            cells[cell] = "O" if ply % 2 else "X"
        return tuple(cells)

    def wins(self, moves: Moves, mark: Mark) -> tuple[int, ...]:
        """Return the legal cells that complete a line of `mark`, whoever is to move."""
        if self.line(moves):
            return ()
        held = self._bits(moves["XO".index(mark) :: 2])
        completing = self._all & ~self._bits(moves) & self._completing(held)
        found: list[int] = []
        while completing:
            lowest = completing & -completing
            found.append(self._cell[lowest.bit_length()])
            completing ^= lowest
        return tuple(found)

    def losses(self, _moves: Moves, _mark: Mark) -> tuple[int, ...]:
        """Return no cell: nobody loses by a move of their own."""
        return ()

    def _bits(self, cells: Moves) -> int:
        """Return a set of cells as one number."""
        bit, bits = self._bit, 0
        for cell in cells:
            bits |= bit[cell]
        return bits

    def _completing(self, held: int) -> int:
        """Return where one more cell would make a line, cells taken or off the board included.

        With `before` of at least i marks right before a cell and `after` of at least k-1-i right after it, it is the
        missing one; both are grown mark by mark.
        """
        found, rest = 0, range(1, self.LENGTH)
        for step in self._steps:
            before, after = [-1], [-1]
            for _ in rest:
                before.append((held & before[-1]) << step)
                after.append((held & after[-1]) >> step)
            for one, other in zip(before, reversed(after), strict=True):
                found |= one & other
        return found


@lru_cache(maxsize=256)
def mnk(width: int, height: int, length: int) -> MnkRules:
    """Return the rules of that game; raises ValueError where it is none, or is the classic one."""
    sides = (width, height)
    if not (min(sides) >= LEAST and max(sides) <= MOST and LEAST <= length <= max(sides)):
        raise ValueError(f"Each side is {LEAST} to {MOST}, a line {LEAST} to the longer side.")
    if (width, height, length) == (3, 3, 3):
        raise ValueError("Three in a row on three by three is the classic game.")
    return MnkRules(width, height, length)

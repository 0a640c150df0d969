"""Three in a row on a board of three by three."""

from typing import Final

from noughts.games.rules.terms import Mark, Moves, Outcome

NAME: Final = "classic"
WIDTH: Final = 3
HEIGHT: Final = 3
CELLS: Final = WIDTH * HEIGHT
LENGTH: Final = 3
LINE_WINS: Final = True

_LINES = (
    *((0, 1, 2), (3, 4, 5), (6, 7, 8)),
    *((0, 3, 6), (1, 4, 7), (2, 5, 8)),
    *((0, 4, 8), (2, 4, 6)),
)


def _bits(cells: Moves) -> int:
    """Return a set of cells as one number, with a bit for each."""
    bits = 0
    for cell in cells:
        bits |= 1 << cell
    return bits


# The rules are asked on every move: what holds of each of the 512 sets of cells is looked up.
_SETS = range(1 << CELLS)
_ALL = _SETS[-1]
_LINE_BITS = [(_bits(line), line) for line in _LINES]
_LINE_IN = [next((line for bits, line in _LINE_BITS if bits & held == bits), ()) for held in _SETS]
_CELLS_IN = [tuple([cell for cell in range(CELLS) if held >> cell & 1]) for held in _SETS]


def to_move(moves: Moves) -> Mark:
    """Return the mark of the next ply, also where the game is over."""
    return "O" if len(moves) % 2 else "X"


def line(moves: Moves) -> tuple[int, ...]:
    """Return the line the last move completed, if any; only who moved last can have one."""
    return _LINE_IN[_bits(moves[::-2])]


def outcome(moves: Moves) -> Outcome | None:
    """Return who has three in a row, a draw when the board is full, else `None`."""
    if line(moves):
        return "X" if len(moves) % 2 else "O"
    return "draw" if len(moves) == CELLS else None


def legal(moves: Moves) -> tuple[int, ...]:
    """Return the empty cells, ascending; none once a line stands."""
    return () if line(moves) else _CELLS_IN[_ALL ^ _bits(moves)]


def board(moves: Moves) -> tuple[Mark | None, ...]:
    """Return what stands in each of the nine cells."""
    cells: list[Mark | None] = [None] * CELLS
    for ply, cell in enumerate(moves):
        cells[cell] = "O" if ply % 2 else "X"
    return tuple(cells)


def wins(moves: Moves, mark: Mark) -> tuple[int, ...]:
    """Return the legal cells that complete a line of `mark`, whoever is to move."""
    held = _bits(moves["XO".index(mark) :: 2])
    return tuple([cell for cell in legal(moves) if _LINE_IN[held | 1 << cell]])


def losses(_moves: Moves, _mark: Mark) -> tuple[int, ...]:
    """Return no cell: nobody loses by a move of their own."""
    return ()

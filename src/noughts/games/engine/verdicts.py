"""What may be known of a position: by itself, cell by cell, and what follows for the whole from the cells."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

_ALL_SEEN: Final = 3
"""A win at once is never overlooked, so that none is sooner than one in so many plies."""

Value = Literal[-1, 0, 1]
"""Lost, drawn or won, for the side to move, when both play their best."""


class Verdict(msgspec.Struct, frozen=True):
    """What a position is worth to the side to move, and in how many plies it ends.

    Both sides play their best: the winner wins as soon, the loser loses as late as he can. A draw fills the board.
    """

    value: Value
    plies: int


class Choice(msgspec.Struct, frozen=True):
    """What playing a cell is worth to the side to move, and after how many plies, this one counted, the game ends.

    `None` is what is not proven.
    """

    cell: int
    value: Value | None = None
    plies: int | None = None


class Analysis(msgspec.Struct, frozen=True):
    """What a position is worth to the side to move, in how many plies it ends, and how every legal cell fares.

    `None` is what is not proven. `best` are the cells that keep the value, quick or slow, as far as is known, or those a
    bounded search would play; none where the game is over.
    """

    value: Value | None
    plies: int | None
    best: tuple[int, ...]
    cells: tuple[Choice, ...]

    @property
    def proven(self) -> bool:
        """Whether the value is proven."""
        return self.value is not None


def turned(value: Value) -> Value:
    """Return what is worth that to the other side."""
    return -value


def concluded(
    cells: Sequence[Choice], left: int, *, can_win: bool | None = None, can_lose: bool | None = None
) -> Analysis:
    """Return what follows for the position, so many plies before the board is full, from what is known of each cell.

    `can_win` and `can_lose` are what is known of it otherwise.
    """
    values = {choice.value for choice in cells}
    value: Value | None = None
    if can_win or 1 in values:
        value = 1
    elif can_win is False or None not in values:
        value = 0 if can_lose is False or 0 in values else None if None in values else -1
    best = tuple([choice.cell for choice in cells if value is not None and choice.value == value])
    return Analysis(value, _plies(cells, value, left), best, tuple(cells))


def _plies(cells: Sequence[Choice], value: Value | None, left: int) -> int | None:
    """Return after how many plies a game of that value ends, if every cell that could change it is known."""
    plies = [choice.plies for choice in cells if choice.value == value and choice.plies is not None]
    if value == 0:
        return left
    if value == 1:
        known = all(choice.value is not None and (choice.value != 1 or choice.plies) for choice in cells)
        return min(plies) if plies and (known or min(plies) <= _ALL_SEEN) else None
    return max(plies) if value == -1 and len(plies) == len(cells) else None

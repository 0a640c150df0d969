"""What every game promises, and the games there are."""

from collections.abc import Mapping
from typing import Protocol

from noughts.games.rules import classic
from noughts.games.rules.classic import Mark, Moves, Outcome

__all__ = ["VARIANTS", "Mark", "Moves", "Outcome", "Rules"]


class Rules(Protocol):
    """The rules of one game, kept by a module of pure functions (PEP 544).

    Every function takes a position, the cells played so far in order, and relies on legal moves having
    led to it: whoever takes moves from outside looks for each in `legal` of those before it.
    """

    WIDTH: int
    HEIGHT: int
    CELLS: int
    """How many cells there are, numbered from 0, row by row from the top left."""

    def __hash__(self) -> int:
        """Return a hash, as every module has one: what is worked out for a game is kept by it."""

    def to_move(self, moves: Moves, /) -> Mark:
        """Return the mark of the next ply, also where the game is over."""

    def legal(self, moves: Moves, /) -> tuple[int, ...]:
        """Return the cells that may be played, ascending; none when the game is over."""

    def outcome(self, moves: Moves, /) -> Outcome | None:
        """Return who won, or that it is a draw, or `None` while the game goes on."""

    def line(self, moves: Moves, /) -> tuple[int, ...]:
        """Return the cells of the line the last move completed, ascending; none if it completed none.

        Of several completed at once it is the first: rows before columns before diagonals.
        """

    def board(self, moves: Moves, /) -> tuple[Mark | None, ...]:
        """Return what stands in each cell."""

    def wins(self, moves: Moves, mark: Mark, /) -> tuple[int, ...]:
        """Return the legal cells with which `mark` would win at once, whoever is to move."""


VARIANTS: Mapping[str, Rules] = {"classic": classic}

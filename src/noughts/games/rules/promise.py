"""What every game promises."""

from typing import Protocol

from noughts.games.rules.terms import Mark, Moves, Outcome


class Rules(Protocol):
    """The rules of one game, kept by a module of pure functions (PEP 544) or by an object that never changes.

    Every function takes a position, the cells played so far in order, and relies on legal moves having
    led to it: whoever takes moves from outside looks for each in `legal` of those before it.
    """

    @property
    def NAME(self) -> str:  # noqa: N802 - a module's constant
        """What the variant is called outside."""

    @property
    def WIDTH(self) -> int:  # noqa: N802 - a module's constant
        """How many columns there are."""

    @property
    def HEIGHT(self) -> int:  # noqa: N802 - a module's constant
        """How many rows there are."""

    @property
    def CELLS(self) -> int:  # noqa: N802 - a module's constant
        """How many cells there are, numbered from 0, row by row from the top left."""

    @property
    def LENGTH(self) -> int:  # noqa: N802 - a module's constant
        """How many marks in a row are a line."""

    @property
    def LINE_WINS(self) -> bool:  # noqa: N802 - a module's constant
        """Whether who completes a line has won; otherwise they have lost."""

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

    def losses(self, moves: Moves, mark: Mark, /) -> tuple[int, ...]:
        """Return the legal cells with which `mark` would lose at once, whoever is to move."""

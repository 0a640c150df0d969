"""Three by three the other way round: whoever completes a line has lost."""

from typing import Final

from noughts.games.rules import classic
from noughts.games.rules.terms import Mark, Moves, Outcome

NAME: Final = "misere"
WIDTH, HEIGHT, CELLS, LENGTH = classic.WIDTH, classic.HEIGHT, classic.CELLS, classic.LENGTH
LINE_WINS: Final = False

to_move, legal, line, board = classic.to_move, classic.legal, classic.line, classic.board

losses = classic.wins
"""The legal cells that complete a line of `mark`, whoever is to move."""


def outcome(moves: Moves) -> Outcome | None:
    """Return who did not complete a line, a draw when the board is full, else `None`."""
    if line(moves):
        return "O" if len(moves) % 2 else "X"
    return "draw" if len(moves) == CELLS else None


def wins(_moves: Moves, _mark: Mark) -> tuple[int, ...]:
    """Return no cell: nobody wins by a move of their own."""
    return ()

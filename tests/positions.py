"""Every position of the classic game."""

from functools import cache

from noughts.games.rules import Mark, Moves, classic

Board = tuple[Mark | None, ...]


@cache
def positions() -> dict[Board, Moves]:
    """Return every board that legal play reaches, each with one way there."""
    reached: dict[Board, Moves] = {}
    waiting: list[Moves] = [()]
    for moves in waiting:
        board = classic.board(moves)
        if board not in reached:
            reached[board] = moves
            waiting += [(*moves, cell) for cell in classic.legal(moves)]
    return reached

"""The rules of every game, against an independent reading of them and the known counts."""

from collections import Counter
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st
from tests.positions import Board, positions

from noughts.games.rules import VARIANTS, Mark, Moves, classic

# Spelled another way than in the rules: start and stride.
LINES = [(0, 1), (3, 1), (6, 1), (0, 3), (1, 3), (2, 3), (0, 4), (2, 2)]
CELLS_OF_LINES = [tuple(range(start, start + 3 * stride, stride)) for start, stride in LINES]
TURN = (6, 3, 0, 7, 4, 1, 8, 5, 2)
FLIP = (2, 1, 0, 5, 4, 3, 8, 7, 6)


def has_line(board: Board, mark: Mark) -> bool:
    return any(all(board[cell] == mark for cell in line) for line in CELLS_OF_LINES)


def games(moves: Moves = ()) -> Iterator[Moves]:
    """Yield every game there is, to its end."""
    cells = classic.legal(moves)
    if not cells:
        yield moves
    for cell in cells:
        yield from games((*moves, cell))


def images(board: Board) -> Iterator[Board]:
    """Yield the eight images of a board under the symmetries of the square."""
    for _ in range(4):
        board = tuple(board[cell] for cell in TURN)
        yield board
        yield tuple(board[cell] for cell in FLIP)


@st.composite
def played(draw: st.DrawFn) -> Moves:
    """Draw a position reached by legal moves, finished or not."""
    moves: Moves = ()
    for _ in range(draw(st.integers(0, 9))):
        if cells := classic.legal(moves):
            moves = (*moves, draw(st.sampled_from(cells)))
    return moves


# What every game promises.


def test_every_variant_numbers_its_cells_row_by_row() -> None:
    for rules in VARIANTS.values():
        assert rules.CELLS == rules.WIDTH * rules.HEIGHT == len(rules.board(()))


def test_every_variant_starts_with_x_on_an_empty_board() -> None:
    for rules in VARIANTS.values():
        assert (rules.to_move(()), rules.outcome(()), rules.line(())) == ("X", None, ())
        assert set(rules.board(())) == {None}


# What legal play keeps true.


@given(played())
def test_the_marks_take_turns(moves: Moves) -> None:
    assert classic.to_move(moves) == "XO"[len(moves) % 2]


@given(played())
def test_the_board_shows_each_move_in_its_cell(moves: Moves) -> None:
    board = classic.board(moves)
    assert [board[cell] for cell in moves] == ["XO"[ply % 2] for ply in range(len(moves))]
    assert board.count(None) == 9 - len(moves)


@given(played())
def test_a_legal_cell_is_an_empty_one_and_all_of_them_are_legal_until_the_end(moves: Moves) -> None:
    empty = tuple(cell for cell, mark in enumerate(classic.board(moves)) if mark is None)
    assert classic.legal(moves) == (empty if classic.outcome(moves) is None else ())


@given(played())
def test_a_mark_wins_exactly_when_it_holds_a_line(moves: Moves) -> None:
    board = classic.board(moves)
    outcome = classic.outcome(moves)
    assert (outcome == "X", outcome == "O") == (has_line(board, "X"), has_line(board, "O"))


@given(played())
def test_it_is_a_draw_exactly_when_the_board_is_full_without_a_line(moves: Moves) -> None:
    board = classic.board(moves)
    full_without_line = None not in board and not has_line(board, "X") and not has_line(board, "O")
    assert (classic.outcome(moves) == "draw") == full_without_line


@given(played())
def test_a_line_is_three_cells_of_the_winner_through_the_last_move(moves: Moves) -> None:
    line, board = classic.line(moves), classic.board(moves)
    if classic.outcome(moves) in ("X", "O"):
        assert line in CELLS_OF_LINES
        assert moves[-1] in line
        assert {board[cell] for cell in line} == {classic.outcome(moves)}
    else:
        assert line == ()


@given(played(), st.sampled_from(["X", "O"]))
def test_a_mark_could_win_exactly_where_its_line_lacks_one_cell(moves: Moves, mark: Mark) -> None:
    board = classic.board(moves)
    completing = [
        cell
        for cell in classic.legal(moves)
        if has_line(tuple(mark if at == cell else held for at, held in enumerate(board)), mark)
    ]
    assert classic.wins(moves, mark) == tuple(completing)


@given(played())
def test_a_cell_that_wins_for_the_side_to_move_wins_when_played(moves: Moves) -> None:
    me = classic.to_move(moves)
    won = [cell for cell in classic.legal(moves) if classic.outcome((*moves, cell)) == me]
    assert classic.wins(moves, me) == tuple(won)


@given(st.permutations(range(9)))
def test_turning_the_board_turns_the_game(order: list[int]) -> None:
    for ply in range(10):
        moves = tuple(order[:ply])
        if classic.outcome(moves[:-1]) is None:
            turned = tuple(TURN.index(cell) for cell in moves)
            assert classic.outcome(turned) == classic.outcome(moves)


# Single cases.


def test_two_lines_completed_at_once_show_the_row() -> None:
    assert classic.line((1, 4, 2, 5, 3, 7, 6, 8, 0)) == (0, 1, 2)


def test_the_last_cell_may_win_instead_of_drawing() -> None:
    assert classic.outcome((0, 1, 2, 3, 5, 4, 7, 6, 8)) == "X"


# The known counts.


def test_there_are_5478_positions_in_the_known_numbers_by_ply() -> None:
    by_ply = Counter(len(moves) for moves in positions().values())
    assert [by_ply[ply] for ply in range(10)] == [1, 9, 72, 252, 756, 1260, 1520, 1140, 390, 78]


def test_765_positions_remain_up_to_symmetry() -> None:
    shapes = {frozenset(images(board)) for board in positions()}
    assert len(shapes) == 765


def test_958_positions_are_final() -> None:
    outcomes = Counter(classic.outcome(moves) for moves in positions().values())
    assert outcomes == {"X": 626, "O": 316, "draw": 16, None: 4520}


def test_there_are_255168_games() -> None:
    outcomes = Counter(map(classic.outcome, games()))
    assert outcomes == {"X": 131_184, "O": 77_904, "draw": 46_080}

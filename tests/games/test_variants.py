"""What is true of every variant, on boards of any size, against an independent reading of the rules."""

import re
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noughts.games.rules import VARIANT_PATTERN, VARIANTS, Mark, Moves, Rules, UnknownVariant, names, rules_of
from noughts.games.rules.mnk import MnkRules, mnk

Position = tuple[Rules, Moves]
SIDES = st.integers(3, 15)
MEASURES = st.tuples(SIDES, SIDES, SIDES).filter(lambda it: it[2] <= max(it[:2]) and it != (3, 3, 3))
RULES = st.one_of(st.sampled_from(list(VARIANTS.values())), MEASURES.map(lambda it: mnk(*it)))
SMALL = st.sampled_from([*VARIANTS.values(), *map(rules_of, ("3x4x3", "4x3x3", "4x4x3", "5x4x4"))])
OTHER: dict[Mark, Mark] = {"X": "O", "O": "X"}


def playable(rules: Rules, order: list[int]) -> Moves:
    """Return cells in that order until the game is over."""
    moves: Moves = ()
    for cell in order:
        if rules.outcome(moves) is not None:
            break
        moves = (*moves, cell)
    return moves


@st.composite
def played(draw: st.DrawFn, of: st.SearchStrategy[Rules] = RULES) -> Position:
    """Draw a position reached by legal moves, finished or not; often one with marks close together."""
    rules = draw(of)
    chance, ply = Random(draw(st.integers(0, 1 << 32))), draw(st.integers(0, rules.CELLS))
    order = list(range(rules.CELLS))
    chance.shuffle(order)
    if draw(st.booleans()):
        order.sort(key=lambda cell: (cell // rules.WIDTH + chance.random() * 3, chance.random()))
    return rules, playable(rules, order[:ply])


def runs(rules: Rules, moves: Moves, mark: Mark) -> Iterator[tuple[int, ...]]:
    """Yield every line of a mark, found by walking from each of its cells in each direction."""
    board = rules.board(moves)
    for start in range(rules.CELLS):
        for across, down in ((1, 0), (0, 1), (1, 1), (-1, 1)):
            x, y, line = start % rules.WIDTH, start // rules.WIDTH, []
            while 0 <= x < rules.WIDTH and y < rules.HEIGHT and board[y * rules.WIDTH + x] == mark:
                line.append(y * rules.WIDTH + x)
                x, y = x + across, y + down
            if len(line) >= rules.LENGTH:
                yield tuple(line[: rules.LENGTH])


def mirrored(rules: Rules, cells: Moves) -> Moves:
    return tuple(cell // rules.WIDTH * rules.WIDTH + rules.WIDTH - 1 - cell % rules.WIDTH for cell in cells)


# What legal play keeps true.


@given(played())
def test_marks_take_turns_and_the_board_shows_each(position: Position) -> None:
    rules, moves = position
    assert [rules.board(moves)[cell] for cell in moves] == [rules.to_move(moves[:ply]) for ply in range(len(moves))]
    assert [rules.to_move(moves[:ply]) for ply in range(3)][: len(moves)] == ["X", "O", "X"][: len(moves)]
    assert rules.board(moves).count(None) == rules.CELLS - len(moves)


@given(played())
def test_every_empty_cell_is_legal_until_the_end_and_none_after_it(position: Position) -> None:
    rules, moves = position
    empty = tuple(cell for cell, mark in enumerate(rules.board(moves)) if mark is None)
    assert rules.legal(moves) == (empty if rules.outcome(moves) is None else ())


@given(played())
def test_the_line_is_one_the_last_move_completed(position: Position) -> None:
    rules, moves = position
    found = list(runs(rules, moves, OTHER[rules.to_move(moves)]))
    line = rules.line(moves)
    assert bool(line) == bool(found)
    assert line == () or (line in found and moves[-1] in line and line == tuple(sorted(line)))
    assert not list(runs(rules, moves, rules.to_move(moves)))


@given(played())
def test_the_outcome_follows_from_the_line_and_from_whether_the_board_is_full(position: Position) -> None:
    rules, moves = position
    last = OTHER[rules.to_move(moves)]
    if rules.line(moves):
        assert rules.outcome(moves) == (last if rules.LINE_WINS else OTHER[last])
    else:
        assert rules.outcome(moves) == ("draw" if len(moves) == rules.CELLS else None)


@given(played())
def test_a_cell_wins_or_loses_at_once_exactly_when_playing_it_does(position: Position) -> None:
    rules, moves = position
    me = rules.to_move(moves)
    after = {cell: rules.outcome((*moves, cell)) for cell in rules.legal(moves)}
    assert rules.wins(moves, me) == tuple(cell for cell, outcome in after.items() if outcome == me)
    assert rules.losses(moves, me) == tuple(cell for cell, outcome in after.items() if outcome == OTHER[me])


@given(played())
def test_a_threat_is_a_cell_that_would_win_if_one_passed(position: Position) -> None:
    rules, moves = position
    threats = set(rules.wins(moves, OTHER[rules.to_move(moves)]))
    held = moves[::-2]
    for cell in rules.legal(moves):
        lined = bool(
            rules.line(tuple(spot for pair in zip((*held, cell), (*held, cell), strict=True) for spot in pair))
        )
        assert (cell in threats) == (lined and rules.LINE_WINS)


@given(played())
def test_a_mirrored_game_ends_the_same_way(position: Position) -> None:
    rules, moves = position
    image = mirrored(rules, moves)
    assert rules.outcome(image) == rules.outcome(moves)
    assert set(rules.legal(image)) == set(mirrored(rules, rules.legal(moves)))
    assert set(rules.wins(image, "X")) == set(mirrored(rules, rules.wins(moves, "X")))


@given(played())
def test_moves_fit_two_hexadecimal_digits_each(position: Position) -> None:
    _, moves = position
    assert tuple(bytes.fromhex(bytes(moves).hex())) == moves


# Single cases.


def test_more_than_k_in_a_row_count() -> None:
    rules = rules_of("7x3x3")
    assert rules.outcome((0, 7, 1, 8, 3, 14, 4, 16, 2)) == "X"
    assert rules.line((0, 7, 1, 8, 3, 14, 4, 16, 2)) == (0, 1, 2)


def test_a_row_does_not_go_on_in_the_next() -> None:
    assert rules_of("4x4x3").outcome((2, 12, 3, 13, 4)) is None


def test_who_completes_a_line_loses_misere() -> None:
    misere = rules_of("misere")
    assert misere.losses((0, 3, 1, 4), "X") == (2,)
    assert (misere.outcome((0, 3, 1, 4, 2)), misere.line((0, 3, 1, 4, 2))) == ("O", (0, 1, 2))


# Names.


def test_games_of_the_family_are_called_by_their_measures() -> None:
    rules = rules_of("3x4x3")
    assert (rules.NAME, rules.WIDTH, rules.HEIGHT, rules.LENGTH, rules.CELLS) == ("3x4x3", 3, 4, 3, 12)


@given(RULES)
def test_every_game_is_found_by_its_name_which_looks_like_one(rules: Rules) -> None:
    assert rules_of(rules.NAME) == rules
    assert rules_of(rules.NAME) is rules_of(rules.NAME)
    assert re.search(VARIANT_PATTERN, rules.NAME)


def test_games_of_one_name_are_equal_and_of_another_not() -> None:
    assert MnkRules(4, 4, 3) == MnkRules(4, 4, 3)
    assert hash(MnkRules(4, 4, 3)) == hash(MnkRules(4, 4, 3))
    assert MnkRules(4, 4, 3) != MnkRules(4, 4, 4)


def test_two_games_have_names_of_their_own() -> None:
    assert names() == ("classic", "misere")


@pytest.mark.parametrize(
    "name",
    [
        *("", "Classic", "3x3x3", "2x5x2", "5x2x3", "16x15x5", "15x16x5", "4x4x5", "4x4x2", "4x4", "4x4x4x4"),
        *("04x4x4", "4x4x4 ", "4x4x4\n", "4X4X4", "٤x٤x٤", "4x4x-3", "4.0x4x4", "classic\n"),
    ],
)
def test_what_is_no_game_is_refused(name: str) -> None:
    with pytest.raises(UnknownVariant):
        rules_of(name)

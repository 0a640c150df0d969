"""Exact values of small games, against plain minimax and what is known; threats and looking ahead on large boards."""

from collections.abc import Iterator
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.positions import positions

from noughts.games.engine import LEVELS, Analysis, Choice, analysis, best, choose, odds, verdict
from noughts.games.engine.levels import Level
from noughts.games.engine.small import proven
from noughts.games.rules import Moves, Rules, classic, misere, rules_of
from noughts.games.rules.mnk import MnkRules

THREES = MnkRules(3, 3, 3)
TWELVE = rules_of("3x4x3")
FIVES = rules_of("15x15x5")
UNFINISHED = [moves for moves in positions().values() if classic.legal(moves)]


@cache
def plainly(rules: Rules, moves: Moves) -> tuple[int, int]:
    """Return value and plies by minimax, as the definition has it; the same for every order of the moves."""
    if tuple(sorted(moves[::2])) + tuple(sorted(moves[1::2])) != moves[::2] + moves[1::2]:
        marks = sorted(moves[::2]), sorted(moves[1::2])
        ordered = tuple(marks[ply % 2][ply // 2] for ply in range(len(moves)))
        if rules.outcome(moves) is None:
            return plainly(rules, ordered)
    if outcome := rules.outcome(moves):
        return (0 if outcome == "draw" else 1 if outcome == rules.to_move(moves) else -1, 0)
    replies = [plainly(rules, (*moves, cell)) for cell in rules.legal(moves)]
    value = max(-reply for reply, _ in replies)
    plies = [1 + length for reply, length in replies if reply == -value]
    return value, min(plies) if value > 0 else max(plies)


def plainly_analysed(rules: Rules, moves: Moves) -> Analysis:
    value, plies = plainly(rules, moves)
    after = [(cell, plainly(rules, (*moves, cell))) for cell in rules.legal(moves)]
    cells = tuple(Choice(cell, -reply, length + 1) for cell, (reply, length) in after)
    return Analysis(value, plies, tuple(choice.cell for choice in cells if choice.value == value), cells)


def at_random(rules: Rules, seed: int, plies: int) -> Moves:
    """Return a running game, so many plies at most after its start."""
    chance, moves = Random(seed), ()
    while len(moves) < plies:
        moves = (*moves, chance.choice(rules.legal(moves)))
        if rules.outcome(moves) is not None:
            return moves[:-1]
    return moves


def upside_down(rules: Rules, cells: Moves) -> Moves:
    return tuple(rules.CELLS - 1 - cell for cell in cells)


def replies(rules: Rules, moves: Moves) -> Iterator[Moves]:
    return ((*moves, cell) for cell in rules.legal(moves))


# Three by three.


@given(st.sampled_from(UNFINISHED))
def test_the_analysis_of_three_by_three_is_plain_minimax(moves: Moves) -> None:
    assert analysis(classic, moves) == plainly_analysed(classic, moves)


@given(st.integers(0, 1 << 32), st.integers(0, 9))
def test_the_analysis_of_misere_is_plain_minimax(seed: int, plies: int) -> None:
    moves = at_random(misere, seed, plies)
    assert analysis(misere, moves) == plainly_analysed(misere, moves)


def test_misere_is_a_draw_and_only_the_centre_keeps_it() -> None:
    found = analysis(misere, ())
    assert (found.value, found.plies, found.best, found.proven) == (0, 9, (4,), True)


def test_both_games_of_three_by_three_have_a_value_for_each_of_their_positions() -> None:
    assert [verdict(rules, ()).value for rules in (classic, misere)] == [0, 0]
    assert verdict(misere, (0,)).value == 1


def test_a_finished_game_is_worth_what_it_ended_in() -> None:
    assert analysis(classic, (0, 3, 1, 4, 2)) == Analysis(-1, 0, (), ())
    assert analysis(misere, (0, 3, 1, 4, 2)) == Analysis(1, 0, (), ())
    assert analysis(classic, (0, 1, 2, 4, 3, 5, 7, 6, 8)) == Analysis(0, 0, (), ())


# Small boards.


@given(st.sampled_from(UNFINISHED))
def test_what_is_proven_of_three_by_three_is_what_the_table_says(moves: Moves) -> None:
    assert proven(THREES, moves, 10_000) == analysis(classic, moves)


@given(st.integers(0, 1 << 32), st.integers(3, 12))
@settings(deadline=None)
def test_what_is_proven_of_three_by_four_is_plain_minimax(seed: int, plies: int) -> None:
    moves = at_random(TWELVE, seed, plies)
    assert analysis(TWELVE, moves) == plainly_analysed(TWELVE, moves)


@given(st.sampled_from(["3x4x3", "4x4x4", "4x4x3", "3x5x4"]), st.integers(0, 1 << 32), st.integers(2, 12))
@settings(deadline=None, max_examples=30)
def test_a_board_turned_upside_down_is_worth_the_same(name: str, seed: int, plies: int) -> None:
    rules = rules_of(name)
    moves = at_random(rules, seed, plies)
    here, there = analysis(rules, moves), analysis(rules, upside_down(rules, moves))
    assert (there.value, there.plies) == (here.value, here.plies)
    assert set(there.best) == set(upside_down(rules, here.best))


@pytest.mark.parametrize(
    ("name", "value", "plies"),
    [
        *(("3x4x3", 1, 7), ("4x3x3", 1, 7), ("4x4x3", 1, 5), ("5x5x3", 1, 5)),
        *(("3x5x4", 0, 15), ("4x4x4", 0, 16), ("5x5x5", 0, 25)),
    ],
)
def test_small_games_have_their_known_values(name: str, value: int, plies: int) -> None:
    found = analysis(rules_of(name), ())
    assert (found.value, found.plies) == (value, plies)


@pytest.mark.slow  # half a second to two
@pytest.mark.parametrize("name", ["4x5x4", "5x4x4"])
def test_four_in_a_row_on_four_by_five_is_a_draw(name: str) -> None:
    assert analysis(rules_of(name), ()).value == 0


@pytest.mark.slow  # eight to twenty seconds
def test_four_in_a_row_on_six_by_five_is_won_by_the_first_player() -> None:
    assert analysis(rules_of("6x5x4"), (), 600_000).value == 1


def test_what_cannot_be_proven_in_time_is_said_to_be_unknown() -> None:
    found = analysis(rules_of("6x6x4"), (), 500)
    assert (found.value, found.plies, found.proven) == (None, None, False)
    assert set(found.best) <= set(range(36))
    assert found.best


def test_the_same_question_has_the_same_answer() -> None:
    for name in ("5x5x4", "15x15x5"):
        moves = at_random(rules_of(name), 1, 6)
        assert analysis(rules_of(name), moves, 1_000) == analysis(rules_of(name), moves, 1_000)


# Large boards.


def test_the_first_mark_goes_into_the_middle() -> None:
    assert best(FIVES, ()) == (112,)


def test_four_in_a_row_are_made_five() -> None:
    found = analysis(FIVES, (112, 0, 113, 1, 114, 2, 115, 3))
    assert (found.value, found.plies, found.best) == (1, 1, (111, 116))


def test_an_open_three_is_won_in_three_plies() -> None:
    found = analysis(FIVES, (112, 0, 113, 1, 114, 2))
    assert (found.value, found.plies) == (1, 3)
    for reply in replies(FIVES, (112, 0, 113, 1, 114, 2, found.best[0])):
        assert FIVES.wins(reply, "X")


def test_an_open_three_is_stopped() -> None:
    moves = (112, 0, 113, 1, 114)
    found = analysis(FIVES, moves)
    assert set(found.best) <= {110, 111, 115, 116}
    lost = {choice.cell for choice in found.cells if choice.value == -1}
    assert len(lost) > 200
    assert not lost & set(found.best)


def test_a_four_is_stopped_and_everything_else_is_known_to_lose() -> None:
    found = analysis(FIVES, (112, 111, 113, 0, 114, 1, 115))
    assert found.best == (116,)
    assert {choice.cell for choice in found.cells if choice.value is None} == {116}


def test_an_open_four_is_known_to_be_lost_but_not_given_up() -> None:
    found = analysis(FIVES, (112, 0, 113, 1, 114, 2, 115))
    assert (found.value, found.plies) == (-1, 2)
    assert set(found.best) <= {111, 116}


def test_two_open_twos_that_cross_are_made_a_double_threat() -> None:
    moves = (112, 0, 113, 14, 96, 210, 81, 224)  # Two in a row, two up a column: 111 completes both threes.
    cell = choose(FIVES, moves, 7, Random(1))
    for reply in replies(FIVES, (*moves, cell)):
        assert analysis(FIVES, reply, 2_000).value == 1


@given(st.integers(0, 1 << 32), st.integers(10, 40))
@settings(deadline=None, max_examples=20)
def test_a_win_by_threats_is_one_against_every_reply(seed: int, plies: int) -> None:
    rules = rules_of("9x9x4")
    moves = at_random(rules, seed, plies)
    found = analysis(rules, moves, 500)
    if found.value == 1 and found.plies == 3:
        for reply in replies(rules, (*moves, found.best[0])):
            assert rules.wins(reply, rules.to_move(moves))


@given(
    st.sampled_from(["15x15x5", "7x7x4", "15x3x3", "3x15x15", "15x15x15"]), st.integers(0, 1 << 32), st.integers(0, 60)
)
@settings(deadline=None, max_examples=30)
def test_the_best_cells_are_legal_ones(name: str, seed: int, plies: int) -> None:
    rules = rules_of(name)
    found = analysis(rules, at_random(rules, seed, plies), 200)
    assert found.best
    assert set(found.best) <= {choice.cell for choice in found.cells} == set(rules.legal(at_random(rules, seed, plies)))


# Opponents in other games.


def test_who_sees_lines_avoids_them_misere() -> None:
    assert 2 not in odds(misere, (0, 3, 1, 4), Level(0, 1, 0))
    assert odds(misere, (0, 3, 1, 4), Level(0, 0, 0)) == dict.fromkeys((2, 5, 6, 7, 8), 0.2)


@pytest.mark.parametrize("level", [6, 7])
def test_the_perfect_levels_never_give_value_away_misere(level: int) -> None:
    for moves in positions().values():
        if misere.legal(moves):
            assert set(odds(misere, moves, LEVELS[level])) <= set(best(misere, moves))


@given(st.sampled_from(["3x4x3", "4x4x4", "9x9x5"]), st.integers(0, 1 << 32), st.integers(0, 11), st.floats(0, 1))
@settings(deadline=None, max_examples=30)
def test_odds_add_up_to_one_on_any_board(name: str, seed: int, plies: int, share: float) -> None:
    rules = rules_of(name)
    moves = at_random(rules, seed, plies)
    chances = odds(rules, moves, Level(share, share, share, nodes=200))
    assert sum(chances.values()) == pytest.approx(1)
    assert set(chances) <= set(rules.legal(moves))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_level_7_beats_level_3_at_five_in_a_row_with_either_mark(seed: int) -> None:
    chance, moves = Random(seed), ()
    while FIVES.outcome(moves) is None:
        moves = (*moves, choose(FIVES, moves, 7 if len(moves) % 2 == seed else 3, chance))
    assert FIVES.outcome(moves) == "XO"[seed]

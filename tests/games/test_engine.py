"""Exact values, and opponents measured by recursion over their odds instead of by sampling."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.positions import Board, positions

from noughts.games.engine import LEVELS, Level, UnknownLevel, Verdict, best, choose, odds, pause_ms, verdict
from noughts.games.engine.tables import table
from noughts.games.rules import Moves, Outcome, classic

Shares = dict[Outcome, float]

RANDOM, CASUAL, PERFECT, TRAPPER = LEVELS[1], LEVELS[3], LEVELS[6], LEVELS[7]
WINS_AND_BLOCKS = Level(win=1, block=1, best=0)

POSITIONS = positions()
UNFINISHED = [moves for moves in POSITIONS.values() if classic.legal(moves)]


def between(x: Level, o: Level) -> Shares:
    """Return the share of games between two opponents that end in each outcome, exactly."""
    known: dict[Board, Shares] = {}

    def shares(moves: Moves) -> Shares:
        if end := classic.outcome(moves):
            return {end: 1}
        board = classic.board(moves)
        if board not in known:
            total: Shares = {"X": 0, "O": 0, "draw": 0}
            for cell, chance in odds(classic, moves, o if len(moves) % 2 else x).items():
                for outcome, share in shares((*moves, cell)).items():
                    total[outcome] += chance * share
            known[board] = total
        return known[board]

    return shares(())


def percent(shares: Shares) -> tuple[float, float, float]:
    return (round(100 * shares["X"], 1), round(100 * shares["draw"], 1), round(100 * shares["O"], 1))


def against(level: Level, other: Level) -> tuple[float, float, float]:
    """Return the share of wins, draws and losses of `level`, the mean of both marks."""
    as_x, as_o = between(level, other), between(other, level)
    return (
        (as_x["X"] + as_o["O"]) / 2,
        (as_x["draw"] + as_o["draw"]) / 2,
        (as_x["O"] + as_o["X"]) / 2,
    )


def ends(perfect: int, moves: Moves = ()) -> Iterator[Outcome]:
    """Yield the end of every game of level 6 with one mark against whatever may be played."""
    if end := classic.outcome(moves):
        yield end
    mine = len(moves) % 2 == perfect
    for cell in odds(classic, moves, PERFECT) if mine else classic.legal(moves):
        yield from ends(perfect, (*moves, cell))


def plainly_best(moves: Moves) -> tuple[int, int]:
    """Return value and plies by minimax without a table, as the definition has it."""
    if end := classic.outcome(moves):
        return (0 if end == "draw" else -1, 0)
    replies = [plainly_best((*moves, cell)) for cell in classic.legal(moves)]
    value = max(-reply for reply, _ in replies)
    plies = [1 + length for reply, length in replies if reply == -value]
    return value, min(plies) if value > 0 else max(plies)


# What positions are worth.


def test_the_game_is_a_draw() -> None:
    assert verdict(classic, ()) == Verdict(0, 9)


def test_the_side_to_move_has_won_2836_lost_1574_and_drawn_1068_positions() -> None:
    values = Counter(verdict(classic, moves).value for moves in POSITIONS.values())
    assert values == {1: 2836, -1: 1574, 0: 1068}


def test_every_position_has_a_score_and_nothing_else_has() -> None:
    assert len(table(classic)) == 3**9
    assert len(table(classic)) - table(classic).count(0) == len(POSITIONS) == 5478


def test_the_table_is_worked_out_once() -> None:
    assert table(classic) is table(classic)


def test_values_and_distances_are_those_of_plain_minimax() -> None:
    for moves in POSITIONS.values():
        if len(moves) >= 3:
            found = verdict(classic, moves)
            assert (found.value, found.plies) == plainly_best(moves)


def test_every_first_cell_keeps_the_draw() -> None:
    assert best(classic, ()) == tuple(range(9))


def test_only_the_centre_answers_a_corner() -> None:
    assert best(classic, (0,)) == (4,)


def test_a_slow_win_is_as_good_a_cell_as_a_quick_one() -> None:
    moves = (0, 1, 3, 2)  # X wins at once with 6, or keeps two threats with 4.
    assert {4, 6} <= set(best(classic, moves))


def test_no_cell_is_best_where_the_game_is_over() -> None:
    assert best(classic, (0, 3, 1, 4, 2)) == ()


@given(st.sampled_from(UNFINISHED))
def test_a_best_cell_keeps_the_value_and_any_other_loses_some(moves: Moves) -> None:
    value = verdict(classic, moves).value
    for cell in classic.legal(moves):
        kept = -verdict(classic, (*moves, cell)).value
        assert (kept == value) if cell in best(classic, moves) else (kept < value)


# What opponents play.


@given(st.sampled_from(UNFINISHED), st.builds(Level, *[st.floats(0, 1)] * 3))
def test_odds_are_of_legal_cells_and_add_up_to_one(moves: Moves, level: Level) -> None:
    chances = odds(classic, moves, level)
    assert set(chances) <= set(classic.legal(moves))
    assert sum(chances.values()) == pytest.approx(1)
    assert min(chances.values()) >= 0


def test_level_1_plays_any_cell_uniformly() -> None:
    for moves in UNFINISHED:
        cells = classic.legal(moves)
        assert odds(classic, moves, RANDOM) == dict.fromkeys(cells, 1 / len(cells))


def test_a_seen_win_comes_before_a_seen_threat() -> None:
    assert odds(classic, (0, 3, 1, 4), Level(1, 1, 0)) == {2: 1}


def test_a_seen_threat_is_blocked() -> None:
    assert odds(classic, (0, 4, 1), Level(1, 1, 0)) == {2: 1}


def test_an_overlooked_win_leaves_the_threat_to_be_seen() -> None:
    chances = odds(classic, (0, 3, 1, 4), Level(0.9, 0.2, 0))
    assert chances == pytest.approx({2: 0.9 + 0.016, 5: 0.02 + 0.016, 6: 0.016, 7: 0.016, 8: 0.016})


def test_an_overlooked_threat_leaves_any_cell_and_not_the_best() -> None:
    chances = odds(classic, (0, 4, 1), Level(1, 0.4, 1))
    assert chances == pytest.approx({2: 0.5, 3: 0.1, 5: 0.1, 6: 0.1, 7: 0.1, 8: 0.1})


def test_a_cell_of_best_value_is_found_as_often_as_the_level_says() -> None:
    chances = odds(classic, (0,), Level(1, 1, 0.2))
    assert chances == pytest.approx({4: 0.3} | dict.fromkeys((1, 2, 3, 5, 6, 7, 8), 0.1))


def test_the_perfect_level_plays_every_cell_of_best_value_alike() -> None:
    assert odds(classic, (), PERFECT) == dict.fromkeys(range(9), 1 / 9)


def test_the_perfect_level_never_gives_value_away() -> None:
    for moves in UNFINISHED:
        assert set(odds(classic, moves, PERFECT)) <= set(best(classic, moves))


# How they fare.


def test_random_play_against_random_play() -> None:
    assert percent(between(RANDOM, RANDOM)) == (58.5, 12.7, 28.8)


@pytest.mark.parametrize(("mark", "loss"), [(0, "O"), (1, "X")])
def test_level_6_never_loses_whatever_is_played(mark: int, loss: Outcome) -> None:
    outcomes = Counter(ends(mark))
    assert outcomes[loss] == 0
    assert len(outcomes) == 2


def test_level_6_as_x_against_a_player_who_only_wins_and_blocks() -> None:
    assert percent(between(PERFECT, WINS_AND_BLOCKS)) == (77.5, 22.5, 0)


def test_level_6_as_o_against_a_player_who_only_wins_and_blocks() -> None:
    assert percent(between(WINS_AND_BLOCKS, PERFECT)) == (0, 83.5, 16.5)


def test_level_7_as_x_against_a_player_who_only_wins_and_blocks() -> None:
    assert percent(between(TRAPPER, WINS_AND_BLOCKS)) == (92.7, 7.3, 0)


def test_level_7_as_o_against_a_player_who_only_wins_and_blocks() -> None:
    assert percent(between(WINS_AND_BLOCKS, TRAPPER)) == (0, 74.0, 26.0)


@pytest.mark.parametrize(
    ("level", "points", "shares"),
    [
        (1, 0.138, (7, 15, 79)),
        (2, 0.245, (16, 17, 67)),
        (3, 0.500, (31, 38, 31)),
        (4, 0.617, (39, 45, 16)),
        (5, 0.713, (47, 48, 5)),
        (6, 0.752, (50, 50, 0)),
        (7, 0.798, (60, 40, 0)),
    ],
)
def test_levels_score_what_they_promise_against_a_casual_player(
    level: int, points: float, shares: tuple[int, int, int]
) -> None:
    won, drawn, lost = against(LEVELS[level], CASUAL)
    assert round(won + drawn / 2, 3) == points
    assert tuple(round(100 * share) for share in (won, drawn, lost)) == shares


def test_no_level_beats_level_7_or_6() -> None:
    for perfect in (PERFECT, TRAPPER):
        for level in LEVELS.values():
            assert against(perfect, level)[2] == 0


# Choosing one cell.


class Grid(Random):
    """A source of chance that goes through [0, 1) in even steps."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.draws = iter([(step + 0.5) / steps for step in range(steps)])

    def random(self) -> float:
        return next(self.draws)


@pytest.mark.parametrize("level", [1, 6, 7, 99])
@pytest.mark.parametrize("moves", [(), (0, 3, 1, 4), (0, 4, 1), (0,), (4, 0)])
def test_cells_are_chosen_as_often_as_the_odds_say(monkeypatch: pytest.MonkeyPatch, moves: Moves, level: int) -> None:
    monkeypatch.setitem(LEVELS, 99, Level(win=1, block=0.4, best=0.5))  # The others' odds are even.
    steps, chances = 5040, odds(classic, moves, LEVELS[level])
    grid = Grid(steps)
    chosen = Counter(choose(classic, moves, level, grid) for _ in range(steps))
    assert chosen == {cell: round(steps * chance) for cell, chance in chances.items()}


def test_the_same_chance_chooses_the_same_cell() -> None:
    assert choose(classic, (), 1, Random(7)) == choose(classic, (), 1, Random(7))


def test_there_are_only_the_levels_there_are() -> None:
    with pytest.raises(UnknownLevel):
        choose(classic, (), 8, Random(7))


def test_nothing_can_be_chosen_where_the_game_is_over() -> None:
    with pytest.raises(IndexError):
        choose(classic, (0, 3, 1, 4, 2), 6, Random(7))


# Taking time.


@given(st.sampled_from(UNFINISHED), st.integers(0, 1 << 32))
def test_a_pause_takes_300_to_900_milliseconds(moves: Moves, seed: int) -> None:
    assert 300 <= pause_ms(classic, moves, Random(seed)) <= 900


def test_a_hard_position_takes_longer_than_one_where_any_cell_will_do() -> None:
    only_the_centre, anything, a_win = (0,), (), (0, 3, 1, 4)
    for seed in range(20):
        hard = pause_ms(classic, only_the_centre, Random(seed))
        assert hard > pause_ms(classic, anything, Random(seed))
        assert hard > pause_ms(classic, a_win, Random(seed))

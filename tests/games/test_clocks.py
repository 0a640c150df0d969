"""Time to think: what is left, when it is over, and that nobody gains any."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import boards
from tests.boards import after, playing
from tests.fakes import NOON

from noughts.games.model import clocks, lives, offers
from noughts.games.model.clocks import Clock, Days, Turn
from noughts.games.model.games import Game
from noughts.games.rules import Mark

MINUTE = Clock(60_000, 1_000)
TIMES = (Turn(30_000), MINUTE, Clock(5_000), Days(3))


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def full_ms(time: clocks.Time) -> int:
    return {Turn: 30_000, Days: 3 * 86_400_000}.get(type(time), getattr(time, "initial_ms", 0))


def left(game: Game) -> tuple[int | None, int | None]:
    return game.x_ms, game.o_ms


@pytest.mark.parametrize("time", [None, *TIMES])
def test_what_is_written_of_a_time_is_read_again(time: clocks.Time | None) -> None:
    assert clocks.read(clocks.written(time)) == time


@pytest.mark.parametrize("time", TIMES)
def test_time_runs_for_x_from_when_both_are_there(time: clocks.Time) -> None:
    waiting = boards.opened(time)
    assert (left(waiting), waiting.deadline) == ((None, None), None)
    game = lives.joined(waiting, boards.OTHER_ONE, NOON + seconds(100))
    assert left(game) == (full_ms(time), full_ms(time))
    assert game.deadline == NOON + seconds(100) + timedelta(milliseconds=full_ms(time))


def test_without_a_clock_nobody_is_ever_late() -> None:
    game = playing()
    assert clocks.flagged(game, NOON + timedelta(days=1_000)) is game
    assert after(game, 0, at=NOON + timedelta(days=1_000)).deadline is None


@pytest.mark.parametrize("time", [Turn(30_000), Days(3)])
def test_each_turn_has_its_own_time(time: clocks.Time) -> None:
    game = after(playing(time), 0, 4, every=seconds(20), at=NOON + seconds(20))
    assert left(game) == (full_ms(time), full_ms(time))
    assert game.deadline == NOON + seconds(40) + timedelta(milliseconds=full_ms(time))


def test_of_a_clock_is_taken_what_a_move_took_and_the_increment_given() -> None:
    game = after(playing(MINUTE), 0, at=NOON + seconds(10))
    assert (left(game), game.deadline) == ((51_000, 60_000), NOON + seconds(70))
    game = after(game, 4, at=NOON + seconds(13.25))
    assert (left(game), game.deadline) == ((51_000, 57_750), NOON + seconds(13.25 + 51))


def test_who_is_to_move_has_less_by_the_time_that_passes_and_the_other_has_not() -> None:
    game = after(playing(MINUTE), 0, at=NOON + seconds(10))
    assert [clocks.left_ms(game, mark, NOON + seconds(30)) for mark in ("X", "O")] == [51_000, 40_000]
    assert clocks.left_ms(game, "O", NOON + seconds(1_000)) == 0


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("plies", [0, 1, 2])
def test_at_the_deadline_and_not_a_millisecond_before_who_is_to_move_has_lost(time: clocks.Time, plies: int) -> None:
    game = after(playing(time), *boards.DRAWN[:plies])
    assert game.deadline is not None
    assert clocks.flagged(game, game.deadline - timedelta(milliseconds=1)) is game
    over = clocks.flagged(game, game.deadline)
    assert (over.status, over.reason, over.turn, over.deadline) == ("finished", "timeout", None, None)
    assert over.result == ("O" if game.turn == "X" else "X")
    assert left(over)[0 if game.turn == "X" else 1] == 0
    assert over.seq == game.seq + 1
    assert clocks.flagged(over, game.deadline + seconds(1)) is over


def test_what_ended_otherwise_ends_no_more_by_time() -> None:
    game = after(playing(MINUTE), 0)
    for over in (lives.resigned(game, "X", NOON), offers.drawn(game, NOON), lives.called_off(game, NOON)):
        assert over.deadline is None
        assert clocks.flagged(over, NOON + seconds(10_000)) is over


def test_who_takes_back_on_their_own_turn_has_not_won_the_time_they_thought() -> None:
    game = after(playing(MINUTE), 0, 4)
    back = offers.taken_back(game, "X", NOON + seconds(30))
    assert clocks.left_ms(back, "X", NOON + seconds(30)) == clocks.left_ms(game, "X", NOON + seconds(30))


def test_who_lets_the_other_take_back_has_not_won_the_time_they_thought() -> None:
    game = after(playing(MINUTE), 0)
    back = offers.taken_back(game, "X", NOON + seconds(30))
    assert clocks.left_ms(back, "O", NOON + seconds(30)) == 30_000


@pytest.mark.parametrize("time", [Turn(30_000), Days(3)])
def test_a_turn_taken_back_goes_on_where_it_is_the_same_persons(time: clocks.Time) -> None:
    game = after(playing(time), 0, 4)
    assert offers.taken_back(game, "X", NOON + seconds(20)).deadline == game.deadline
    begun = after(game, 8, at=NOON + seconds(20))
    back = offers.taken_back(begun, "X", NOON + seconds(25))
    assert back.deadline == NOON + seconds(25) + timedelta(milliseconds=full_ms(time))


Step = tuple[str, int]
STEPS = st.lists(st.tuples(st.sampled_from(("move", "move", "X", "O")), st.integers(0, 4_000)), max_size=30)


@given(STEPS)
def test_nobody_ever_has_more_than_they_began_with_and_the_increments_of_their_moves(steps: list[Step]) -> None:
    game, at, moves = playing(MINUTE, variant="15x15x5"), NOON, {"X": 0, "O": 0}
    for what, ms in steps:
        before = {mark: clocks.left_ms(game, mark, at) for mark in moves}
        at += timedelta(milliseconds=ms)
        game = clocks.flagged(game, at)
        if game.turn is None:
            break
        mover: Mark = game.turn
        if what == "move":
            moves[mover] += 1
            game = after(game, game.rules.legal(game.cells)[0], at=at)
        elif game.ply >= 2:
            game = offers.taken_back(game, "X" if what == "X" else "O", at)
        for mark, made in moves.items():
            gained = 1_000 if what == "move" and mark == mover else 0
            spent = ms if mark == mover else 0
            assert clocks.left_ms(game, mark, at) <= before[mark] - spent + gained
            assert clocks.left_ms(game, mark, at) <= 60_000 + 1_000 * made

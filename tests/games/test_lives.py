"""The life of a game beside its moves: called off, claimed, declined, followed by the next of a series."""

from datetime import timedelta

import msgspec
import pytest
from tests import boards
from tests.boards import OTHER_ONE, OWNER, after, playing
from tests.fakes import NOON

from noughts.games.model import clocks, lives, offers, series
from noughts.games.model.clocks import Clock
from noughts.games.model.games import Game, GameId, GameOver
from noughts.games.model.lives import GONE, NothingToClaim, TooLateToAbort
from noughts.kit.errors import Forbidden, NotFound, Problem
from noughts.kit.tokens import UserId
from noughts.ports.messages import Points, Series

NEXT = GameId("next")
MINUTE = Clock(60_000, 1_000)
MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.parametrize("cells", [(), (0,)])
def test_before_both_have_moved_a_game_is_called_off_by_either(cells: tuple[int, ...]) -> None:
    game = after(playing(MINUTE), *cells)
    off = lives.aborted(game, NOON)
    assert (off.status, off.result, off.reason, off.turn, off.deadline) == ("aborted", None, None, None, None)
    assert (off.seq, off.moves) == (game.seq + 1, game.moves)
    assert lives.aborted(off, NOON) is off


def test_later_it_is_not_nor_once_it_is_over() -> None:
    with pytest.raises(TooLateToAbort):
        lives.aborted(after(playing(), 0, 4), NOON)
    with pytest.raises(GameOver):
        lives.aborted(lives.resigned(after(playing(), 0), "X", NOON), NOON)


def test_moves_taken_back_make_it_young_again() -> None:
    game = offers.taken_back(after(playing(), 0, 4), "X", NOON)
    assert lives.aborted(game, NOON).status == "aborted"


GONE_ONE = after(playing(), 0)
CLAIMS: list[tuple[str, Game, timedelta, bool]] = [
    ("they are here", GONE_ONE, GONE, True),
    ("not for long enough", GONE_ONE, GONE - MILLISECOND, False),
    ("it is the claimant's turn", playing(), GONE, False),
    ("a clock decides", after(playing(Clock(10_800_000)), 0), GONE, False),
    ("nobody was ever there", boards.opened(), GONE, False),
]


@pytest.mark.parametrize(("game", "after_s", "there"), [row[1:] for row in CLAIMS], ids=[row[0] for row in CLAIMS])
def test_there_is_nothing_to_claim(game: Game, after_s: timedelta, there: bool) -> None:  # noqa: FBT001 - a table
    with pytest.raises(NothingToClaim):
        lives.claimed(game, "X", NOON + after_s, opponent_is_there=there)


def test_of_who_is_gone_for_ten_minutes_the_game_is_won() -> None:
    won = lives.claimed(GONE_ONE, "X", NOON + GONE, opponent_is_there=False)
    assert (won.status, won.result, won.reason, won.turn) == ("finished", "X", "abandoned", None)
    assert lives.claimed(won, "X", NOON + GONE, opponent_is_there=False) is won
    assert lives.claimed(won, "O", NOON + GONE, opponent_is_there=True) is won


def challenge() -> Game:
    return boards.opened(seat="invite", opponent=OTHER_ONE)


def test_a_challenge_is_declined_by_who_was_challenged_and_once() -> None:
    off = lives.declined(challenge(), OTHER_ONE, NOON)
    assert (off.status, off.seq) == ("aborted", 1)
    assert lives.declined(off, OTHER_ONE, NOON) is off


@pytest.mark.parametrize(
    ("game", "by", "problem"),
    [
        (challenge(), OWNER, Forbidden),
        (challenge(), UserId("nobody"), Forbidden),
        (boards.opened(), OTHER_ONE, Forbidden),
        (lives.joined(challenge(), OTHER_ONE, NOON), OTHER_ONE, GameOver),
    ],
)
def test_nothing_else_is_declined(game: Game, by: UserId, problem: type[Problem]) -> None:
    with pytest.raises(problem):
        lives.declined(game, by, NOON)


def numbered(number: int = 1) -> Game:
    return msgspec.structs.replace(playing(MINUTE, rated=True), series_no=number)


def test_a_rated_match_is_four_games_with_sides_swapped() -> None:
    game, marks = playing(MINUTE, rated=True), ["X"]
    while lives.goes_on(over := lives.resigned(game, "X", NOON)):
        game = lives.follows(over, GameId(f"game{len(marks)}"), NOON)
        marks.append(game.mark)
        assert (game.series_id, game.series_no, game.rated, game.time) == ("game", len(marks), True, "clock:60000+1000")
        assert (game.x_ms, game.o_ms, game.deadline) == (60_000, 60_000, NOON + timedelta(minutes=1))
    assert marks == ["X", "O", "X", "O"]
    again = lives.follows(over, NEXT, NOON)
    assert (again.series_id, again.series_no, again.mark) == (NEXT, 1, "X")


@pytest.mark.parametrize(
    "game", [playing(), playing(rated=True, variant="misere"), boards.opened(seat="computer", level=3, rated=True)]
)
def test_nothing_else_is_a_series(game: Game) -> None:
    assert (game.series_id, game.series_no) == (None, None)
    assert not lives.goes_on(lives.resigned(game, "X", NOON))
    again = lives.follows(lives.resigned(game, "X", NOON), NEXT, NOON)
    assert (again.series_id, again.series_no, again.rated) == (None, None, game.rated)


def test_a_series_goes_on_after_a_line_a_draw_or_giving_up() -> None:
    assert lives.goes_on(after(numbered(), 0, 3, 1, 4, 2))
    assert lives.goes_on(after(numbered(), *boards.DRAWN))
    assert lives.goes_on(offers.drawn(numbered(), NOON))
    assert lives.goes_on(lives.resigned(numbered(3), "O", NOON))


def test_it_ends_with_the_fourth_and_where_somebody_is_gone() -> None:
    late = NOON + timedelta(hours=1)
    over = lives.resigned(numbered(), "X", NOON)
    assert not lives.goes_on(numbered())
    assert not lives.goes_on(lives.resigned(numbered(4), "X", NOON))
    assert not lives.goes_on(clocks.flagged(numbered(), late))
    assert not lives.goes_on(lives.aborted(numbered(), NOON))
    assert not lives.goes_on(msgspec.structs.replace(over, reason="abandoned"))
    assert not lives.goes_on(msgspec.structs.replace(over, opponent_id=None))


def test_the_match_stands_as_its_games_ended_whoever_plays_which_mark() -> None:
    game, stood = playing(MINUTE, rated=True), []
    ends = (
        lambda game: lives.resigned(game, "O", NOON),  # the owner has X, and wins
        lambda game: offers.drawn(game, NOON),
        lambda game: lives.resigned(game, "X", NOON),  # the other one wins with O
        lambda game: lives.resigned(game, "O", NOON),  # and with X
    )
    for number, end in enumerate(ends, 1):
        before, over = series.standing(game), series.standing(end(game))
        assert before is not None
        assert over is not None
        stood.append((before.score, over.score))
        assert (over.game, over.of) == (number, 4)
        game = lives.follows(end(game), GameId(f"game{number}"), NOON)
    assert stood == [
        (Points(X=0, O=0), Points(X=1, O=0)),
        (Points(X=0, O=1), Points(X=0.5, O=1.5)),
        (Points(X=1.5, O=0.5), Points(X=1.5, O=1.5)),
        (Points(X=1.5, O=1.5), Points(X=2.5, O=1.5)),
    ]
    assert series.standing(game) == Series(game.id, 1, 4, Points(X=0, O=0))  # another match


def test_what_is_called_off_is_not_counted_and_outside_of_matches_nothing_is() -> None:
    second = lives.follows(lives.resigned(playing(rated=True), "X", NOON), NEXT, NOON)
    assert series.standing(lives.aborted(second, NOON)) == Series(GameId("game"), 2, 4, Points(X=1, O=0))
    assert series.standing(lives.resigned(playing(), "X", NOON)) is None
    older = msgspec.structs.replace(playing(rated=True), series_points=None)
    following = lives.follows(lives.resigned(older, "X", NOON), NEXT, NOON)
    assert series.standing(following) == Series(GameId("game"), 2, 4, None)


def test_nobody_plays_on_with_who_was_deleted() -> None:
    over = lives.resigned(playing(), "X", NOON)
    for gone in (msgspec.structs.replace(over, opponent_id=None), msgspec.structs.replace(over, user_id=None)):
        with pytest.raises(NotFound):
            lives.follows(gone, NEXT, NOON)

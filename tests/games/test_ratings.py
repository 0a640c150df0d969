"""Ratings, against the example of who invented them."""

import msgspec
import pytest
from glicko2.math import mu_to_rating, phi_to_rd, rating_to_mu, rd_to_phi, update_rating
from hypothesis import given
from hypothesis import strategies as st
from tests import boards
from tests.fakes import NOON

from noughts.games.model import lives, offers, ratings
from noughts.games.model.ratings import Rating
from noughts.kit.tokens import UserId

WORKED = ((1400.0, 30.0, 1.0), (1550.0, 100.0, 0.0), (1700.0, 300.0, 0.0))
"""Glickman, *Example of the Glicko-2 system* (2013): 1500, 200, 0.06 becomes 1464.06, 151.52, 0.05999.

Its steps are rounded; without rounding the rating is 1464.0507.
"""
POINTS = st.floats(600, 2400)
DEVIATIONS = st.floats(30, 350)
SCORES = st.sampled_from((0.0, 0.5, 1.0))


def rating(points: float = 1500.0, deviation: float = 350.0, games: int = 0) -> Rating:
    return Rating(UserId("a"), "classic", "people", points, deviation, 0.06, games, NOON)


def test_the_worked_example_comes_out() -> None:
    period = [(rating_to_mu(points), rd_to_phi(deviation), score) for points, deviation, score in WORKED]
    now = update_rating(rating_to_mu(1500), rd_to_phi(200), 0.06, period)
    found = (mu_to_rating(now.mu), phi_to_rd(now.phi), now.sigma)
    assert found == pytest.approx((1464.05, 151.52, 0.05999), abs=0.006)
    assert found[2] == pytest.approx(0.05999, abs=0.00001)


def test_one_game_is_a_period_of_its_own() -> None:
    after = ratings.after(rating(1500, 200), 1400, 30, 1.0, NOON)
    # By hand from the paper's steps 2 to 7 for its first opponent alone: g = .9955, E = .639, v = 4.3733.
    assert (after.rating, after.deviation) == pytest.approx((1563.56, 175.40), abs=0.02)
    assert (after.games, after.user_id, after.updated_at) == (1, "a", NOON)


@given(POINTS, POINTS, DEVIATIONS, DEVIATIONS, SCORES, st.floats(-500, 500))
def test_only_differences_count(
    one: float, other: float, mine: float, theirs: float, score: float, shift: float
) -> None:
    here = ratings.after(rating(one, mine), other, theirs, score, NOON)
    there = ratings.after(rating(one + shift, mine), other + shift, theirs, score, NOON)
    assert there.rating - shift == pytest.approx(here.rating, abs=1e-6)
    assert (there.deviation, there.volatility) == pytest.approx((here.deviation, here.volatility), abs=1e-9)


@given(POINTS, POINTS, DEVIATIONS, DEVIATIONS)
def test_more_is_better_and_one_knows_more_afterwards(one: float, other: float, mine: float, theirs: float) -> None:
    lost, drew, won = (ratings.after(rating(one, mine), other, theirs, score, NOON) for score in (0.0, 0.5, 1.0))
    assert lost.rating < drew.rating < won.rating
    assert lost.rating < one < won.rating
    if mine > 100 and abs(one - other) < 400:  # a game that is decided beforehand teaches nothing
        assert max(lost.deviation, drew.deviation, won.deviation) < mine


def test_equals_win_and_lose_the_same() -> None:
    game = lives.resigned(boards.after(boards.playing(rated=True), 0), "O", NOON)
    owner, other = ratings.changes(game, rating(), msgspec.structs.replace(rating(), user_id=UserId("b")), NOON)
    assert owner.after.rating - 1500 == pytest.approx(1500 - other.after.rating)
    assert owner.after.rating > 1500
    assert (owner.after.games, other.after.games) == (1, 1)
    drawn = ratings.changes(offers.drawn(boards.playing(rated=True), NOON), rating(), rating(), NOON)
    assert [change.after.rating for change in drawn] == pytest.approx([1500, 1500])


def test_a_score_is_one_sides() -> None:
    won = lives.resigned(boards.playing(), "O", NOON)
    drawn = offers.drawn(boards.playing(), NOON)
    assert [ratings.score(game, mark) for game in (won, drawn) for mark in ("X", "O")] == [1.0, 0.0, 0.5, 0.5]


def test_the_computer_is_worth_what_was_measured_and_rises_with_its_level() -> None:
    worth = [ratings.of_level(level)[0] for level in range(1, 8)]
    assert worth == [1182, 1304, 1500, 1583, 1658, 1693, 1739]
    assert {ratings.of_level(level)[1] for level in range(1, 8)} == {30.0}
    assert ratings.first(UserId("a"), "classic", "computer", NOON).shown == 1500


def test_who_plays_on_sits_down_with_what_the_last_game_made_of_them() -> None:
    new = lives.follows(lives.resigned(boards.playing(rated=True), "O", NOON), boards.opened().id, NOON)
    seated = ratings.seated(new, {boards.OWNER: 1662})
    assert (seated.user_rating, seated.opponent_rating) == (1662, 1500)

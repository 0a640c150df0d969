"""Who is brought together with whom, and after how long."""

from datetime import timedelta

import msgspec
import pytest
from tests import boards
from tests.fakes import NOON

from noughts.games.model import matching
from noughts.games.model.clocks import Clock
from noughts.games.model.games import Game, Wish
from noughts.kit.errors import Forbidden, Invalid, Problem
from noughts.kit.tokens import UserId


def waiting(user: str, rating: int = 1500, at_s: float = 0, **fields: object) -> Game:
    game = msgspec.structs.replace(
        boards.opened(), user_id=UserId(user), user_rating=rating, created_at=NOON + timedelta(seconds=at_s)
    )
    return msgspec.structs.replace(game, **{"drawn": True} | fields)


@pytest.mark.parametrize(
    ("seconds", "points"),
    [(0, 150), (2.999, 150), (3, 300), (5.999, 300), (6, 600), (9.999, 600), (10, None), (1_000, None)],
)
def test_the_longer_one_waits_the_further_away_an_opponent_may_be(seconds: float, points: int | None) -> None:
    at = NOON + timedelta(seconds=seconds)
    assert matching.within(NOON, at) == points
    near = points is None or matching.fit(waiting("a"), waiting("b", 1500 + points, seconds), at)
    far = matching.fit(waiting("a"), waiting("b", 1501 + (points or 5_000), seconds), at)
    assert (near, far) == (True, points is None)


def test_the_wait_of_who_came_first_counts() -> None:
    at = NOON + timedelta(seconds=7)
    assert matching.fit(waiting("a", at_s=7), waiting("b", 2000), at)
    assert not matching.fit(waiting("a", at_s=6.5), waiting("b", 2000, at_s=6.5), at)


@pytest.mark.parametrize(
    ("one", "other", "fit"),
    [
        (waiting("a"), waiting("a"), False),
        (waiting("a"), waiting("b", variant="misere"), False),
        (waiting("a"), waiting("b", time="turn:30000"), False),
        (waiting("a"), waiting("b", rated=True), False),
        (waiting("a", drawn=False), waiting("b", drawn=False), False),
        (waiting("a", drawn=False), waiting("b", drawn=False, mark="O"), True),
        (waiting("a", drawn=False), waiting("b"), True),
        (waiting("a"), waiting("b", drawn=False), True),
        (waiting("a"), waiting("b"), True),
        (waiting("a"), waiting("b", mark="O"), True),
    ],
)
def test_they_want_the_same_game_and_not_the_same_mark(one: Game, other: Game, fit: bool) -> None:  # noqa: FBT001
    assert matching.fit(one, other, NOON) is fit
    assert matching.fit(other, one, NOON) is fit


def test_who_insists_on_a_mark_has_it() -> None:
    insists, drew, other = waiting("a", drawn=False), waiting("b"), waiting("c", mark="O", drawn=False)
    assert matching.meet(drew, insists) == (insists, drew)
    assert matching.meet(insists, drew) == (insists, drew)
    assert matching.meet(drew, other) == (drew, other)
    assert matching.meet(drew, waiting("d"))[0] == drew


@pytest.mark.parametrize(
    ("wish", "kind", "problem"),
    [
        (Wish(seat="anyone", rated=True), "guest", Forbidden),
        (Wish(seat="computer", level=1, rated=True), "guest", Forbidden),
        (Wish(seat="invite", rated=True), "member", Invalid),
    ],
)
def test_what_cannot_count_is_refused(wish: Wish, kind: str, problem: type[Problem]) -> None:
    with pytest.raises(problem):
        matching.require_ratable(wish, kind)


@pytest.mark.parametrize(
    ("wish", "kind"),
    [
        (Wish(seat="anyone"), "guest"),
        (Wish(seat="invite"), "guest"),
        (Wish(seat="anyone", rated=True, time="turn:30000"), "member"),
        (Wish(seat="invite", opponent=UserId("b"), rated=True), "member"),
    ],
)
def test_everything_else_is_not(wish: Wish, kind: str) -> None:
    matching.require_ratable(wish, kind)


def test_only_ones_own_game_for_anyone_is_waited_in() -> None:
    game = waiting("a")
    assert matching.waits(game, UserId("a"))
    assert not matching.waits(game, UserId("b"))
    assert not matching.waits(msgspec.structs.replace(game, seat="invite"), UserId("a"))
    assert not matching.waits(msgspec.structs.replace(game, status="playing"), UserId("a"))
    assert not matching.waits(boards.playing(Clock(60_000)), boards.OWNER)

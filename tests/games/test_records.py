"""How somebody's games add up."""

import pytest

from noughts.games.model.games import Seat
from noughts.games.model.records import Tally, record
from noughts.games.rules import Mark, Outcome
from noughts.ports.games import COUNTED, Score


def began(mark: Mark, result: Outcome, games: int = 1, seat: Seat = "anyone") -> Tally:
    """Return games somebody began and played with that mark."""
    return Tally(owns=True, seat=seat, mark=mark, result=result, games=games)


def joined(mark: Mark, result: Outcome, games: int = 1) -> Tally:
    """Return games somebody joined, whose owner played that mark."""
    return Tally(owns=False, seat="anyone", mark=mark, result=result, games=games)


@pytest.mark.parametrize(
    ("tally", "score"),
    [
        (began("X", "X"), Score(1, 0, 0)), (began("X", "O"), Score(0, 1, 0)), (began("O", "O"), Score(1, 0, 0)),
        (began("O", "X"), Score(0, 1, 0)), (joined("X", "X"), Score(0, 1, 0)), (joined("X", "O"), Score(1, 0, 0)),
        (joined("O", "O"), Score(0, 1, 0)), (joined("O", "X"), Score(1, 0, 0)), (began("X", "draw"), Score(0, 0, 1)),
        (joined("O", "draw"), Score(0, 0, 1)),
    ],
)  # fmt: skip
def test_a_game_is_won_by_whose_mark_won(tally: Tally, score: Score) -> None:
    assert record([tally]).people == score


def test_people_and_the_computer_are_counted_apart_and_both_seats_together() -> None:
    tallies = [began("X", "X", 5), joined("X", "O", 3), joined("X", "draw", 2), began("O", "X", 7, "computer")]
    found = record(tallies)
    assert (found.people, found.computer) == (Score(8, 0, 2), Score(0, 7, 0))


@pytest.mark.parametrize(("lost", "complete"), [(COUNTED - 4_001, True), (COUNTED - 4_000, False)])
def test_a_record_says_when_it_is_not_all(lost: int, complete: object) -> None:
    assert record([began("X", "X", 4_000), began("X", "O", lost), joined("X", "O", 9_000)]).complete is complete

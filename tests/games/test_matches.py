"""How many rated matches the same two begin in a day."""

from datetime import timedelta

import msgspec
import pytest
from tests.boards import OTHER_ONE, OWNER, opened, playing
from tests.fakes import NOON

from noughts.games.model import lives, matches
from noughts.games.model.games import Game, GameId
from noughts.games.model.matches import DAY, Match, PlayedEnough
from noughts.kit.tokens import UserId

MILLISECOND = timedelta(milliseconds=1)


def earlier(*hours: float, variant: str = "classic") -> list[Match]:
    """Return the matches two began so many hours before noon, the newest first."""
    low, high = matches.pair(OWNER, OTHER_ONE)
    count = len(hours)
    return [
        Match(low, high, variant, count - n, GameId(f"g{n}"), NOON - timedelta(hours=ago))
        for n, ago in enumerate(sorted(hours))
    ]


def test_the_same_two_begin_three_matches_of_four_in_a_day() -> None:
    for already in ((), (1,), (1, 2)):
        matches.require_another(earlier(*already), "classic", NOON)
    with pytest.raises(PlayedEnough) as refused:
        matches.require_another(earlier(1, 2, 3), "classic", NOON)
    assert refused.value.members == {"again_at": "2026-11-23T09:00:00.000Z"}
    assert "2026-11-23T09:00:00.000Z" in refused.value.detail


def test_of_other_variants_each_game_is_a_match_and_twelve_are_a_day() -> None:
    matches.require_another(earlier(*range(11), variant="misere"), "misere", NOON)
    with pytest.raises(PlayedEnough):
        matches.require_another(earlier(*range(12), variant="misere"), "misere", NOON)


def test_a_match_is_free_again_when_the_third_last_is_a_day_old() -> None:
    latest = earlier(1, 2, 23)
    again = latest[2].began_at + DAY
    with pytest.raises(PlayedEnough):
        matches.require_another(latest, "classic", again - MILLISECOND)
    matches.require_another(latest, "classic", again)
    matches.require_another(earlier(1, 2, 24, 24, 25, 26), "classic", NOON)


def test_a_match_is_numbered_after_the_latest_and_is_the_same_whoever_began() -> None:
    game = playing(rated=True)
    swapped = msgspec.structs.replace(game, user_id=OTHER_ONE, opponent_id=OWNER)
    first = matches.begun(game, [], NOON)
    assert first == Match(OTHER_ONE, OWNER, "classic", 1, game.id, NOON) == matches.begun(swapped, [], NOON)
    third = matches.begun(game, earlier(1, 2), NOON)
    assert third is not None
    assert third.number == 3


@pytest.mark.parametrize(
    "game",
    [
        playing(),
        opened(seat="computer", level=3, rated=True),
        msgspec.structs.replace(playing(rated=True), series_no=2),
        msgspec.structs.replace(playing(rated=True), opponent_id=None),
    ],
    ids=["unrated", "against the computer", "within a series", "somebody was deleted"],
)
def test_nothing_else_begins_one_however_much_was_played(game: Game) -> None:
    assert matches.begun(game, earlier(1, 2, 3), NOON) is None


def test_the_next_of_a_series_goes_on_and_another_series_begins() -> None:
    over = lives.resigned(playing(rated=True), "X", NOON)
    assert not matches.begins(lives.follows(over, GameId("next"), NOON))
    assert matches.begins(lives.follows(msgspec.structs.replace(over, series_no=4), GameId("next"), NOON))


def test_two_people_are_kept_in_one_order() -> None:
    one, other = UserId("0192-a"), UserId("0192-b")
    assert matches.pair(one, other) == matches.pair(other, one) == (one, other)

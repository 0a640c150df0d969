"""What is told of a change: for every change something, and together what the game is."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import boards
from tests.boards import OTHER_ONE, OWNER, after, opened, playing
from tests.fakes import NOON
from tests.follower import Gap, Message, State, applied, seen

from noughts.games.model import clocks, events, lives, offers
from noughts.games.model.clocks import Clock, Time, Turn
from noughts.games.model.games import Game, GameId
from noughts.games.model.snapshots import snapshot
from noughts.games.rules import Mark
from noughts.kit.errors import Problem
from noughts.kit.tokens import UserId
from noughts.ports.messages import Finished, Moved, Offered
from noughts.ports.users import Card

CARDS = {user: Card(id=user, username=user, kind="guest") for user in (OWNER, OTHER_ONE)}
NEXT = GameId("next")
MOVED = after(playing(), 0)
MATCH = lives.follows(lives.resigned(playing(rated=True), "X", NOON), NEXT, NOON)
"""The second game of a rated match."""
OVER = lives.resigned(MOVED, "X", NOON)


def told(before: Game, after: Game) -> Message | None:
    """Return the event as it travels."""
    found = events.told(before, after)
    return None if found is None else msgspec.json.decode(msgspec.json.encode(found))


def shown(game: Game) -> State:
    """Return the game as `GET` shows it."""
    found: State = msgspec.json.decode(msgspec.json.encode(snapshot(game, CARDS)))
    return found


KINDS: list[tuple[str, Game, Game, type | None]] = [
    ("a move", playing(), MOVED, Moved),
    ("the last move", after(playing(), *boards.DRAWN[:8]), after(playing(), *boards.DRAWN), Moved),
    ("an offer", MOVED, offers.made(MOVED, "X", "draw", NOON), Offered),
    ("an offer declined", offers.made(MOVED, "X", "draw", NOON), msgspec.structs.replace(MOVED, seq=4), Offered),
    ("a draw agreed", offers.made(MOVED, "X", "draw", NOON), offers.drawn(offers.made(MOVED, "X", "draw", NOON), NOON), Finished),
    ("given up", MOVED, OVER, Finished),
    ("called off", MOVED, lives.aborted(MOVED, NOON), Finished),
    ("called off unplayed", opened(), lives.aborted(opened(), NOON), Finished),
    ("the last move of a match's game", after(MATCH, *boards.DRAWN[:8]), after(MATCH, *boards.DRAWN), Moved),
    ("a match's game given up", MATCH, lives.resigned(MATCH, "O", NOON), Finished),
    ("a match's game called off", MATCH, lives.aborted(MATCH, NOON), Finished),
    ("a match's first move", MATCH, after(MATCH, 4), Moved),
    ("another game after it", OVER, offers.followed(OVER, NEXT, NOON), Finished),
    ("another game offered", OVER, offers.made(OVER, "O", "rematch", NOON), Offered),
    ("joined", opened(), playing(), None),
    ("a move back", MOVED, offers.taken_back(MOVED, "X", NOON), None),
    ("two moves back", after(MOVED, 4), offers.taken_back(after(MOVED, 4), "X", NOON), None),
    ("more than one change", playing(), after(MOVED, 4), None),
]  # fmt: skip


@pytest.mark.parametrize(("before", "now", "kind"), [row[1:] for row in KINDS], ids=[row[0] for row in KINDS])
def test_each_change_is_told_in_its_own_way(before: Game, now: Game, kind: type | None) -> None:
    found = events.told(before, now)
    assert type(found) is (type(None) if kind is None else kind)
    if found is not None:
        assert (found.game, found.seq) == (now.id, now.seq)
        assert seen(applied(shown(before), told(before, now) or {})) == seen(shown(now))


def test_time_that_is_over_is_told_with_the_clocks() -> None:
    game = after(playing(Turn(3_000)), 0)
    over = clocks.flagged(game, NOON + timedelta(seconds=3))
    found = told(game, over)
    assert found is not None
    assert (found["reason"], found["result"], found["clocks"]) == ("timeout", "X", {"X_ms": 3_000, "O_ms": 0})


def test_who_missed_something_notices() -> None:
    found = told(after(MOVED, 4), after(MOVED, 4, 8))
    assert found is not None
    with pytest.raises(Gap):
        applied(shown(MOVED), found)
    with pytest.raises(Gap):
        applied(None, found)
    assert applied(shown(after(MOVED, 4, 8, 1)), found) == shown(after(MOVED, 4, 8, 1))


Step = tuple[int, int, int]
HISTORIES = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 24), st.integers(0, 3_000)), max_size=50)
TIMES = st.sampled_from((None, Turn(3_000), Clock(5_000, 1_000)))
VARIANTS = st.sampled_from(("classic", "misere", "5x5x4"))


@given(HISTORIES, TIMES, VARIANTS, st.booleans())
def test_who_applies_what_is_told_in_order_always_shows_the_game_as_it_is(
    steps: list[Step],
    time: Time | None,
    variant: str,
    rated: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    game, at = opened(time, variant=variant, rated=rated), NOON
    state = shown(game)
    for what, number, ms in steps:
        at += timedelta(milliseconds=ms)
        for change in (lambda game, at=at: clocks.flagged(game, at), _chosen(what, number, at)):
            try:
                now = change(game)
            except Problem:
                continue
            if now is game:
                continue
            found = told(game, now) or {"t": "snapshot", "seq": now.seq, "snapshot": shown(now)}
            assert now.seq == game.seq + 1
            state, game = applied(state, found), now
            assert seen(state) == seen(shown(game))
            assert applied(state, found) == state


def _chosen(what: int, number: int, at: datetime) -> Callable[[Game], Game]:
    mark: Mark = "X" if number % 2 else "O"
    if what < 5:
        return lambda game: _moved(game, number, at)
    if what < 7:
        return lambda game: offers.made(game, mark, offers.KINDS[number % 3], at)
    if what < 9:
        return lambda game: _answered(game, number, mark, at)
    if what == 9:
        return lambda game: lives.joined(game, OTHER_ONE, at, 1500)
    if what == 10:
        return lambda game: lives.aborted(game, at)
    return lambda game: game if number % 4 else lives.resigned(game, mark, at)


def _moved(game: Game, number: int, at: datetime) -> Game:
    if game.turn is None:
        return lives.joined(game, UserId(OTHER_ONE), at, 1500)
    legal = game.rules.legal(game.cells)
    return after(game, legal[number % len(legal)], at=at)


def _answered(game: Game, number: int, mark: Mark, at: datetime) -> Game:
    standing = [one for one in offers.standing(game) if one.by != mark]
    if not standing:
        return game
    offer = standing[number % len(standing)]
    if number % 3 == 0:
        return offers.declined(game, offer, at)
    if offer.kind == "draw":
        return offers.drawn(game, at)
    return offers.taken_back(game, offer.by, at) if offer.kind == "takeback" else offers.followed(game, NEXT, at)

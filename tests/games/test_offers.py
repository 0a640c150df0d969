"""What players offer each other: made, taken, declined, gone with the next move."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import boards
from tests.boards import after, playing
from tests.fakes import NOON

from noughts.games.model import lives, moves, offers
from noughts.games.model.games import Game, GameId, GameOver
from noughts.games.model.moves import Attempt, PlyConflict, PlyRequired, played
from noughts.games.model.offers import Kind, NothingToTakeBack, NotOverYet
from noughts.games.rules import Mark
from noughts.kit.errors import Forbidden, NotFound, Problem

NEXT = GameId("next")


def kinds(game: Game) -> list[tuple[Kind, Mark]]:
    return [(one.kind, one.by) for one in offers.standing(game)]


def made(game: Game, mark: Mark, kind: Kind) -> Game:
    return offers.made(game, mark, kind, NOON)


def finished(game: Game) -> Game:
    return lives.resigned(game, "X", NOON)


OPEN, BEGUN, MOVED = boards.opened(), playing(), after(playing(), 0)
REFUSED: list[tuple[str, Game, Mark, Kind, type[Problem]]] = [
    ("a draw of nobody", OPEN, "X", "draw", Forbidden),
    ("a move back of nobody", OPEN, "X", "takeback", Forbidden),
    ("another game before this one began", OPEN, "X", "rematch", NotOverYet),
    ("another game before this one is over", MOVED, "X", "rematch", NotOverYet),
    ("another game after one called off", lives.called_off(MOVED, NOON), "X", "rematch", NotOverYet),
    ("a third game", offers.followed(finished(MOVED), NEXT, NOON), "X", "rematch", Forbidden),
    ("a draw of what is over", finished(MOVED), "O", "draw", GameOver),
    ("a move back of what is over", finished(MOVED), "X", "takeback", GameOver),
    ("a move back before any", BEGUN, "X", "takeback", NothingToTakeBack),
    ("the other's move back", MOVED, "O", "takeback", NothingToTakeBack),
    ("a move back where it counts", after(playing(rated=True), 0), "X", "takeback", Forbidden),
]


@pytest.mark.parametrize(
    ("game", "mark", "kind", "problem"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_makes_no_sense_is_not_offered(game: Game, mark: Mark, kind: Kind, problem: type[Problem]) -> None:
    with pytest.raises(problem):
        made(game, mark, kind)


@pytest.mark.parametrize(
    ("game", "kind"), [(BEGUN, "draw"), (MOVED, "draw"), (MOVED, "takeback"), (finished(MOVED), "rematch")]
)
def test_an_offer_stands_once_until_it_is_answered(game: Game, kind: Kind) -> None:
    offered = made(game, "X", kind)
    assert (kinds(offered), offered.seq, offered.pos) == ([(kind, "X")], game.seq + 1, game.pos)
    assert made(offered, "X", kind) is offered
    declined = offers.declined(offered, offers.found(offered, offers.standing(offered)[0].id, "O"), NOON)
    assert (kinds(declined), declined.seq) == ([], game.seq + 2)
    assert kinds(made(declined, "X", kind)) == [(kind, "X")]


def test_both_may_offer_and_several_things_at_once() -> None:
    game = made(made(made(after(playing(), 0, 4), "X", "draw"), "O", "takeback"), "X", "takeback")
    assert kinds(game) == [("draw", "X"), ("takeback", "O"), ("takeback", "X")]
    assert len({one.id for one in offers.standing(game)}) == 3


def test_nobody_answers_their_own_offer_or_one_that_is_not_there() -> None:
    game = made(MOVED, "X", "draw")
    offer = offers.standing(game)[0].id
    with pytest.raises(Forbidden):
        offers.found(game, offer, "X")
    with pytest.raises(NotFound):
        offers.found(game, offer + "0", "O")
    declined = offers.declined(game, offers.found(game, offer, "O"), NOON)
    with pytest.raises(NotFound):
        offers.found(declined, offer, "O")


def test_an_old_offers_id_never_means_a_new_one() -> None:
    game = made(MOVED, "X", "draw")
    first = offers.standing(game)[0]
    again = made(offers.declined(game, first, NOON), "X", "draw")
    assert offers.standing(again)[0].id != first.id


@pytest.mark.parametrize("mark", ["X", "O"])
def test_a_move_is_an_answer_too(mark: Mark) -> None:
    assert kinds(after(made(made(MOVED, mark, "draw"), "X", "takeback"), 4)) == []


def test_a_draw_that_is_taken_ends_the_game() -> None:
    game = offers.drawn(made(MOVED, "X", "draw"), NOON)
    assert (game.status, game.result, game.reason, game.turn, kinds(game)) == ("finished", "draw", "agreed", None, [])


@pytest.mark.parametrize(
    ("cells", "by", "left"),
    [
        ((0,), "X", ()),
        ((0, 4), "O", (0,)),
        ((0, 4), "X", ()),
        ((0, 4, 8), "X", (0, 4)),
        ((0, 4, 8), "O", (0,)),
        ((0, 4, 8, 1), "X", (0, 4)),
    ],
)
def test_back_to_before_the_last_move_of_who_asked(cells: tuple[int, ...], by: Mark, left: tuple[int, ...]) -> None:
    before = made(after(playing(), *cells), by, "takeback")
    game = offers.taken_back(before, by, NOON)
    assert (game.cells, game.ply, game.turn) == (left, len(left), by)
    assert (game.pos, game.seq, game.takebacks, kinds(game)) == (before.pos + 1, before.seq + 1, 1, [])


def test_after_a_takeback_a_move_says_its_position_too() -> None:
    game = offers.taken_back(MOVED, "X", NOON)
    with pytest.raises(PlyRequired) as refused:
        played(game, "X", Attempt(0, 0), NOON)
    assert [error.pointer for error in refused.value.errors] == ["#/pos"]
    with pytest.raises(PlyConflict):
        played(game, "X", Attempt(0, 0, 0), NOON)
    assert played(game, "X", Attempt(0, 0, game.pos), NOON).cells == (0,)


def test_a_move_that_was_taken_back_is_not_made_again_by_its_repetition() -> None:
    sent = Attempt(0, 0, 0)
    game = offers.taken_back(played(playing(), "X", sent, NOON), "X", NOON)
    with pytest.raises(PlyConflict):
        played(game, "X", sent, NOON)
    other = played(game, "X", Attempt(0, 4, game.pos), NOON)
    with pytest.raises(PlyConflict):
        played(other, "X", sent, NOON)


def test_a_move_played_anew_is_harmless_when_repeated() -> None:
    game = offers.taken_back(MOVED, "X", NOON)
    again = Attempt(0, 0, game.pos)
    game = played(game, "X", again, NOON)
    assert played(game, "X", again, NOON) is game
    moved = after(game, 4)
    assert played(moved, "X", again, NOON) is moved


def test_another_game_follows_once_with_sides_swapped() -> None:
    over = finished(MOVED)
    followed = offers.followed(made(over, "O", "rematch"), NEXT, NOON)
    assert (followed.next_id, followed.status, kinds(followed)) == (NEXT, "finished", [])
    assert offers.followed(followed, GameId("third"), NOON) is followed
    new = lives.follows(over, NEXT, NOON)
    assert (new.user_id, new.opponent_id, new.mark) == (over.user_id, over.opponent_id, "O")
    assert (new.status, new.turn, new.ply) == ("playing", "X", 0)


WORDS = st.lists(st.tuples(st.sampled_from(("move", "offer", "decline", "accept")), st.integers(0, 8)), max_size=40)


@given(WORDS)
def test_however_it_goes_the_game_is_what_its_moves_say(words: list[tuple[str, int]]) -> None:
    game = playing()
    for what, number in words:
        try:
            game = _done(game, what, number, NOON)
        except Problem:
            continue
        rules = game.rules
        assert rules.board(game.cells) == rules.board(game.cells[: game.ply])
        if game.status == "playing":
            assert game.turn == rules.to_move(game.cells)
            assert rules.outcome(game.cells) is None
        assert len(set(kinds(game))) == len(kinds(game))
        assert (game.pos >= game.ply, game.seq >= game.pos) == (True, True)


def _done(game: Game, what: str, number: int, at: datetime) -> Game:
    mark: Mark = "X" if number % 2 else "O"
    if what == "move":
        return moves.played(game, game.turn or mark, Attempt(game.ply, number, game.pos), at)
    if what == "offer":
        return offers.made(game, mark, offers.KINDS[number % 3], at)
    standing = offers.standing(game)
    offer = offers.found(game, standing[number % len(standing)].id if standing else "", mark)
    if what == "decline":
        return offers.declined(game, offer, at)
    if offer.kind == "draw":
        return offers.drawn(game, at)
    if offer.kind == "takeback":
        return offers.taken_back(game, offer.by, at)
    return offers.followed(game, NEXT, at)

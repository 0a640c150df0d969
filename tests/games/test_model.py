"""The life of a game and the contract of a move, row by row and under any interleaving."""

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noughts.games.engine import LEVELS
from noughts.games.http.games import Computer
from noughts.games.model.games import (
    Game,
    GameId,
    GameOver,
    SeatTaken,
    Wish,
    require_invited,
    require_player,
    require_visible,
)
from noughts.games.model.lives import begun, joined, resigned
from noughts.games.model.moves import Attempt, IllegalMove, NotYourTurn, PlyConflict, PlyRequired, played
from noughts.games.model.snapshots import etag, snapshot
from noughts.games.rules import Mark
from noughts.kit.errors import Forbidden, NotFound, Problem
from noughts.kit.tokens import UserId
from noughts.ports.users import Card, computer_id

ANNA, BEN, EVE = UserId("anna"), UserId("ben"), UserId("eve")
DIGEST = hashlib.sha256(b"secret").hexdigest()
THEN = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = THEN + timedelta(seconds=1)
CARDS = {ANNA: Card(id=ANNA, username="anna", kind="member"), BEN: Card(id=BEN, username="ben", kind="guest")}
X_WINS = (0, 3, 1, 4, 2)
DRAWN = (0, 1, 2, 4, 3, 5, 7, 6, 8)


def waiting(wish: Wish | None = None, mark: Mark = "X") -> Game:
    """Return a game of Anna's that nobody has joined."""
    wish = wish or Wish(seat="invite")
    invite = DIGEST if wish.seat == "invite" else None
    return begun(GameId("game"), wish, by=ANNA, mark=mark, invite=invite, at=THEN)


def after(*cells: int, mark: Mark = "X") -> Game:
    """Return a game of Anna's and Ben's after these moves."""
    game = joined(waiting(mark=mark), BEN, THEN)
    for ply, cell in enumerate(cells):
        game = played(game, "XO"[ply % 2], Attempt(ply, cell), THEN)  # type: ignore[arg-type]  # a mark
    return game


def test_a_new_game_waits_with_an_empty_seat_and_nobodys_turn() -> None:
    shown = snapshot(waiting(), CARDS)
    assert (shown.status, shown.turn, shown.opponent_id, shown.players.O) == ("open", None, None, None)


def test_a_game_against_the_computer_is_played_at_once() -> None:
    game = waiting(Wish(seat="computer", level=6), mark="O")
    assert (game.status, game.turn, game.opponent_id) == ("playing", "X", computer_id(6))
    assert game.awaits_computer


def test_the_computer_is_not_awaited_when_the_person_is_to_move_or_the_game_is_over() -> None:
    game = waiting(Wish(seat="computer", level=1), mark="X")
    assert not game.awaits_computer
    assert not resigned(game, "X", LATER).awaits_computer


def test_joining_takes_the_free_seat_and_lets_x_begin() -> None:
    game = joined(waiting(mark="O"), BEN, LATER)
    assert (game.opponent_id, game.status, game.turn, game.mark_of(BEN)) == (BEN, "playing", "X", "X")
    assert (game.pos, game.seq, game.updated_at) == (0, 1, LATER)


@pytest.mark.parametrize("who", [ANNA, BEN])
def test_joining_where_one_sits_already_changes_nothing(who: UserId) -> None:
    game = after(4)
    assert joined(game, who, LATER) is game


def test_a_seat_has_one_winner() -> None:
    with pytest.raises(SeatTaken):
        joined(after(), EVE, LATER)


def test_a_game_called_off_cannot_be_joined() -> None:
    with pytest.raises(GameOver):
        joined(resigned(waiting(), "X", LATER), BEN, LATER)


def test_resigning_lets_the_other_win() -> None:
    game = resigned(after(4), "O", LATER)
    assert (game.status, game.result, game.reason, game.turn) == ("finished", "X", "resigned", None)
    assert (game.pos, game.seq) == (1, 3)


def test_resigning_before_anyone_joined_calls_the_game_off() -> None:
    game = resigned(waiting(), "X", LATER)
    assert (game.status, game.result, game.reason) == ("aborted", None, None)
    assert snapshot(game, CARDS).players.O is None


@pytest.mark.parametrize("game", [after(*X_WINS), resigned(waiting(), "X", LATER), resigned(after(), "X", LATER)])
def test_resigning_after_the_end_changes_nothing(game: Game) -> None:
    assert resigned(game, "O", LATER) is game


def test_a_game_by_invitation_or_against_the_computer_is_hidden_from_others() -> None:
    for game in (waiting(), after(4), waiting(Wish(seat="computer", level=1)), None):
        with pytest.raises(NotFound):
            require_visible(game, EVE)


def test_a_game_that_was_open_to_anyone_may_be_watched_but_not_played_by_others() -> None:
    game = joined(waiting(Wish(seat="anyone")), BEN, LATER)
    assert require_visible(game, EVE) is game
    with pytest.raises(Forbidden):
        require_player(game, EVE)


def test_the_secret_opens_a_game_to_whoever_holds_it_and_nothing_else_does() -> None:
    game = waiting()
    assert require_invited(game, EVE, DIGEST) is game
    for wrong in (None, "", DIGEST[:-1], "0" * 64):
        with pytest.raises(NotFound):
            require_invited(game, EVE, wrong)


def test_no_secret_opens_a_game_that_was_made_without_one() -> None:
    with pytest.raises(NotFound):
        require_invited(waiting(Wish(seat="computer", level=1)), EVE, DIGEST)


# The contract of a move, in the order of its table.


def test_a_move_must_name_its_ply_whatever_else_is_wrong() -> None:
    with pytest.raises(PlyRequired) as refused:
        played(after(*X_WINS), "O", Attempt(None, 99), LATER)
    assert refused.value.status == 428


@pytest.mark.parametrize("ply", range(len(X_WINS)))
def test_a_move_that_is_there_already_is_harmless_for_ever(ply: int) -> None:
    mark: Mark = "O" if ply % 2 else "X"
    for plies in range(ply + 1, len(X_WINS) + 1):
        game = after(*X_WINS[:plies])
        assert played(game, mark, Attempt(ply, X_WINS[ply]), LATER) is game


def test_a_move_is_there_already_only_for_who_made_it() -> None:
    with pytest.raises(PlyConflict):
        played(after(4), "O", Attempt(0, 4), LATER)


def test_nothing_is_played_after_the_end() -> None:
    for game in (after(*X_WINS), after(*DRAWN), resigned(after(4), "X", LATER), resigned(waiting(), "X", LATER)):
        with pytest.raises(GameOver):
            played(game, "O", Attempt(game.ply, 8), LATER)


@pytest.mark.parametrize("attempt", [Attempt(0, 5), Attempt(2, 5), Attempt(10**9, 5), Attempt(1, 5, pos=0)])
def test_a_move_at_another_ply_or_in_another_position_conflicts(attempt: Attempt) -> None:
    with pytest.raises(PlyConflict):
        played(after(4), "O", attempt, LATER)


def test_a_move_out_of_turn_is_refused_even_into_a_taken_cell() -> None:
    with pytest.raises(NotYourTurn):
        played(after(4), "X", Attempt(1, 4), LATER)


def test_nobody_is_to_move_while_a_seat_is_free() -> None:
    with pytest.raises(NotYourTurn, match="Nobody has taken the other seat yet"):
        played(waiting(), "X", Attempt(0, 4), LATER)


@pytest.mark.parametrize("cell", [4, 9, 255, 256, 10**9])
def test_a_cell_that_is_taken_or_off_the_board_is_refused_with_those_that_may_be_played(cell: int) -> None:
    with pytest.raises(IllegalMove) as refused:
        played(after(4), "O", Attempt(1, cell), LATER)
    assert refused.value.members["legal"] == (0, 1, 2, 3, 5, 6, 7, 8)


def test_a_legal_move_changes_position_turn_and_everything_that_counts() -> None:
    game = played(after(4), "O", Attempt(1, 0, pos=1), LATER)
    assert (game.cells, game.ply, game.pos, game.seq, game.turn) == ((4, 0), 2, 2, 3, "X")
    assert (game.moves, game.updated_at) == ("0400", LATER)


def test_three_in_a_row_and_a_full_board_end_a_game() -> None:
    won, drawn = after(*X_WINS), after(*DRAWN)
    assert (won.status, won.result, won.reason, won.turn) == ("finished", "X", "line", None)
    assert (drawn.status, drawn.result, drawn.reason, drawn.turn) == ("finished", "draw", "full", None)
    assert snapshot(won, CARDS).line == (0, 1, 2)
    assert snapshot(drawn, CARDS).line is None


Try = tuple[UserId, int | None, int, int | None]
TRIES = st.lists(
    st.tuples(
        st.sampled_from([ANNA, BEN]),
        st.one_of(st.none(), st.integers(0, 10)),
        st.integers(0, 10),
        st.one_of(st.none(), st.integers(0, 10)),
    ),
    max_size=60,
)


@given(TRIES, st.sampled_from(["X", "O"]))
def test_no_interleaving_of_attempts_breaks_a_game(tries: list[Try], mark: Mark) -> None:
    game = after(mark=mark)
    for who, ply, cell, pos in tries:
        attempt = Attempt(ply, cell, pos)
        before, game = game, tried(game, who, attempt)
        assert game.ply == game.pos == len(game.cells) == len(set(game.cells)) == game.seq - 1
        assert game.cells[: before.ply] == before.cells
        assert game is before or (
            not before.is_over and game.ply == before.ply + 1 and before.turn == before.mark_of(who)
        )
        assert game.is_over == (game.turn is None) == (game.result is not None)


@given(st.permutations(range(9)), st.data())
def test_a_game_of_willing_players_ends_and_repetitions_leave_no_trace(cells: list[int], data: st.DataObject) -> None:
    game = after()
    for ply, cell in enumerate(cells):
        repetitions = data.draw(st.integers(1, 3))
        for _ in range(repetitions):
            game = tried(game, (ANNA, BEN)[ply % 2], Attempt(ply, cell))
    assert game.is_over
    assert game.cells == tuple(cells[: game.ply])


def tried(game: Game, who: UserId, attempt: Attempt) -> Game:
    """Return the game after an attempt, the same one where it is refused."""
    try:
        return played(*require_player(game, who), attempt, LATER)
    except Problem:
        return game


# How it is shown.


def test_a_deleted_player_is_shown_without_id_or_name() -> None:
    shown = snapshot(after(4), {BEN: CARDS[BEN]})
    assert msgspec.to_builtins(shown.players.X) == {"id": None, "username": None, "kind": "deleted", "rating": None}
    assert (shown.user_id, shown.opponent_id) == (None, BEN)


def test_a_snapshot_says_replayed_or_invite_url_only_where_they_apply() -> None:
    assert not {"replayed", "invite_url"} & msgspec.to_builtins(snapshot(after(4), CARDS)).keys()
    assert msgspec.to_builtins(snapshot(after(4), CARDS, replayed=True))["replayed"] is True


def test_the_tag_changes_with_the_game_the_cards_and_the_viewer() -> None:
    shown, renamed = snapshot(after(4), CARDS), CARDS | {BEN: Card(id=BEN, username="benny", kind="member")}
    tags = {
        etag(shown, ANNA),
        etag(shown, BEN),
        etag(snapshot(after(4), renamed), ANNA),
        etag(snapshot(after(4, 0), CARDS), ANNA),
    }
    assert len(tags) == 4
    assert etag(snapshot(after(4), CARDS), ANNA) in tags


def test_every_level_that_is_offered_can_be_played() -> None:
    for level in LEVELS:
        assert msgspec.convert({"kind": "computer", "level": level}, Computer).level == level
    for level in (min(LEVELS) - 1, max(LEVELS) + 1):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"kind": "computer", "level": level}, Computer)

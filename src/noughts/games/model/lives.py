"""The life of a game beside its moves: begun, joined, given up, called off, claimed, followed by another."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from noughts.games.model import clocks
from noughts.games.model.games import OTHER, Game, GameId, GameOver, Reason, SeatTaken, Wish
from noughts.games.model.series import SERIES, is_series, points_after
from noughts.games.rules import Mark
from noughts.kit.errors import Conflict, Forbidden, NotFound
from noughts.kit.tokens import UserId
from noughts.ports.users import computer_id

_ABORTABLE: Final = 2
GONE: Final = timedelta(minutes=10)
"""Without a clock, this long without a move of an opponent who is not there either may be claimed."""


class TooLateToAbort(Conflict):
    """Both have moved: a game can be called off before that alone."""


class NothingToClaim(Conflict):
    """Your opponent is there and has time left."""


def begun(
    game_id: GameId,
    wish: Wish,
    *,
    by: UserId,
    mark: Mark,
    invite: str | None,
    at: datetime,
    rating: int | None = None,
) -> Game:
    """Return a new game: against the computer it is played at once, else it waits for whom the seat is open to.

    `invite` is the digest of the secret that opens the seat, `rating` that of who begins.
    """
    serial = wish.rated and is_series(wish.variant) and wish.level is None
    game = Game(
        id=game_id,
        user_id=by,
        opponent_id=None,
        mark=mark,
        seat=wish.seat,
        level=wish.level,
        invite=invite,
        variant=wish.variant,
        moves="",
        ply=0,
        pos=0,
        seq=0,
        turn=None,
        status="open",
        result=None,
        reason=None,
        created_at=at,
        updated_at=at,
        time=wish.time,
        rated=wish.rated,
        invited_id=wish.opponent,
        series_id=game_id if serial else None,
        series_no=1 if serial else None,
        series_points=0 if serial else None,
        user_rating=rating,
        drawn=wish.mark == "random",
    )
    return game if wish.level is None else _seated(game, computer_id(wish.level), None, at)


def joined(before: Game, by: UserId, at: datetime, rating: int | None = None) -> Game:
    """Return the game with somebody in the free seat, their clock running; the same game for who sits in it already.

    Raises SeatTaken, or GameOver where it was called off.
    """
    if before.mark_of(by) is not None:
        return before
    if before.status != "open":
        raise GameOver("It was called off.") if before.seat_is_free else SeatTaken
    return msgspec.structs.replace(_seated(before, by, rating, at), seq=before.seq + 1, updated_at=at, waits_until=None)


def resigned(before: Game, mark: Mark, at: datetime) -> Game:
    """Return the game given up by one side, or called off where nobody had joined; unchanged once it is over."""
    if before.is_over:
        return before
    if before.status == "open":
        return called_off(before, at)
    return _lost(before, mark, "resigned", at)


def aborted(before: Game, at: datetime) -> Game:
    """Return the game called off before both have moved; unchanged once it was. Raises GameOver, TooLateToAbort."""
    if before.status == "aborted":
        return before
    if before.status == "finished":
        raise GameOver
    if before.ply >= _ABORTABLE:
        raise TooLateToAbort
    return called_off(before, at)


def claimed(before: Game, mark: Mark, at: datetime, *, opponent_is_there: bool) -> Game:
    """Return the game won by who is still there; unchanged once it is over. Raises NothingToClaim.

    Time that is over ends a game by itself (`clocks.flagged`); what is left is an opponent who is gone.
    """
    if before.is_over:
        return before
    gone = before.time is None and before.turn == OTHER[mark] and at - before.updated_at >= GONE
    if before.status == "open" or opponent_is_there or not gone:
        raise NothingToClaim
    return _lost(before, OTHER[mark], "abandoned", at)


def declined(before: Game, by: UserId, at: datetime) -> Game:
    """Return a challenge turned down by who was challenged; unchanged once it was. Raises Forbidden, GameOver."""
    if before.invited_id != by:
        raise Forbidden("Nobody challenged you to this game.")
    if before.status == "aborted":
        return before
    if before.status != "open":
        raise GameOver("It has begun.")
    return called_off(before, at)


def called_off(before: Game, at: datetime) -> Game:
    """Return the game without a result."""
    return msgspec.structs.replace(
        before,
        status="aborted",
        turn=None,
        deadline=None,
        offers="",
        seq=before.seq + 1,
        updated_at=at,
        waits_until=None,
    )


def follows(before: Game, game_id: GameId, at: datetime) -> Game:
    """Return the next game of the same two, sides swapped: a rematch, or the next of a series. Raises NotFound without two."""
    if before.user_id is None or before.opponent_id is None:
        raise NotFound("Your opponent is gone.")
    wish = Wish(
        seat=before.seat,
        level=before.level,
        opponent=before.invited_id,
        variant=before.variant,
        time=before.time,
        rated=before.rated,
    )
    new = begun(
        game_id,
        wish,
        by=before.user_id,
        mark=OTHER[before.mark],
        invite=before.invite,
        at=at,
        rating=before.user_rating,
    )
    if before.level is None:
        new = _seated(new, before.opponent_id, before.opponent_rating, at)
    if before.series_no is None or before.series_no >= SERIES:
        return new
    return msgspec.structs.replace(
        new, series_id=before.series_id, series_no=before.series_no + 1, series_points=points_after(before)
    )


def goes_on(game: Game) -> bool:
    """Return whether a finished game is to be followed by the next of its series: not where somebody was gone."""
    return (
        game.status == "finished"
        and game.series_no is not None
        and game.series_no < SERIES
        and game.reason not in ("timeout", "abandoned")
        and game.user_id is not None
        and game.opponent_id is not None
    )


def _seated(game: Game, opponent: UserId, rating: int | None, at: datetime) -> Game:
    """Return the game with both seats taken, and time running."""
    ready = msgspec.structs.replace(
        game, opponent_id=opponent, opponent_rating=rating, status="playing", turn=game.rules.to_move(())
    )
    return clocks.started(ready, at)


def _lost(before: Game, mark: Mark, reason: Reason, at: datetime) -> Game:
    return msgspec.structs.replace(
        before,
        status="finished",
        turn=None,
        result=OTHER[mark],
        reason=reason,
        deadline=None,
        offers="",
        seq=before.seq + 1,
        updated_at=at,
    )

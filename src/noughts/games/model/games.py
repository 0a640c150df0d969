"""A game and its life: waiting, played, over."""

import hmac
from datetime import datetime
from typing import Final, Literal, NewType

import msgspec

from noughts.games.rules import VARIANTS, Mark, Moves, Outcome, Rules
from noughts.kit.errors import Conflict, Forbidden, NotFound
from noughts.kit.tokens import UserId
from noughts.ports.users import computer_id

GameId = NewType("GameId", str)
Variant = Literal["classic"]
Seat = Literal["anyone", "invite", "computer"]
Status = Literal["open", "playing", "finished", "aborted"]
Reason = Literal["line", "full", "resigned", "timeout", "agreed", "abandoned"]
MARKS: Final[tuple[Mark, ...]] = ("X", "O")
OTHER: Final[dict[Mark, Mark]] = {"X": "O", "O": "X"}


class GameOver(Conflict):
    """The game is over."""


class SeatTaken(Conflict):
    """Somebody else has taken that seat."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """The game somebody would like: who may take the other seat, which level of computer, which mark for oneself."""

    seat: Seat
    level: int | None = None
    mark: Literal["X", "O", "random"] = "random"
    variant: Variant = "classic"


class Game(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One row of `games`, in the order of its columns.

    `moves` is the truth: two hexadecimal digits a cell, in the order played. `mark` is what `user_id` plays, `seat` who
    may take, or took, the other seat. `pos` changes with the position, `seq` with everything that happens.
    """

    id: GameId
    user_id: UserId | None
    opponent_id: UserId | None
    mark: Mark
    seat: Seat
    level: int | None
    invite: str | None
    variant: Variant
    moves: str
    ply: int
    pos: int
    seq: int
    turn: Mark | None
    status: Status
    result: Outcome | None
    reason: Reason | None
    created_at: datetime
    updated_at: datetime

    @property
    def rules(self) -> Rules:
        """The rules it is played by."""
        return VARIANTS[self.variant]

    @property
    def cells(self) -> Moves:
        """The cells played so far, in order."""
        return tuple(bytes.fromhex(self.moves))

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen in it any more."""
        return self.status in ("finished", "aborted")

    @property
    def seat_is_free(self) -> bool:
        """Whether nobody ever took the other seat, which is not the same as that somebody who did was deleted."""
        return self.opponent_id is None and self.status in ("open", "aborted")

    @property
    def awaits_computer(self) -> bool:
        """Whether the computer is to move."""
        return self.seat == "computer" and self.status == "playing" and self.turn != self.mark

    def mark_of(self, user_id: UserId) -> Mark | None:
        """Return which side somebody plays, or nothing."""
        if user_id == self.user_id:
            return self.mark
        return OTHER[self.mark] if user_id == self.opponent_id else None


def begun(game_id: GameId, wish: Wish, *, by: UserId, mark: Mark, invite: str | None, at: datetime) -> Game:
    """Return a new game: against the computer it is played at once, else it waits for whom the seat is open to.

    `invite` is the digest of the secret that opens the seat.
    """
    at_once = wish.level is not None
    return Game(
        id=game_id,
        user_id=by,
        opponent_id=None if wish.level is None else computer_id(wish.level),
        mark=mark,
        seat=wish.seat,
        level=wish.level,
        invite=invite,
        variant=wish.variant,
        moves="",
        ply=0,
        pos=0,
        seq=0,
        turn=VARIANTS[wish.variant].to_move(()) if at_once else None,
        status="playing" if at_once else "open",
        result=None,
        reason=None,
        created_at=at,
        updated_at=at,
    )


def joined(before: Game, by: UserId, at: datetime) -> Game:
    """Return the game with somebody in the free seat; the same game for who sits in it already.

    Raises SeatTaken, or GameOver where it was called off.
    """
    if before.mark_of(by) is not None:
        return before
    if before.status != "open":
        raise GameOver("It was called off.") if before.seat_is_free else SeatTaken
    return msgspec.structs.replace(
        before, opponent_id=by, status="playing", turn=before.rules.to_move(()), seq=before.seq + 1, updated_at=at
    )


def resigned(before: Game, mark: Mark, at: datetime) -> Game:
    """Return the game given up by one side, or called off where nobody had joined; unchanged once it is over."""
    if before.is_over:
        return before
    if before.status == "open":
        return msgspec.structs.replace(before, status="aborted", turn=None, seq=before.seq + 1, updated_at=at)
    return msgspec.structs.replace(
        before,
        status="finished",
        turn=None,
        result=OTHER[mark],
        reason="resigned",
        seq=before.seq + 1,
        updated_at=at,
    )


def require_visible(game: Game | None, by: UserId) -> Game:
    """Return a game its players may see, and anyone where the seat was open to anyone; raises NotFound."""
    if game is None or (game.seat != "anyone" and game.mark_of(by) is None):
        raise NotFound("There is no such game.")
    return game


def require_invited(game: Game | None, by: UserId, invite: str | None) -> Game:
    """Return a game one may see or holds the invitation to (given by its digest); raises NotFound."""
    if game is not None and game.invite is not None and invite is not None and hmac.compare_digest(game.invite, invite):
        return game
    return require_visible(game, by)


def require_player(game: Game, by: UserId) -> Mark:
    """Return which side somebody plays; raises Forbidden for who only watches."""
    mark = game.mark_of(by)
    if mark is None:
        raise Forbidden("You do not play in this game.")
    return mark

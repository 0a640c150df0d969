"""A game and its life: waiting, played, over."""

import hmac
from datetime import datetime
from typing import Final, Literal, NewType

import msgspec

from noughts.games.rules import Mark, Moves, Outcome, Rules, rules_of
from noughts.kit.errors import Conflict, Forbidden, NotFound
from noughts.kit.tokens import UserId

GameId = NewType("GameId", str)
Variant = str
"""`classic`, `misere`, or `<width>x<height>x<k>`: what `rules_of` knows."""
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
    """The game somebody would like: who may take the other seat, which level of computer, which mark for oneself.

    `opponent` is who is challenged (their invitation is the game itself), `time` how long they may think (`clocks.written`).
    """

    seat: Seat
    level: int | None = None
    opponent: UserId | None = None
    mark: Literal["X", "O", "random"] = "random"
    variant: Variant = "classic"
    time: str | None = None
    rated: bool = False


class Game(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """One row of `games`, in the order of its columns.

    `moves` is the truth: two hexadecimal digits a cell, in the order played. `mark` is what `user_id` plays, `seat` who
    may take, or took, the other seat. `pos` changes with the position, `seq` with everything that happens.

    `time` is how long each may think, `x_ms` and `o_ms` what is left to each as the turn began, `deadline` when it is over
    for who is to move. `invited_id` is who was challenged, `next_id` the game that follows: the rematch, or the next of
    a series, `series_points` the half points `user_id` had made in it before. Ratings are those of when they sat down. `waits_until`: nobody waits any more after that. `drawn`: chance
    chose `mark`, and who waits would take the other as well.
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
    time: str | None = None
    x_ms: int | None = None
    o_ms: int | None = None
    deadline: datetime | None = None
    rated: bool = False
    offers: str = ""
    takebacks: int = 0
    invited_id: UserId | None = None
    next_id: GameId | None = None
    series_id: GameId | None = None
    series_no: int | None = None
    user_rating: int | None = None
    opponent_rating: int | None = None
    waits_until: datetime | None = None
    drawn: bool = False
    series_points: int | None = None

    @property
    def rules(self) -> Rules:
        """The rules it is played by."""
        return rules_of(self.variant)

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


def require_visible(game: Game | None, by: UserId) -> Game:
    """Return a game its players and who is challenged may see, and anyone where the seat was open to anyone; raises NotFound."""
    if game is None or (game.seat != "anyone" and game.mark_of(by) is None and game.invited_id != by):
        raise NotFound("There is no such game.")
    return game


def require_invited(game: Game | None, by: UserId, invite: str | None) -> Game:
    """Return a game one may see or holds the invitation to (given by its digest); raises NotFound."""
    if game is not None and game.invite is not None and invite is not None and hmac.compare_digest(game.invite, invite):
        return game
    return require_visible(game, by)


def require_player(game: Game | None, by: UserId) -> tuple[Game, Mark]:
    """Return a game and which side somebody plays in it; raises NotFound like `require_visible`, Forbidden for who only watches."""
    if game is not None and (mark := game.mark_of(by)) is not None:
        return game, mark
    require_visible(game, by)
    raise Forbidden("You do not play in this game.")

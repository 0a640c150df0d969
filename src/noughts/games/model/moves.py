"""What a move must say, and what follows from it."""

from datetime import datetime

import msgspec

from noughts.games.model import clocks
from noughts.games.model.games import Game, GameOver, Reason
from noughts.games.rules import Mark, Moves
from noughts.kit.errors import Conflict, FieldError, Invalid, PreconditionRequired


class PlyRequired(PreconditionRequired):
    """A move must name its ply."""


class PlyConflict(Conflict):
    """The game is not, or no longer, at that ply."""


class NotYourTurn(Conflict):
    """It is not your turn."""


class IllegalMove(Invalid):
    """That cell cannot be played."""


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """A move somebody would like to make: at which ply, into which cell and, to be exact, in which position."""

    ply: int | None
    cell: int
    pos: int | None = None


def played(before: Game, mark: Mark, attempt: Attempt, at: datetime) -> Game:
    """Return the game after a move of `mark`; the very same game when that move is already there.

    (game, ply) is the move's idempotency key, so a repetition is harmless for ever, whatever happened since. Raises, in
    the order the contract checks: PlyRequired, GameOver, PlyConflict, NotYourTurn, IllegalMove.
    """
    if attempt.ply is None:
        detail = "Send the number of moves played before it as `ply`."
        raise PlyRequired(detail, errors=(FieldError("#/ply", "required", detail),))
    if before.takebacks and attempt.pos is None:
        detail = "A move was taken back in this game: send its position as `pos`, too."
        raise PlyRequired(detail, errors=(FieldError("#/pos", "required", detail),))
    cells, rules = before.cells, before.rules
    earlier = cells[: attempt.ply]
    if cells[attempt.ply : attempt.ply + 1] == (attempt.cell,) and rules.to_move(earlier) == mark:
        return before
    if before.is_over:
        raise GameOver
    if attempt.ply != before.ply or attempt.pos not in (None, before.pos):
        raise PlyConflict(f"The game is at ply {before.ply}, position {before.pos}.")
    if before.turn != mark:
        raise NotYourTurn("Nobody has taken the other seat yet." if before.status == "open" else "")
    legal = rules.legal(cells)
    if attempt.cell not in legal:
        detail = "The cell is taken, or off the board."
        raise IllegalMove(detail, errors=(FieldError("#/cell", "illegal", detail),), legal=legal)
    return _after(before, (*cells, attempt.cell), at)


def _after(before: Game, cells: Moves, at: datetime) -> Game:
    rules = before.rules
    result = rules.outcome(cells)
    reason: Reason | None = None
    if result is not None:
        reason = "full" if result == "draw" else "line"
    after = msgspec.structs.replace(
        before,
        moves=bytes(cells).hex(),
        ply=before.ply + 1,
        pos=before.pos + 1,
        seq=before.seq + 1,
        turn=rules.to_move(cells) if result is None else None,
        status="playing" if result is None else "finished",
        result=result,
        reason=reason,
        updated_at=at,
        offers="",
    )
    return after if before.time is None else clocks.moved(before, after, at)

"""What a change of a game is to those who look at it."""

from msgspec import UNSET, UnsetType

from noughts.games.model import offers, series
from noughts.games.model.games import Game
from noughts.games.rules import Mark
from noughts.kit.times import rfc3339
from noughts.ports.messages import Clocks, Finished, Moved, Offer, Offered, Series


def told(before: Game, after: Game) -> Moved | Offered | Finished | None:
    """Return the event that leads from one to the next; nothing where only the whole game tells (joined, moves taken back)."""
    if after.seq != before.seq + 1 or after.opponent_id != before.opponent_id:
        return None
    if after.ply == before.ply + 1 and before.turn is not None:
        return _moved(before.turn, after)
    if after.ply != before.ply or (after.status == "playing" and after.offers == before.offers):
        return None
    if after.status == before.status and after.next_id == before.next_id:
        return Offered(game=after.id, seq=after.seq, offers=standing(after))
    return Finished(
        game=after.id,
        seq=after.seq,
        status=after.status,
        result=after.result,
        reason=after.reason,
        clocks=clocks(after),
        next=after.next_id,
        series=_match(after),
    )


def _moved(mark: Mark, after: Game) -> Moved:
    """Return the event of the move of that mark that led here."""
    cells = after.cells
    return Moved(
        game=after.id,
        seq=after.seq,
        ply=after.ply - 1,
        cell=cells[-1],
        mark=mark,
        pos=after.pos,
        turn=after.turn,
        status=after.status,
        result=after.result,
        reason=after.reason,
        line=after.rules.line(cells) if after.reason == "line" else None,
        deadline=deadline(after),
        clocks=clocks(after),
        next=after.next_id,
        series=_match(after),
    )


def deadline(game: Game) -> str | None:
    """Return when the time of who is to move is over, if ever."""
    return None if game.deadline is None else rfc3339(game.deadline)


def clocks(game: Game) -> Clocks | None:
    """Return what is left on the clocks, as this turn began."""
    return None if game.time is None else Clocks(game.x_ms or 0, game.o_ms or 0)


def _match(after: Game) -> Series | UnsetType:
    """Return how the match stands, told as a game ends."""
    return (series.standing(after) or UNSET) if after.is_over else UNSET


def standing(game: Game) -> tuple[Offer, ...]:
    """Return the offers that wait, as they are shown."""
    return tuple([Offer(one.id, one.kind, one.by) for one in offers.standing(game)])

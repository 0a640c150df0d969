"""Offers between the players: a draw, moves taken back, another game; made, taken, declined."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, get_args

import msgspec

from noughts.games.model import clocks
from noughts.games.model.games import Game, GameId, GameOver
from noughts.games.rules import Mark
from noughts.kit.errors import Conflict, Forbidden, NotFound

Kind = Literal["draw", "takeback", "rematch"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class NothingToTakeBack(Conflict):
    """There is no move of yours to take back."""


class NotOverYet(Conflict):
    """The game is not over yet."""


class Offer(msgspec.Struct, frozen=True):
    """What one side offers the other; its id is told by nothing but the game it stands in."""

    id: str
    kind: Kind
    by: Mark


def standing(game: Game) -> tuple[Offer, ...]:
    """Return the offers that wait for an answer, the oldest first."""
    found = (entry.split(":") for entry in game.offers.split(",") if entry)
    return tuple([Offer(number, kind, by) for number, kind, by in found])  # type: ignore[arg-type]  # written below


def made(before: Game, mark: Mark, kind: Kind, at: datetime) -> Game:
    """Return the game with an offer of one side in it; unchanged where it stands there. The other's own is for taking.

    Raises GameOver, NotOverYet, NothingToTakeBack, Forbidden for takebacks in rated games.
    """
    _require_offerable(before, mark, kind)
    offers = standing(before)
    if any(offer.kind == kind and offer.by == mark for offer in offers):
        return before
    seq = before.seq + 1
    return _next(before, at, offers=_written((*offers, Offer(str(seq), kind, mark))))


def found(game: Game, offer_id: str, mark: Mark) -> Offer:
    """Return an offer that one side may answer; raises NotFound, Forbidden for their own."""
    offer = next((offer for offer in standing(game) if offer.id == offer_id), None)
    if offer is None:
        raise NotFound("There is no such offer, or no longer.")
    if offer.by == mark:
        raise Forbidden("This is your own offer.")
    return offer


def declined(before: Game, offer: Offer, at: datetime) -> Game:
    """Return the game without that offer."""
    return _next(before, at, offers=_written(one for one in standing(before) if one != offer))


def drawn(before: Game, at: datetime) -> Game:
    """Return the game ended by agreement."""
    return _next(before, at, status="finished", turn=None, result="draw", reason="agreed", deadline=None, offers="")


def taken_back(before: Game, by: Mark, at: datetime) -> Game:
    """Return the game as it stood before the last move of that side."""
    back = 1 if before.turn != by else 2
    cells = before.cells[: before.ply - back]
    after = _next(
        before,
        at,
        moves=bytes(cells).hex(),
        ply=len(cells),
        pos=before.pos + 1,
        turn=before.rules.to_move(cells),
        takebacks=before.takebacks + 1,
        offers="",
    )
    return clocks.turned_back(before, after, at)


def followed(before: Game, game_id: GameId, at: datetime) -> Game:
    """Return the finished game with a rematch after it; unchanged where there is one."""
    if before.next_id is not None:
        return before
    return _next(before, at, offers="", next_id=game_id)


def _require_offerable(game: Game, mark: Mark, kind: Kind) -> None:
    if kind == "rematch":
        if game.status != "finished":
            raise NotOverYet
        if game.next_id is not None:
            raise Forbidden("Another game follows this one already.")
        return
    if game.is_over:
        raise GameOver
    if game.status == "open":
        raise Forbidden("Nobody has taken the other seat yet.")
    if kind == "takeback":
        _require_move(game, mark)


def _require_move(game: Game, mark: Mark) -> None:
    if game.rated:
        raise Forbidden("Nothing is taken back in a rated game.")
    if not any(game.rules.to_move(game.cells[:ply]) == mark for ply in range(game.ply)):
        raise NothingToTakeBack


def _written(offers: Iterable[Offer]) -> str:
    return ",".join([f"{offer.id}:{offer.kind}:{offer.by}" for offer in offers])


def _next(before: Game, at: datetime, **changes: object) -> Game:
    return msgspec.structs.replace(before, seq=before.seq + 1, updated_at=at, **changes)

"""The door of the Game Service: its whole surface, call by call."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta

from noughts.games.model.clocks import Time, written
from noughts.games.model.games import GameId, GameOver, SeatTaken, Wish
from noughts.games.model.lives import NothingToClaim, TooLateToAbort
from noughts.games.model.matches import PlayedEnough
from noughts.games.model.moves import Attempt, IllegalMove, NotYourTurn, PlyConflict, PlyRequired
from noughts.games.model.offers import Kind, NothingToTakeBack, NotOverYet
from noughts.games.model.snapshots import Snapshot, etag
from noughts.games.rules import VARIANT_PATTERN, UnknownVariant, rules_of
from noughts.games.service import GameService
from noughts.kit.edge import Answer, Ask, Limit, NoQuery, Route, not_modified
from noughts.kit.errors import IdempotencyInProgress, IdempotencyKeyReused, Invalid

MOVES: Final = Limit("moves", 20, 1, per_user=True)
VariantName = Annotated[
    str,
    Meta(
        pattern=VARIANT_PATTERN,
        max_length=8,
        description="`classic`, `misere`, or `<width>x<height>x<k>`: so many in a row on any board up to 15x15.",
    ),
]
_NUMBER: Final = Meta(ge=0, le=2**31 - 1)


class Anyone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="anyone"):
    """Whoever comes: the game that has waited longest is joined, else this one waits."""


class Invited(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="invite"):
    """Whoever is handed the link in `invite_url`."""


class Computer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="computer"):
    """The computer: level 1 plays anything, level 6 never loses, level 7 sets traps besides."""

    level: Annotated[int, Meta(ge=1, le=7)]


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="user"):
    """Somebody by name, who may take the challenge or decline it."""

    username: Annotated[str, Meta(max_length=64)]


class GameBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The game somebody would like; `time` is how long both may think, absent: as long as they like."""

    opponent: Anyone | Invited | Named | Computer
    mark: Literal["X", "O", "random"] = "random"
    variant: VariantName = "classic"
    time: Time | None = None
    rated: bool = False


class ChallengeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who is challenged, and to which game."""

    username: Annotated[str, Meta(max_length=64)]
    mark: Literal["X", "O", "random"] = "random"
    variant: VariantName = "classic"
    time: Time | None = None
    rated: bool = False


class OfferBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is offered: a draw, to take one's last move back, or another game."""

    kind: Kind


class JoinBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret of an invitation, where one is needed."""

    invite: Annotated[str, Meta(max_length=256)] | None = None


class MoveBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A move: how many were played before it, and into which cell. `ply` must be there (428)."""

    ply: Annotated[int, _NUMBER] | msgspec.UnsetType = UNSET
    cell: Annotated[int, _NUMBER]
    pos: Annotated[int, _NUMBER] | msgspec.UnsetType = UNSET


def require_known(variant: str) -> None:
    """Raise Invalid where there is no such game."""
    try:
        rules_of(variant)
    except UnknownVariant as error:
        raise Invalid.field("#/variant", "unknown", str(error)) from None


async def create_game(games: GameService, ask: Ask[GameBody, NoQuery]) -> Answer:
    shown = await games.create(await _wish(games, ask), ask.caller, ask.idempotency_key())
    return Answer(shown, 201, location=f"/games/{shown.id}")


async def get_game(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    shown = await games.game(GameId(ask.path["game_id"]), ask.caller)
    tag = etag(shown, ask.caller.user_id)
    if ask.has(tag):
        return not_modified(tag)
    # A link with a secret in it is kept by no browser; everything else may be, and is asked about each time.
    return Answer(shown, etag=tag, caching="private, no-cache" if shown.invite_url is UNSET else "no-store")


async def join_game(games: GameService, ask: Ask[JoinBody, NoQuery]) -> Answer:
    return Answer(await games.join(GameId(ask.path["game_id"]), ask.body.invite, ask.caller))


async def play_move(games: GameService, ask: Ask[MoveBody, NoQuery]) -> Answer:
    body = ask.body
    attempt = Attempt(None if body.ply is UNSET else body.ply, body.cell, None if body.pos is UNSET else body.pos)
    shown = await games.play(GameId(ask.path["game_id"]), attempt, ask.caller)
    return Answer(shown, 201 if shown.replayed is UNSET else 200)


async def resign_game(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await games.resign(GameId(ask.path["game_id"]), ask.caller))


async def abort_game(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await games.abort(GameId(ask.path["game_id"]), ask.caller))


async def claim_game(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await games.claim(GameId(ask.path["game_id"]), ask.caller))


async def make_offer(games: GameService, ask: Ask[OfferBody, NoQuery]) -> Answer:
    return Answer(await games.offer(GameId(ask.path["game_id"]), ask.body.kind, ask.caller))


async def accept_offer(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    shown = await games.answer(GameId(ask.path["game_id"]), ask.path["offer"], ask.caller, accept=True)
    return Answer(shown)


async def decline_offer(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    shown = await games.answer(GameId(ask.path["game_id"]), ask.path["offer"], ask.caller, accept=False)
    return Answer(shown)


async def challenge(games: GameService, ask: Ask[ChallengeBody, NoQuery]) -> Answer:
    body = ask.body
    opponent = await games.seats.whom(body.username, ask.caller.user_id)
    require_known(body.variant)
    wish = Wish(
        seat="invite",
        opponent=opponent,
        mark=body.mark,
        variant=body.variant,
        time=written(body.time),
        rated=body.rated,
    )
    shown = await games.create(wish, ask.caller, ask.idempotency_key())
    return Answer(shown, 201, location=f"/games/{shown.id}")


async def accept_challenge(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await games.join(GameId(ask.path["challenge_id"]), None, ask.caller))


async def decline_challenge(games: GameService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(await games.decline(GameId(ask.path["challenge_id"]), ask.caller))


async def _wish(games: GameService, ask: Ask[GameBody, NoQuery]) -> Wish:
    body = ask.body
    require_known(body.variant)
    plain = Wish(seat="anyone", mark=body.mark, variant=body.variant, time=written(body.time), rated=body.rated)
    match body.opponent:
        case Computer(level=level):
            return msgspec.structs.replace(plain, seat="computer", level=level)
        case Invited():
            return msgspec.structs.replace(plain, seat="invite")
        case Named(username=username):
            opponent = await games.seats.whom(username, ask.caller.user_id)
            return msgspec.structs.replace(plain, seat="invite", opponent=opponent)
        case Anyone():
            return plain


_STARTS: Final = (IdempotencyKeyReused, IdempotencyInProgress, PlayedEnough)
_SEATS: Final = (SeatTaken, GameOver, PlayedEnough)
_OFFERS: Final = (GameOver, NotOverYet, NothingToTakeBack, PlayedEnough)
_MOVES: Final = (PlyRequired, GameOver, PlyConflict, NotYourTurn, IllegalMove)

ROUTES: Final = (
    Route("POST", "/games", create_game, "Start a game, or join the one that waits for anyone.", body=GameBody,
          answer=Snapshot, status=201, errors=_STARTS, keyed=True),
    Route("GET", "/games/{game_id}", get_game, "Read a game.", answer=Snapshot, also=(304,), conditional=True),
    Route("POST", "/games/{game_id}/join", join_game, "Take the free seat.", body=JoinBody, answer=Snapshot,
          errors=_SEATS, repeatable=True),
    Route("POST", "/games/{game_id}/moves", play_move, "Play a cell; harmless when repeated.", body=MoveBody,
          answer=Snapshot, status=201, also=(200,), errors=_MOVES, limit=MOVES, repeatable=True),
    Route("POST", "/games/{game_id}/resign", resign_game, "Give up, or call off while nobody has joined.",
          answer=Snapshot, repeatable=True),
    Route("POST", "/games/{game_id}/abort", abort_game, "Call a game off before both have moved.", answer=Snapshot,
          errors=(GameOver, TooLateToAbort), repeatable=True),
    Route("POST", "/games/{game_id}/claim", claim_game, "Win the game of an opponent who is gone.", answer=Snapshot,
          errors=(NothingToClaim,), repeatable=True),
    Route("POST", "/games/{game_id}/offers", make_offer, "Offer a draw, to take a move back, or another game.",
          body=OfferBody, answer=Snapshot, errors=_OFFERS, repeatable=True),
    Route("POST", "/games/{game_id}/offers/{offer}/accept", accept_offer, "Take what the other offers.",
          answer=Snapshot, errors=_OFFERS),
    Route("POST", "/games/{game_id}/offers/{offer}/decline", decline_offer, "Decline it.", answer=Snapshot),
    Route("POST", "/challenges", challenge, "Challenge somebody by name.", body=ChallengeBody, answer=Snapshot, status=201,
          errors=_STARTS, keyed=True),
    Route("POST", "/challenges/{challenge_id}/accept", accept_challenge, "Take a challenge.", answer=Snapshot,
          errors=_SEATS, repeatable=True),
    Route("POST", "/challenges/{challenge_id}/decline", decline_challenge, "Decline a challenge.", answer=Snapshot,
          errors=(GameOver,), repeatable=True),
)  # fmt: skip

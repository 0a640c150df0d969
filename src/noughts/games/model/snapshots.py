"""How a game is shown."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from noughts.games.model import clocks, events, series
from noughts.games.model.clocks import Time as Timing
from noughts.games.model.games import OTHER, Game, GameId, Reason, Status, Variant
from noughts.games.model.ratings import Rated, Rating
from noughts.games.rules import Mark, Outcome
from noughts.kit.times import rfc3339
from noughts.kit.tokens import UserId
from noughts.ports import users
from noughts.ports.games import Card, HeldGame, RatedGame, Standing, WaitingGame
from noughts.ports.messages import Clocks, Offer, Series
from noughts.ports.users import Time

_TAG_BYTES: Final = 6


class Players(msgspec.Struct, frozen=True):
    """Who plays which mark; nothing stands for an empty seat."""

    X: Card | None
    O: Card | None  # noqa: E741 - the mark's name


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A game as it stands. `invite_url` is for who may hand it on, `replayed` says that a move was there before."""

    id: GameId
    user_id: UserId | None
    opponent_id: UserId | None
    players: Players
    variant: Variant
    moves: tuple[int, ...]
    board: tuple[Mark | None, ...]
    ply: int
    pos: int
    seq: int
    turn: Mark | None
    status: Status
    result: Outcome | None
    reason: Reason | None
    line: tuple[int, ...] | None
    time: Timing | None
    clocks: Clocks | None
    deadline: Time | None
    offers: tuple[Offer, ...]
    rated: bool
    series: Series | None
    next: GameId | None
    created_at: Time
    updated_at: Time
    invite_url: str | UnsetType = UNSET
    replayed: bool | UnsetType = UNSET


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """A game as it is handed out: who played which mark, the cells in order, how it ended, how long both might think."""

    id: GameId
    variant: Variant
    players: Players
    moves: tuple[int, ...]
    status: Status
    result: Outcome | None
    reason: Reason | None
    rated: bool
    time: Timing | None
    series: Series | None
    created_at: Time
    updated_at: Time


def snapshot(
    game: Game,
    cards: Mapping[UserId, users.Card],
    *,
    invite_url: str | UnsetType = UNSET,
    replayed: bool | UnsetType = UNSET,
) -> Snapshot:
    """Return a game as it is shown, people without a card as deleted."""
    cells, rules = game.cells, game.rules
    owner, guest = _players(game, cards)
    return Snapshot(
        id=game.id,
        user_id=owner.id,
        opponent_id=None if guest is None else guest.id,
        players=Players(owner, guest) if game.mark == "X" else Players(guest, owner),
        variant=game.variant,
        moves=cells,
        board=rules.board(cells),
        ply=game.ply,
        pos=game.pos,
        seq=game.seq,
        turn=game.turn,
        status=game.status,
        result=game.result,
        reason=game.reason,
        line=rules.line(cells) if game.reason == "line" else None,
        time=clocks.read(game.time),
        clocks=events.clocks(game),
        deadline=events.deadline(game),
        offers=events.standing(game) if game.offers else (),
        rated=game.rated,
        series=series.standing(game),
        next=game.next_id,
        created_at=rfc3339(game.created_at),
        updated_at=rfc3339(game.updated_at),
        invite_url=invite_url,
        replayed=replayed,
    )


def exported(game: Game, cards: Mapping[UserId, users.Card]) -> Exported:
    """Return a game as it is handed out."""
    owner, guest = _players(game, cards)
    return Exported(
        id=game.id,
        variant=game.variant,
        players=Players(owner, guest) if game.mark == "X" else Players(guest, owner),
        moves=game.cells,
        status=game.status,
        result=game.result,
        reason=game.reason,
        rated=game.rated,
        time=clocks.read(game.time),
        series=series.standing(game),
        created_at=rfc3339(game.created_at),
        updated_at=rfc3339(game.updated_at),
    )


def _players(game: Game, cards: Mapping[UserId, users.Card]) -> tuple[Card, Card | None]:
    """Return the cards of who began and of who joined; their ratings where it is about those."""
    owner = _card(game.user_id, cards, game.user_rating if game.rated else None)
    if game.seat_is_free:
        return owner, None
    return owner, _card(game.opponent_id, cards, game.opponent_rating if game.rated else None)


def etag(shown: Snapshot, viewer: UserId) -> str:
    """Return the tag of what one viewer is shown: it changes with the game, the players' cards and the viewer."""
    seen = hashlib.blake2s(msgspec.json.encode((viewer, shown.players)), digest_size=_TAG_BYTES)
    return f'"{shown.seq}-{seen.hexdigest()}"'


def held(game: Game, user_id: UserId) -> HeldGame:
    """Return a game as it is kept of one of its players."""
    owns = game.user_id == user_id
    return HeldGame(
        id=game.id,
        variant=game.variant,
        mark=game.mark if owns else OTHER[game.mark],
        opponent=game.opponent_id if owns else game.user_id,
        moves=list(game.cells),
        status=game.status,
        result=game.result,
        reason=game.reason,
        created_at=rfc3339(game.created_at),
        updated_at=rfc3339(game.updated_at),
    )


def waiting(game: Game, owner: UserId) -> WaitingGame:
    """Return a game that waits for anyone, as they see it who might join."""
    return WaitingGame(
        id=game.id, variant=game.variant, mark=OTHER[game.mark], user_id=owner, created_at=rfc3339(game.created_at)
    )


def standing(rating: Rating, history: Sequence[Rated]) -> Standing:
    """Return how good somebody is as everybody sees it; `history` comes with the newest first."""
    return Standing(
        variant=rating.variant,
        against=rating.against,
        rating=rating.shown,
        deviation=round(rating.deviation),
        games=rating.games,
        history=[
            RatedGame(rating=one.rating, change=one.change, at=rfc3339(one.at), game=one.game_id)
            for one in reversed(history)
        ],
    )


def _card(user_id: UserId | None, cards: Mapping[UserId, users.Card], rating: int | None) -> Card:
    card = Card.of(None if user_id is None else cards.get(user_id))
    return card if rating is None else msgspec.structs.replace(card, rating=rating)

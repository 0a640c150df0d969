"""A game as it is known at a terminal: a snapshot, and what was told since."""

from typing import Final, Literal

import msgspec

from noughts.games.rules import rules_of
from noughts.ports.games import Mark
from noughts.ports.messages import Clocks, Finished, Moved, Offer, Offered, Series

OTHER: Final[dict[Mark, Mark]] = {"X": "O", "O": "X"}


class Card(msgspec.Struct, frozen=True):
    """Who sits at the board."""

    id: str | None
    username: str | None
    kind: str


class Players(msgspec.Struct, frozen=True):
    """Who plays which mark; nothing for an empty seat."""

    X: Card | None
    O: Card | None  # noqa: E741 - the mark's name


class Game(msgspec.Struct, frozen=True, kw_only=True):
    """What of a snapshot matters here."""

    id: str
    players: Players
    variant: str
    board: tuple[Mark | None, ...]
    moves: tuple[int, ...]
    ply: int
    pos: int
    seq: int
    turn: Mark | None
    status: Literal["open", "playing", "finished", "aborted"]
    result: str | None
    reason: str | None
    line: tuple[int, ...] | None
    deadline: str | None
    clocks: Clocks | None
    offers: tuple[Offer, ...]
    next: str | None
    series: Series | None = None
    invite_url: str = ""

    @property
    def width(self) -> int:
        """How many columns there are."""
        return rules_of(self.variant).WIDTH

    @property
    def is_over(self) -> bool:
        """Whether nothing can be played any more."""
        return self.status in ("finished", "aborted")

    def mark_of(self, user_id: str) -> Mark | None:
        """Return which side somebody plays, or nothing."""
        for mark, card in (("X", self.players.X), ("O", self.players.O)):
            if card is not None and card.id == user_id:
                return "X" if mark == "X" else "O"
        return None

    def name(self, mark: Mark) -> str:
        """Return who plays a mark."""
        card = self.players.X if mark == "X" else self.players.O
        return "nobody yet" if card is None else card.username or "somebody who left"

    def offered(self, mark: Mark | None) -> list[Offer]:
        """Return the offers that wait for the answer of who plays a mark."""
        return [offer for offer in self.offers if mark is not None and offer.by != mark]


def after(game: Game, told: Moved | Offered | Finished) -> Game | None:
    """Return the game after what was told, unchanged by old news; nothing where something is missing between."""
    if told.seq <= game.seq:
        return game
    if told.seq > game.seq + 1:
        return None
    match told:
        case Offered():
            return msgspec.structs.replace(game, seq=told.seq, offers=told.offers)
        case Finished():
            return _ended(game, told)
        case Moved():
            return _moved(game, told)


def _ended(game: Game, told: Finished) -> Game:
    return msgspec.convert(
        msgspec.to_builtins(game)
        | {"seq": told.seq, "status": told.status, "result": told.result, "reason": told.reason, "next": told.next}
        | {"turn": None, "deadline": None, "offers": (), "series": _match(game, told)},
        Game,
    )


def _match(game: Game, told: Moved | Finished) -> object:
    return msgspec.to_builtins(told.series or game.series)


def _moved(game: Game, told: Moved) -> Game:
    board = list(game.board)
    board[told.cell] = told.mark
    known = msgspec.to_builtins(game) | {"board": board, "moves": (*game.moves, told.cell), "ply": told.ply + 1}
    names = ("seq", "pos", "turn", "status", "result", "reason", "line", "deadline", "clocks", "next")
    return msgspec.convert(
        known
        | {name: msgspec.to_builtins(getattr(told, name)) for name in names}
        | {"offers": (), "series": _match(game, told)},
        Game,
    )

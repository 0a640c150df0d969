"""What the other services may ask of the Game Service."""

from collections.abc import Sequence
from typing import Final, Literal, Protocol

import msgspec

from noughts.kit.tokens import UserId
from noughts.ports import users
from noughts.ports.users import Kind, Time

Mark = Literal["X", "O"]
Result = Literal["X", "O", "draw"]
Against = Literal["people", "computer"]
Fared = Literal["won", "lost", "drawn"]
ASKED_AT_ONCE: Final = 100
HELD_AT_ONCE: Final = 200
LATEST: Final = 10
COUNTED: Final = 10_000
WAITING: Final = 50
PLAYING: Final = 1_000
STANDINGS: Final = 20
RATED: Final = 100


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A player as everybody sees them beside the board; of somebody who was deleted only that is left."""

    id: UserId | None
    username: str | None
    kind: Kind | Literal["deleted"]
    rating: int | None = None

    @classmethod
    def of(cls, person: "users.Card | None") -> "Card":
        """Return the card of a person, or of somebody who is not there any more."""
        if person is None:
            return cls(id=None, username=None, kind="deleted")
        return cls(id=person.id, username=person.username, kind=person.kind)


class HeldGame(msgspec.Struct, frozen=True, kw_only=True):
    """A game somebody plays or played, as it is kept: the cells in order, and who sat opposite."""

    id: str
    variant: str
    mark: Mark
    opponent: UserId | None
    moves: list[int]
    status: str
    result: Result | None
    reason: str | None
    created_at: Time
    updated_at: Time


class Score(msgspec.Struct, frozen=True):
    """How many games somebody won, lost and drew."""

    won: int
    lost: int
    drawn: int


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Finished games, counted: those open to anyone, and those against the computer. Invitations count nowhere.

    `complete` is false where somebody finished more than 10 000 of a kind: only the latest of those are counted.
    """

    people: Score
    computer: Score
    complete: bool


class Versus(msgspec.Struct, frozen=True, kw_only=True):
    """How the first of two fared against the second, and the latest of their games that everybody may see.

    Counted as in a `Record`: games open to anyone and those against the computer, at most 10 000 for each who began.
    """

    score: Score
    games: list[HeldGame]


class RatedGame(msgspec.Struct, frozen=True, kw_only=True):
    """What a rated game made of a rating, and when."""

    rating: int
    change: int
    at: Time
    game: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How good somebody is at a variant, against people or the computer (Glicko-2); the latest 100 rated games, the oldest first.

    `deviation` says how sure that is: the rating is within twice as much, either way, 19 times out of 20.
    """

    variant: str
    against: Against
    rating: int
    deviation: int
    games: int
    history: list[RatedGame]


class WaitingGame(msgspec.Struct, frozen=True, kw_only=True):
    """A game anyone may join, the mark that is left for them, and who waits since when."""

    id: str
    variant: str
    mark: Mark
    user_id: UserId
    created_at: Time


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Who waits for anyone, the longest first, and in how many games something happened in the last five minutes."""

    games: list[WaitingGame]
    playing: int


class Games(Protocol):
    """The Game Service. Every method raises Unavailable when it cannot be asked."""

    async def close_deleted(self, user_id: UserId) -> None:
        """Resign or call off every unfinished game of a person who is being deleted. May be repeated."""

    async def played_humans(self, user_ids: Sequence[UserId]) -> set[UserId]:
        """Return those among at most 100 people who finished a game with another person. May be repeated."""

    async def held(self, user_id: UserId, after: str | None) -> list[HeldGame]:
        """Return at most 200 games of a person, the newest first, from the one after `after` on. May be repeated."""

    async def record(self, user_id: UserId) -> Record:
        """Return how somebody's finished games ended, as far as everybody may know. May be repeated."""

    async def latest(self, user_id: UserId) -> list[HeldGame]:
        """Return the 10 latest finished games of a person that everybody may see, the newest first. May be repeated."""

    async def versus(self, one: UserId, other: UserId) -> Versus:
        """Return how somebody fared against another, and their 10 latest public games, the newest first. May be repeated."""

    async def standings(self, user_id: UserId) -> list[Standing]:
        """Return somebody's 20 latest ratings, that of the latest rated game first. May be repeated."""

    async def waiting(self) -> Waiting:
        """Return at most 50 games that wait for anyone, and how many of the 1 000 newest are played just now.

        As it was up to a second ago. May be repeated.
        """

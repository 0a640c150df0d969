"""Answers composed from several services: what can be asked at once is, and whoever does not answer in time is named.

`partial` holds the services that could not be asked; what they would have said is null.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Final, Literal, TypeVar

import msgspec

from noughts.kit.errors import NotFound, Unavailable
from noughts.kit.tokens import UserId
from noughts.ports.games import Card, Games, HeldGame, Mark, Record, Result, Score, Standing, Waiting
from noughts.ports.users import Card as Person
from noughts.ports.users import Kind, PublicUser, Time, Users

Told = TypeVar("Told")
Service = Literal["users", "games"]
DEADLINE_S: Final = 1.0


class PlayedGame(msgspec.Struct, frozen=True, kw_only=True):
    """A finished game, seen from the side of one player. `opponent` is null where nobody can say who that was."""

    id: str
    variant: str
    mark: Mark
    opponent: Card | None
    moves: list[int]
    result: Result
    reason: str | None
    created_at: Time
    updated_at: Time


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A player as everybody may see them: who they are, how they fared, how good they are, and the latest of their public games."""

    id: UserId
    username: str
    kind: Kind
    created_at: Time
    record: Record | None
    ratings: list[Standing] | None
    games: list[PlayedGame] | None
    partial: list[Service]


class HeadToHead(msgspec.Struct, frozen=True, kw_only=True):
    """Two players, how the first fared against the second, and the latest of their public games, seen from the first's side."""

    players: list[Card]
    score: Score | None
    games: list[PlayedGame] | None
    partial: list[Service]


class OpenGame(msgspec.Struct, frozen=True, kw_only=True):
    """A game that waits for anyone: `mark` is what whoever joins plays. `player` is null where nobody can say who waits."""

    id: str
    variant: str
    mark: Mark
    player: Card | None
    created_at: Time


class Lobby(msgspec.Struct, frozen=True, kw_only=True):
    """Who waits, the longest first (at most 50), and in how many games something happened in the last five minutes.

    Among unfinished games the 1 000 newest are looked at.
    """

    waiting: list[OpenGame] | None
    playing: int | None
    partial: list[Service]


class Profiles:
    """Composes. Every answer is there within the deadline, in seconds, whatever the matter with a service."""

    def __init__(self, users: Users, games: Games, deadline_s: float = DEADLINE_S) -> None:
        self._users = users
        self._games = games
        self._deadline_s = deadline_s

    async def player(self, username: str) -> Profile:
        """Return somebody's profile; raises NotFound, and Unavailable where nobody can say whether they exist."""
        parts = _Parts(self._deadline_s)
        person = await self._named(username, parts)
        record, ratings, games = await asyncio.gather(
            parts.of("games", self._games.record(person.id)),
            parts.of("games", self._games.standings(person.id)),
            self._played(person.id, parts),
        )
        return Profile(
            id=person.id,
            username=person.username,
            kind=person.kind,
            created_at=person.created_at,
            record=record,
            ratings=ratings,
            games=games,
            partial=parts.missing,
        )

    async def versus(self, one: str, other: str) -> HeadToHead:
        """Return how one fared against another; raises NotFound, Unavailable where nobody can say who."""
        parts = _Parts(self._deadline_s)
        first, second = await asyncio.gather(self._named(one, parts), self._named(other, parts))
        if first.id == second.id:
            raise NotFound("Nobody plays against themselves.")
        found = await parts.of("games", self._games.versus(first.id, second.id))
        people = {
            person.id: Person(id=person.id, username=person.username, kind=person.kind) for person in (first, second)
        }
        return HeadToHead(
            players=[Card.of(person) for person in people.values()],
            score=None if found is None else found.score,
            games=None
            if found is None
            else [_played(game, game.result, people) for game in found.games if game.result is not None],
            partial=parts.missing,
        )

    async def lobby(self) -> Lobby:
        """Return who waits and how much is played."""
        parts = _Parts(self._deadline_s)
        found = await parts.of("games", self._games.waiting())
        if found is None:
            return Lobby(waiting=None, playing=None, partial=parts.missing)
        cards = await self._cards(parts, {game.user_id for game in found.games})
        return Lobby(waiting=_waiting(found, cards), playing=found.playing, partial=parts.missing)

    async def _named(self, username: str, parts: "_Parts") -> PublicUser:
        person = await parts.of("users", self._users.named(username))
        if person is None:
            raise Unavailable("Who that is cannot be said just now.")
        return person

    async def _played(self, user_id: UserId, parts: "_Parts") -> list[PlayedGame] | None:
        games = await parts.of("games", self._games.latest(user_id))
        if games is None:
            return None
        cards = await self._cards(parts, {game.opponent for game in games if game.opponent is not None})
        return [_played(game, game.result, cards) for game in games if game.result is not None]

    async def _cards(self, parts: "_Parts", user_ids: Iterable[UserId]) -> dict[UserId, Person] | None:
        wanted = sorted(user_ids)
        return await parts.of("users", self._users.cards(wanted)) if wanted else {}


class _Parts:
    """What is asked for one answer, before one deadline."""

    def __init__(self, deadline_s: float) -> None:
        self._until = asyncio.get_running_loop().time() + deadline_s
        self._missing: set[Service] = set()

    @property
    def missing(self) -> list[Service]:
        """The services that did not answer, by name."""
        return sorted(self._missing)

    async def of(self, service: Service, question: Awaitable[Told]) -> Told | None:
        """Return what a service says, or nothing where it cannot be asked; what it refuses is raised."""
        try:
            async with asyncio.timeout_at(self._until):
                return await question
        except (TimeoutError, Unavailable):
            self._missing.add(service)
            return None


def _waiting(found: Waiting, cards: dict[UserId, Person] | None) -> list[OpenGame]:
    """Return the open games, without those of people who are being deleted."""
    return [
        OpenGame(
            id=game.id,
            variant=game.variant,
            mark=game.mark,
            player=None if cards is None else Card.of(cards[game.user_id]),
            created_at=game.created_at,
        )
        for game in found.games
        if cards is None or game.user_id in cards
    ]


def _played(game: HeldGame, result: Result, cards: dict[UserId, Person] | None) -> PlayedGame:
    """Return a game as its player's profile shows it; somebody without a card was deleted."""
    opponent = None if game.opponent is None or cards is None else cards.get(game.opponent)
    unknown = cards is None and game.opponent is not None
    return PlayedGame(
        id=game.id,
        variant=game.variant,
        mark=game.mark,
        opponent=None if unknown else Card.of(opponent),
        moves=game.moves,
        result=result,
        reason=game.reason,
        created_at=game.created_at,
        updated_at=game.updated_at,
    )

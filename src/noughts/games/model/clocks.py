"""Time to think: none, so much a turn, a clock with an increment, or days; and what follows when it is over."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from noughts.games.model.games import OTHER, Game
from noughts.games.rules import Mark

_MS: Final = timedelta(milliseconds=1)
_DAY_MS: Final = 86_400_000


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="turn"):
    """So much time for each move."""

    turn_ms: Annotated[int, Meta(ge=3_000, le=3_600_000)]


class Clock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="clock"):
    """So much for all moves, and a little more after each."""

    initial_ms: Annotated[int, Meta(ge=5_000, le=10_800_000)]
    increment_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0


class Days(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="days"):
    """So many days for each move."""

    days: Annotated[int, Meta(ge=1, le=14)]


Time = Turn | Clock | Days


def written(time: Time | None) -> str | None:
    """Return how it is kept: `turn:30000`, `clock:300000+2000`, `days:3`; nothing for none."""
    match time:
        case Turn():
            return f"turn:{time.turn_ms}"
        case Clock():
            return f"clock:{time.initial_ms}+{time.increment_ms}"
        case Days():
            return f"days:{time.days}"
        case None:
            return None


def read(text: str | None) -> Time | None:
    """Return what was kept."""
    kind, _, value = (text or "").partition(":")
    match kind:
        case "turn":
            return Turn(int(value))
        case "clock":
            initial, _, increment = value.partition("+")
            return Clock(int(initial), int(increment))
        case "days":
            return Days(int(value))
        case _:
            return None


def started(game: Game, at: datetime) -> Game:
    """Return the game with its clocks set and that of who is to move running."""
    time = read(game.time)
    if time is None or game.turn is None:
        return game
    full = time.initial_ms if isinstance(time, Clock) else _each(time)
    return _running(msgspec.structs.replace(game, x_ms=full, o_ms=full), game.turn, at)


def moved(before: Game, after: Game, at: datetime) -> Game:
    """Return the game after its turn passed on: who moved keeps what is left, and the other's clock runs."""
    time = read(before.time)
    if time is None or before.turn is None:
        return after
    left = left_ms(before, before.turn, at) + time.increment_ms if isinstance(time, Clock) else _each(time)
    after = _with(after, before.turn, left)
    return _running(after, after.turn, at) if after.turn is not None else msgspec.structs.replace(after, deadline=None)


def turned_back(before: Game, after: Game, at: datetime) -> Game:
    """Return the game after moves were taken back: nobody gets time back, and whose turn it is has their clock run.

    Who was to move pays for the time until then; where they still are, their turn goes on.
    """
    time = read(before.time)
    if time is None or before.turn is None or after.turn is None:
        return after
    if isinstance(time, Clock):
        return _running(_with(after, before.turn, left_ms(before, before.turn, at)), after.turn, at)
    return after if after.turn == before.turn else _running(after, after.turn, at)


def flagged(game: Game, at: datetime) -> Game:
    """Return the game lost by who let their time run out; unchanged while there is time, or no clock."""
    if game.status != "playing" or game.turn is None or game.deadline is None or at < game.deadline:
        return game
    return msgspec.structs.replace(
        _with(game, game.turn, 0),
        status="finished",
        turn=None,
        result=OTHER[game.turn],
        reason="timeout",
        deadline=None,
        offers="",
        seq=game.seq + 1,
        updated_at=at,
    )


def left_ms(game: Game, mark: Mark, at: datetime) -> int:
    """Return how much time a side has left, of the running clock as of now; 0 at the least."""
    if game.turn == mark and game.deadline is not None:
        return max(0, (game.deadline - at) // _MS)
    return (game.x_ms if mark == "X" else game.o_ms) or 0


def _each(time: Turn | Days) -> int:
    return time.turn_ms if isinstance(time, Turn) else time.days * _DAY_MS


def _with(game: Game, mark: Mark, left: int) -> Game:
    return msgspec.structs.replace(game, x_ms=left) if mark == "X" else msgspec.structs.replace(game, o_ms=left)


def _running(game: Game, mark: Mark, at: datetime) -> Game:
    left = (game.x_ms if mark == "X" else game.o_ms) or 0
    return msgspec.structs.replace(game, deadline=at + timedelta(milliseconds=left))

"""How somebody's finished games add up."""

from collections.abc import Iterable

import msgspec

from noughts.games.model.games import Seat
from noughts.games.rules import Mark, Outcome
from noughts.ports.games import COUNTED, Record, Score


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """How many games of a kind somebody began (`owns`) or joined ended like that; `mark` is that of who began."""

    owns: bool
    seat: Seat
    mark: Mark
    result: Outcome
    games: int

    @property
    def outcome(self) -> str:
        """What it was for them, by the name of the score's field."""
        if self.result == "draw":
            return "drawn"
        return "won" if (self.result == self.mark) == self.owns else "lost"


def record(tallies: Iterable[Tally]) -> Record:
    """Return the record that follows from the tallies of one person, each side of each kind counted to 10 000."""
    found = list(tallies)
    sides = {(tally.owns, tally.seat) for tally in found}
    full = any(sum(tally.games for tally in found if (tally.owns, tally.seat) == side) >= COUNTED for side in sides)
    return Record(
        people=score(tally for tally in found if tally.seat == "anyone"),
        computer=score(tally for tally in found if tally.seat == "computer"),
        complete=not full,
    )


def score(tallies: Iterable[Tally]) -> Score:
    """Return all tallies of one person added up."""
    counted = {"won": 0, "lost": 0, "drawn": 0}
    for tally in tallies:
        counted[tally.outcome] += tally.games
    return Score(**counted)

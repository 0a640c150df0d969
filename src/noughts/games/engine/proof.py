"""Whether one side can force a line within so many plies, whatever the other does: proven, or too much to look at.

The question is asked of an attacker. Cells are bits of a number. Three things keep the tree small:

- a line the defender has a mark in is dead, and once every line that could still be completed in time holds two empty
  cells of its own the defender takes the other of the two each time (a pairing), so the attack has failed;
- a side that could be completed against plays there at once;
- turned and mirrored positions are one, and what was proven of them for more or fewer plies is kept.
"""

from typing import Final

from noughts.games.engine.symmetry import images, least
from noughts.games.rules import Rules
from noughts.games.rules.lines import lines

_NEVER: Final = 1 << 16


class OutOfBudget(Exception):
    """The budget of positions is used up before anything was proven."""


class Prover:
    """Proves attacks on one board, looking at no more than `budget` positions; it keeps what it has learned."""

    def __init__(self, rules: Rules, budget: int) -> None:
        self.budget = budget
        self._width, self._cells, self._length = rules.WIDTH, rules.CELLS, rules.LENGTH
        self._images = images(rules.WIDTH, rules.HEIGHT)
        self._lines = [sum([1 << cell for cell in line]) for line in lines(rules.WIDTH, rules.HEIGHT, rules.LENGTH)]
        self._won: dict[tuple[int, bool], int] = {}
        self._safe: dict[tuple[int, bool], int] = {}

    def attack(self, attacker: int, defender: int, plies: int) -> bool:
        """Return whether the attacker, to move, completes a line within so many plies; raises OutOfBudget."""
        self._spend()
        open_lines, forced = self._open(attacker, defender), self._completing(defender, attacker)
        live = [empty for empty in open_lines if empty.bit_count() * 2 - 1 <= plies]
        if any(not empty & (empty - 1) for empty in live):
            return True
        if not live or forced & (forced - 1):
            return False
        if forced:
            return self.defend(attacker | forced, defender, plies - 1)
        return self._searched(attacker, defender, plies, live=live, attacking=True)

    def defend(self, attacker: int, defender: int, plies: int) -> bool:
        """Return whether the attacker, the other to move, completes a line within so many plies; raises OutOfBudget."""
        self._spend()
        if self._completing(defender, attacker):
            return False
        live = [empty for empty in self._open(attacker, defender) if empty.bit_count() * 2 <= plies]
        forced = 0
        for empty in live:
            if not empty & (empty - 1):
                forced |= empty
        if not live or forced & (forced - 1):
            return bool(live)
        if forced:
            return self.attack(attacker, defender | forced, plies - 1)
        return self._searched(attacker, defender, plies, live=live, attacking=False)

    def least(self, attacker: int, defender: int) -> int:
        """Return one number for a position and all its images."""
        return least(attacker | defender << self._cells, self._images, self._width, self._cells)

    def _searched(self, attacker: int, defender: int, plies: int, *, live: list[int], attacking: bool) -> bool:
        """Return the same, looked up or looked for: nobody is forced to anything."""
        key = (self.least(attacker, defender), attacking)
        if plies >= self._won.get(key, _NEVER):
            return True
        if plies <= self._safe.get(key, 0) or _paired(live):
            return False
        cells = self._ordered(attacker, defender, live)
        if attacking:
            won = any(self.defend(attacker | cell, defender, plies - 1) for cell in cells)
        else:
            won = all(self.attack(attacker, defender | cell, plies - 1) for cell in cells)
        (self._won if won else self._safe)[key] = plies
        return won

    def _ordered(self, attacker: int, defender: int, live: list[int]) -> list[int]:
        """Return the cells that matter to either side, those first that stand in the most advanced lines."""
        weights: dict[int, int] = {}
        for base, empties in ((16, live), (8, self._open(defender, attacker))):
            for empty in empties:
                weight = base ** (self._length - empty.bit_count())
                rest = empty
                while rest:
                    cell = rest & -rest
                    weights[cell] = weights.get(cell, 0) + weight
                    rest ^= cell
        return sorted(weights, key=weights.__getitem__, reverse=True)

    def _open(self, mine: int, theirs: int) -> list[int]:
        """Return what is empty of each line that only one side can still complete."""
        return [line & ~mine for line in self._lines if not line & theirs]

    def _completing(self, mine: int, theirs: int) -> int:
        """Return the cells that complete a line."""
        found = 0
        for line in self._lines:
            if not line & theirs:
                empty = line & ~mine
                if not empty & (empty - 1):
                    found |= empty
        return found

    def _spend(self) -> None:
        self.budget -= 1
        if self.budget < 0:
            raise OutOfBudget


def _paired(live: list[int]) -> bool:
    """Return whether each line can be given two empty cells of its own, looking once, the shortest of choice first."""
    used = 0
    for empty in sorted(live, key=int.bit_count):
        free = empty & ~used
        if not free & (free - 1):
            return False
        cells: list[tuple[int, int]] = []
        while free:
            cell = free & -free
            cells.append((sum([1 for other in live if other & cell]), cell))
            free ^= cell
        cells.sort()
        used |= cells[0][1] | cells[1][1]
    return True

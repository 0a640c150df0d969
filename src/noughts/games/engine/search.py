"""What is found out about a position on a large board: wins by threats proven, the rest looked ahead at."""

from typing import Final

import msgspec

from noughts.games.engine.deepening import Deepening
from noughts.games.engine.field import Field
from noughts.games.engine.forcing import Forcing
from noughts.games.engine.verdicts import Analysis, Choice, concluded
from noughts.games.rules import Moves, Rules

_THREAT_SHARE: Final = 4
"""One part in so many of the budget may be spent on threats, of either side."""


def searched(rules: Rules, moves: Moves, nodes: int) -> Analysis:
    """Return what is known of a running game, and the cells to play, looking at about so many positions."""
    position = _Position(rules, moves, nodes)
    known = {choice.cell: choice for choice in position.proven()}
    cells = [known.get(cell, Choice(cell)) for cell in rules.legal(moves)]
    found = concluded(cells, len(cells))
    if found.value == 1:
        return found
    return msgspec.structs.replace(found, best=position.proposed([cell for cell in known if known[cell].value == -1]))


class _Position:
    def __init__(self, rules: Rules, moves: Moves, nodes: int) -> None:
        self._legal, self._nodes = rules.legal(moves), nodes
        self._field, self._side = Field(rules, moves), len(moves) % 2

    def proven(self) -> list[Choice]:
        """Return the cells that win or lose by force, as far as fours alone show it."""
        field, side = self._field, self._side
        if mine := field.completing(side):
            return [Choice(cell, 1, 1) for cell in sorted(mine)]
        theirs = field.completing(1 - side)
        lost = [Choice(cell, -1, 2) for cell in self._legal if theirs and (len(theirs) > 1 or cell not in theirs)]
        forcing = Forcing(field, self._nodes // _THREAT_SHARE)
        if found := forcing.win(side):
            cell, plies = found
            return [*lost, Choice(cell, 1, plies if plies == 3 else None)]
        return lost or self._lost_to_threats()

    def _lost_to_threats(self) -> list[Choice]:
        """Return the cells after which the other side wins by fours, where it would if one passed."""
        field, side = self._field, self._side
        forcing = Forcing(field, self._nodes // _THREAT_SHARE)
        lost: list[Choice] = []
        if not forcing.win(1 - side):
            return lost
        for cell in self._legal:
            field.place(cell, side)
            if found := forcing.win(1 - side):
                lost.append(Choice(cell, -1, 4 if found[1] == 3 else None))
            field.lift(cell, side)
        return lost

    def proposed(self, lost: list[int]) -> tuple[int, ...]:
        """Return the cell to play where none is known to win; one in the way of a line where all is lost."""
        field, side = self._field, self._side
        saving = sorted(field.completing(1 - side)) or [cell for cell in self._legal if cell not in lost]
        urgent = field.candidates(side, len(self._legal))
        ordered = [cell for cell in urgent if cell in saving] or saving or urgent
        chosen = Deepening(field, side, self._nodes).best(ordered[:20] if lost else None)
        return (self._legal[0] if chosen is None else chosen,)

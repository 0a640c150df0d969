"""Among cells of equal value, those a casual player does worst against: the expected score, to the end of the game."""

from functools import cache
from typing import Final

from noughts.games.engine.analysis import best
from noughts.games.engine.levels import CASUAL, intentions
from noughts.games.engine.tables import number
from noughts.games.rules import Mark, Moves, Rules

_EQUAL: Final = 1e-9


def hardest(rules: Rules, moves: Moves) -> tuple[int, ...]:
    """Return the cells of best value with the highest expected score against level 3, on three by three."""
    hopes = _Hopes.of(rules, rules.to_move(moves))
    scores = {cell: hopes.after((*moves, cell)) for cell in best(rules, moves)}
    most = max(scores.values(), default=0.0)
    return tuple([cell for cell, score in scores.items() if score > most - _EQUAL])


class _Hopes:
    """What one mark may expect in every position, keeping the value and setting traps, the other being casual."""

    def __init__(self, rules: Rules, mark: Mark) -> None:
        self._rules, self._mark = rules, mark
        self._known: dict[int, float] = {}

    @staticmethod
    @cache
    def of(rules: Rules, mark: Mark) -> "_Hopes":
        """Return the one that remembers."""
        return _Hopes(rules, mark)

    def after(self, moves: Moves) -> float:
        """Return the expected score of a position: 1 won, a half drawn, 0 lost."""
        key = number(moves)
        if key not in self._known:
            self._known[key] = self._worked_out(moves)
        return self._known[key]

    def _worked_out(self, moves: Moves) -> float:
        rules = self._rules
        if outcome := rules.outcome(moves):
            return 0.5 if outcome == "draw" else float(outcome == self._mark)
        if rules.to_move(moves) == self._mark:
            return max([self.after((*moves, cell)) for cell in best(rules, moves)])
        return sum(
            [
                share / len(cells) * self.after((*moves, cell))
                for share, cells in intentions(rules, moves, CASUAL)
                if share
                for cell in cells
            ]
        )

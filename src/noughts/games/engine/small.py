"""The exact values of a small board's cells: how soon each wins, or loses, as far as the budget allows."""

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from noughts.games.engine.proof import OutOfBudget, Prover
from noughts.games.engine.verdicts import Analysis, Choice, concluded
from noughts.games.rules import Moves, Rules

_MOST_CELLS: Final = 36


def is_small(rules: Rules) -> bool:
    """Return whether trying to prove everything about a board is worth it."""
    return rules.CELLS <= _MOST_CELLS


def proven(rules: Rules, moves: Moves, nodes: int) -> Analysis:
    """Return what can be proven of a running game by looking at about so many positions."""
    board = _Board(rules, moves, nodes)
    can_win, can_lose = board.can_win(), board.can_lose()
    images = {cell: board.image(cell) for cell in rules.legal(moves)}
    left, known = len(set(images.values())), dict[int, Choice]()
    for cell, image in images.items():
        if image not in known:
            known[image] = board.choice(cell, left - len(known), can_win=can_win)
    choices = [msgspec.structs.replace(known[image], cell=cell) for cell, image in images.items()]
    return concluded(choices, board.left, can_win=can_win, can_lose=can_lose)


class _Board:
    """A position, and what is left of the budget."""

    def __init__(self, rules: Rules, moves: Moves, nodes: int) -> None:
        self._prover = Prover(rules, 0)
        self._nodes = nodes
        self._mine, self._theirs = _bits(moves[-2::-2]), _bits(moves[::-2])
        self._winning = rules.wins(moves, rules.to_move(moves))
        self.left = rules.CELLS - len(moves)

    def can_win(self) -> bool | None:
        """Return whether the side to move can force a line."""
        return bool(self._winning) or self._ask(
            partial(self._prover.attack, self._mine, self._theirs, self.left), self._nodes * 3 // 5
        )

    def can_lose(self) -> bool | None:
        """Return whether the other side can; never on an empty board, where a mark more has never hurt."""
        return bool(self._theirs) and self._ask(
            partial(self._prover.defend, self._theirs, self._mine, self.left), self._nodes // 2
        )

    def image(self, cell: int) -> int:
        """Return what a cell has in common with those that are the same but for turning or mirroring the board."""
        return self._prover.least(self._mine | 1 << cell, self._theirs)

    def choice(self, cell: int, cells_left: int, *, can_win: bool | None) -> Choice:
        """Return what a cell is worth, using at most its share of the budget."""
        if cell in self._winning:
            return Choice(cell, 1, 1)
        held, share, prover = self._mine | 1 << cell, self._nodes // cells_left, self._prover
        won = lost = 0
        if can_win is not False:
            won = self._shortest(lambda plies: prover.defend(held, self._theirs, plies), share)
        if won:
            return Choice(cell, None if won < 0 else 1, None if won < 0 else won + 1)
        lost = self._shortest(lambda plies: prover.attack(self._theirs, held, plies), share)
        if lost:
            return Choice(cell, None if lost < 0 else -1, None if lost < 0 else lost + 1)
        return Choice(cell, 0, self.left)

    def _shortest(self, forced_in: Callable[[int], bool], budget: int) -> int:
        """Return in how many plies a line can be forced at the soonest; 0 if it cannot, -1 if nobody knows."""
        most = self.left - 1
        answer = self._ask(partial(forced_in, most), budget)
        if not answer:
            return -1 if answer is None else 0
        for plies in range(1, most + 1):
            sooner = self._ask(partial(forced_in, plies), budget)
            if sooner is not False:
                return -1 if sooner is None else plies
        return most

    def _ask(self, question: Callable[[], bool], budget: int) -> bool | None:
        """Return the answer, or nothing when it would take more than that."""
        self._prover.budget = budget = min(budget, self._nodes)
        try:
            return question()
        except OutOfBudget:
            return None
        finally:
            self._nodes -= budget - max(self._prover.budget, 0)


def _bits(cells: Moves) -> int:
    return sum([1 << cell for cell in cells])

"""What a position is worth: by the table, by proof on small boards, by threats and looking ahead on large ones."""

from typing import Final

import msgspec

from noughts.games.engine import small, tables
from noughts.games.engine.search import searched
from noughts.games.engine.verdicts import Analysis, Choice, Value, concluded, turned
from noughts.games.rules import Moves, Rules

NODES: Final = 40_000
"""How many positions are looked at unless somebody says otherwise: about a second's work."""


def analysis(rules: Rules, moves: Moves, nodes: int = NODES) -> Analysis:
    """Return what is known of a position, looking at no more than about so many others; the same for the same.

    Three by three is looked up, whatever `nodes` says.
    """
    if outcome := rules.outcome(moves):
        value: Value = 0 if outcome == "draw" else 1 if outcome == rules.to_move(moves) else -1
        return Analysis(value, 0, (), ())
    if tables.is_tabled(rules):
        return _looked_up(rules, moves)
    if not small.is_small(rules):
        return searched(rules, moves, nodes)
    found = small.proven(rules, moves, nodes)
    return found if found.best else msgspec.structs.replace(found, best=searched(rules, moves, nodes // 4).best)


def best(rules: Rules, moves: Moves, nodes: int = NODES) -> tuple[int, ...]:
    """Return the cells that keep the value of the position, quick or slow, as far as is known; none at the end."""
    return tables.keeping(rules, moves) if tables.is_tabled(rules) else analysis(rules, moves, nodes).best


def _looked_up(rules: Rules, moves: Moves) -> Analysis:
    cells: list[Choice] = []
    for cell in rules.legal(moves):
        after = tables.verdict(rules, (*moves, cell))
        cells.append(Choice(cell, turned(after.value), after.plies + 1))
    return concluded(cells, len(cells))

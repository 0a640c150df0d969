"""What the moves of a game, and positions, were worth, as it is shown."""

from collections.abc import Sequence

import msgspec

from noughts.games.model.games import GameId, Variant
from noughts.games.rules import Mark, Moves, Outcome, Rules, UnknownVariant, rules_of
from noughts.kit.errors import Forbidden, NotFound


class StillPlaying(Forbidden):
    """You play in this game: it is analysed for you once it is over."""


class CellValue(msgspec.Struct, frozen=True):
    """What playing a cell is worth to the side to move: -1, 0 or 1, and in how many plies the game ends then.

    Null is what is not proven.
    """

    cell: int
    value: int | None
    plies: int | None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A position, and what it is worth to the side to move when both play their best: -1 lost, 0 drawn, 1 won.

    `plies` is how soon it ends then, `best` the cells that keep the value, or those a bounded search would play where
    nothing is proven. Null is what is not proven; on small boards everything is.
    """

    variant: Variant
    moves: tuple[int, ...]
    board: tuple[Mark | None, ...]
    turn: Mark | None
    outcome: Outcome | None
    line: tuple[int, ...] | None
    value: int | None
    plies: int | None
    best: tuple[int, ...]
    cells: tuple[CellValue, ...]


class PlyAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """A move of a game: what the position was worth to who moved, before it and after it, and whether it kept that.

    `best` are the cells that would have kept it. Null is what is not proven.
    """

    ply: int
    cell: int
    mark: Mark
    before: int | None
    after: int | None
    kept: bool | None
    best: tuple[int, ...]


class GameAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """What each move of a game was worth; `complete` is false where not everything is proven."""

    game: GameId
    variant: Variant
    plies: tuple[PlyAnalysis, ...]
    complete: bool


def line_of(variant: str, moves: str) -> tuple[Rules, Moves]:
    """Return the rules and the moves a position's address names, of which each has one; raises NotFound."""
    try:
        rules = rules_of(variant)
        cells = () if moves == "start" else tuple(map(int, moves.split("-")))
    except (UnknownVariant, ValueError):
        raise NotFound("There is no such position.") from None
    if moves != written(cells):
        raise NotFound("There is no such position.")
    for ply, cell in enumerate(cells):
        if cell not in rules.legal(cells[:ply]):
            raise NotFound(f"Nobody can play {cell} after {written(cells[:ply])}.")
    return rules, cells


def written(cells: Sequence[int]) -> str:
    """Return moves as an address names them."""
    return "-".join(map(str, cells)) or "start"

"""What positions are worth, and the moves of games: looked up, proven or searched for, off the event loop where it takes long."""

from typing import Final

from noughts.games.engine import Analysis
from noughts.games.engine.workers import Workers
from noughts.games.model.analyses import CellValue, GameAnalysis, PlyAnalysis, Position, StillPlaying, line_of
from noughts.games.model.games import Game
from noughts.games.rules import Moves, Rules
from noughts.kit.tokens import UserId

_NODES: Final = 20_000
"""Looked at for one position, or for all of a game's together."""
_FEWEST: Final = 300
_KEPT: Final = 2_048


class Analyst:
    """Answers what positions are worth, and remembers the latest answers. Raises Unavailable when nobody has the time."""

    def __init__(self) -> None:
        self._workers = Workers(most=1)  # a process of its own: nobody who plays the computer waits for who looks back
        self._known: dict[tuple[str, Moves, int], Analysis] = {}

    async def position(self, variant: str, moves: str) -> Position:
        """Return a position by its name and its moves (`4-0-8`, or `start`); raises NotFound where there is none."""
        rules, cells = line_of(variant, moves)
        found = await self._analysis(rules, cells, _NODES)
        outcome = rules.outcome(cells)
        return Position(
            variant=variant,
            moves=cells,
            board=rules.board(cells),
            turn=None if outcome else rules.to_move(cells),
            outcome=outcome,
            line=rules.line(cells) or None,
            value=found.value,
            plies=found.plies,
            best=found.best,
            cells=tuple([CellValue(one.cell, one.value, one.plies) for one in found.cells]),
        )

    async def game(self, game: Game, viewer: UserId) -> GameAnalysis:
        """Return what each move of a game was worth; raises StillPlaying for its players until it is over."""
        if not game.is_over and game.mark_of(viewer) is not None:
            raise StillPlaying
        nodes = max(_FEWEST, _NODES // max(1, game.ply))
        plies = [await self._ply(game, ply, nodes) for ply in range(game.ply)]
        return GameAnalysis(
            game=game.id,
            variant=game.variant,
            plies=tuple(plies),
            complete=all(one.kept is not None for one in plies),
        )

    async def close(self) -> None:
        """End the process that thinks."""
        await self._workers.close()

    async def _ply(self, game: Game, ply: int, nodes: int) -> PlyAnalysis:
        rules, cells = game.rules, game.cells
        cell, before = cells[ply], await self._analysis(rules, cells[:ply], nodes)
        after = await self._after(rules, cells[: ply + 1], before, nodes)
        known = before.value is not None and after is not None
        return PlyAnalysis(
            ply=ply,
            cell=cell,
            mark=rules.to_move(cells[:ply]),
            before=before.value,
            after=after,
            kept=after == before.value if known else None,
            best=before.best,
        )

    async def _after(self, rules: Rules, cells: Moves, before: Analysis, nodes: int) -> int | None:
        """Return what the position after a move is worth to who made it: as known before, else looked at by itself."""
        value = next((one.value for one in before.cells if one.cell == cells[-1]), None)
        if value is None:
            value = (await self._analysis(rules, cells, nodes)).value
            return None if value is None else -value
        return value

    async def _analysis(self, rules: Rules, cells: Moves, nodes: int) -> Analysis:
        key = rules.NAME, cells, nodes
        found = self._known.pop(key, None) or await self._workers.analyse_soon(rules, cells, nodes)
        self._known[key] = found
        if len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        return found

"""The door of the Game Service: its whole surface, table by table."""

from typing import Final

from noughts.games.http import analysis, games, history, inside, leaderboards, live, stream
from noughts.kit.edge import Route

ROUTES: Final[tuple[Route, ...]] = (
    *games.ROUTES,
    *history.ROUTES,
    *analysis.ROUTES,
    *live.ROUTES,
    *stream.ROUTES,
    *leaderboards.ROUTES,
    *inside.ROUTES,
)

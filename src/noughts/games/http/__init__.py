"""The door of the Game Service: its whole surface, table by table."""

from typing import Final

from noughts.games.http import games, inside, live
from noughts.kit.edge import Route

ROUTES: Final[tuple[Route, ...]] = (*games.ROUTES, *live.ROUTES, *inside.ROUTES)

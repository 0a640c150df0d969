"""The door of the Authentication Service: its whole surface, table by table."""

from typing import Final

from noughts.auth.http import keys, sessions, sign_in
from noughts.kit.edge import Route

ROUTES: Final[tuple[Route, ...]] = (*sign_in.ROUTES, *sessions.ROUTES, *keys.ROUTES)

"""The door of the Authentication Service: its whole surface, table by table."""

from typing import Final

from noughts.auth.http import inside, keys, second_factor, sessions, sign_in
from noughts.kit.edge import Route

ROUTES: Final[tuple[Route, ...]] = (
    *sign_in.ROUTES,
    *second_factor.ROUTES,
    *sessions.ROUTES,
    *keys.ROUTES,
    *inside.ROUTES,
)

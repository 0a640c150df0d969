"""The door of the User Service: its whole surface, table by table."""

from typing import Final

from noughts.kit.edge import Route
from noughts.users.http import accounts, administration, emails, inside, records

ROUTES: Final[tuple[Route, ...]] = (
    *accounts.ROUTES,
    *emails.ROUTES,
    *administration.ROUTES,
    *records.ROUTES,
    *inside.ROUTES,
)

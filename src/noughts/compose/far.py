"""The services that run elsewhere, as those that run here see them: loaded only where one does."""

from collections.abc import Callable, Sequence

from noughts.auth.client import AuthClient
from noughts.compose.settings import Part, urls
from noughts.games.client import GamesClient
from noughts.gateway.doors import RemoteDoor
from noughts.kit.edge import Door, Route
from noughts.kit.neighbours import Neighbour
from noughts.kit.remote import Remote
from noughts.kit.settings import Neighbours
from noughts.ports.auth import Auth
from noughts.ports.games import Games
from noughts.ports.users import Users
from noughts.users.client import UsersClient


class Far:
    """The ways to them. Every method raises Refusal where nobody said where a service is."""

    def __init__(self, neighbours: Neighbours, token: Callable[[str], str]) -> None:
        self._settings = neighbours
        self._token = token
        self._neighbours: dict[Part, Neighbour] = {}

    def users(self) -> Users:
        """Return the far side of the User Service."""
        return UsersClient(self._remote("users"))

    def auth(self) -> Auth:
        """Return the far side of the Authentication Service."""
        return AuthClient(self._remote("auth"))

    def games(self) -> Games:
        """Return the far side of the Game Service."""
        return GamesClient(self._remote("games"))

    def door(self, part: Part, routes: Sequence[Route]) -> Door:
        """Return the door that leads to a service."""
        return RemoteDoor(self._neighbour(part), routes)

    async def close(self) -> None:
        """Let go of the connections."""
        for neighbour in self._neighbours.values():
            await neighbour.close()

    def _remote(self, part: Part) -> Remote:
        return Remote(self._neighbour(part), self._token)

    def _neighbour(self, part: Part) -> Neighbour:
        if part not in self._neighbours:
            self._neighbours[part] = Neighbour(urls(self._settings, part), name=part)
        return self._neighbours[part]

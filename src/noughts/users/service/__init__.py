"""The use cases of accounts."""

from typing import Final

from noughts.kit.fittings import Fittings
from noughts.kit.workers import Work, every
from noughts.ports.games import Games
from noughts.users.model.settings import UserSettings
from noughts.users.service.administration import Administration
from noughts.users.service.directory import Directory
from noughts.users.service.erasure import Erasure
from noughts.users.service.profiles import Profiles
from noughts.users.service.registration import Registrations
from noughts.users.store import PeopleStore, UserStore

__all__ = ["Directory", "Erasure", "UserService", "UserSettings"]
_SWEPT_S: Final = 5.0


class UserService:
    """The User Service: its use cases, one object for each."""

    def __init__(self, store: UserStore, people: PeopleStore, fittings: Fittings, settings: UserSettings) -> None:
        self._store, self._fittings = store, fittings
        self.directory = Directory(store, fittings)
        self.registrations = Registrations(store, fittings, settings)
        self.profiles = Profiles(store, fittings, settings)
        self.administration = Administration(store, people, fittings)

    def workers(self, games: Games) -> list[Work]:
        """Return the work that comes round again."""
        return [self.directory.warm(), every(_SWEPT_S, Erasure(self._store, games, self._fittings).sweep)]

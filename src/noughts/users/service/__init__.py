"""The use cases of accounts."""

from noughts.kit.fittings import Fittings
from noughts.users.model.settings import UserSettings
from noughts.users.service.administration import Administration
from noughts.users.service.directory import Directory
from noughts.users.service.erasure import Erasure
from noughts.users.service.profiles import Profiles
from noughts.users.service.registration import Registrations
from noughts.users.store import UserStore

__all__ = ["Directory", "Erasure", "UserService", "UserSettings"]


class UserService:
    """The User Service: its use cases, one object for each."""

    def __init__(self, store: UserStore, fittings: Fittings, settings: UserSettings) -> None:
        self.directory = Directory(store, fittings)
        self.registrations = Registrations(store, fittings, settings)
        self.profiles = Profiles(store, fittings, settings)
        self.administration = Administration(store, fittings)

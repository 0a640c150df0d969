"""The use cases of accounts."""

from typing import Final

from noughts.kit.fittings import Fittings
from noughts.kit.workers import DAY, HOUR, Work, every
from noughts.ports.auth import Auth
from noughts.ports.games import Games
from noughts.users.model.settings import UserSettings
from noughts.users.providers import Provider
from noughts.users.service.administration import Administration
from noughts.users.service.correspondence import Correspondence
from noughts.users.service.directory import Directory
from noughts.users.service.emails import Emails
from noughts.users.service.erasure import Erasure
from noughts.users.service.exports import Exports
from noughts.users.service.guests import Guests
from noughts.users.service.one_time import OneTimeTokens
from noughts.users.service.profiles import Profiles
from noughts.users.service.records import Records
from noughts.users.service.recovery import Recovery
from noughts.users.service.registration import Registrations
from noughts.users.service.transfer import Transfer
from noughts.users.store import UserStore

__all__ = ["Directory", "Erasure", "Exports", "Guests", "UserService", "UserSettings"]
_SWEPT_S: Final = 5.0
_RECOVERED_S: Final = 1.0


class UserService:
    """The User Service: its use cases, one object for each."""

    exports: Exports
    """Set once there are neighbours to ask."""

    def __init__(self, store: UserStore, provider: Provider, fittings: Fittings, settings: UserSettings) -> None:
        self._store, self._provider, self._fittings, self._settings = store, provider, fittings, settings
        self._tokens = tokens = OneTimeTokens(store, provider, fittings)
        mail = Correspondence(store, tokens, provider, fittings, settings)
        self.directory = Directory(store.accounts, fittings)
        self.registrations = Registrations(store.accounts, mail, provider, fittings, settings)
        self.profiles = Profiles(store.accounts, mail, provider, fittings, settings)
        self.emails = Emails(store, tokens, mail, provider, fittings)
        self.recovery = Recovery(store, tokens, mail, provider, fittings, settings)
        self.records = Records(store.accounts, fittings)
        self.transfer = Transfer(store, fittings, settings)
        self.administration = Administration(store, provider, fittings)

    def workers(self, games: Games, auth: Auth) -> list[Work]:
        """Return the work that comes round again."""
        erasure = Erasure(self._store.accounts, games, self._provider, self._fittings)
        guests = Guests(self._store.accounts, games, auth, self._fittings)
        return [
            self.directory.warm(),
            every(_SWEPT_S, erasure.sweep),
            every(_RECOVERED_S, self.recovery.answer),
            every(HOUR, self._tokens.purge),
            every(DAY, guests.sweep),
            *([every(DAY, self._store.accounts.release)] if self._settings.conceals else []),
        ]

"""What sign-in remembers, by subject."""

from noughts.auth.store.keys import KeyStore
from noughts.auth.store.places import PlaceStore
from noughts.auth.store.second_factor import SecondFactorStore
from noughts.auth.store.sessions import SessionStore
from noughts.kit.database import Database

__all__ = ["AuthStore", "KeyStore", "PlaceStore", "SecondFactorStore", "SessionStore"]


class AuthStore:
    """The tables of the Authentication Service, one object for each subject."""

    def __init__(self, database: Database) -> None:
        self.sessions = SessionStore(database)
        self.second_factor = SecondFactorStore(database)
        self.keys = KeyStore(database)
        self.places = PlaceStore(database)

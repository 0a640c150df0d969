"""What the User Service remembers, by subject."""

from noughts.kit.database import Database
from noughts.users.store.accounts import AccountStore, KeyUsed
from noughts.users.store.held import HeldStore
from noughts.users.store.one_time import OneTimeStore
from noughts.users.store.people import PeopleStore, Search
from noughts.users.store.requests import Request, RequestStore

__all__ = [
    "AccountStore",
    "HeldStore",
    "KeyUsed",
    "OneTimeStore",
    "PeopleStore",
    "Request",
    "RequestStore",
    "Search",
    "UserStore",
]


class UserStore:
    """The tables of the User Service, one object for each subject."""

    def __init__(self, database: Database) -> None:
        self.accounts = AccountStore(database)
        self.one_time = OneTimeStore(database)
        self.held = HeldStore(database)
        self.people = PeopleStore(database)
        self.requests = RequestStore(database)

"""The tables of the User Service, and every statement about them."""

from noughts.users.store.accounts import KeyUsed, UserStore
from noughts.users.store.people import PeopleStore, Search

__all__ = ["KeyUsed", "PeopleStore", "Search", "UserStore"]

"""The tables of the User Service, and every statement about them."""

from noughts.users.store.accounts import KeyUsed, UserStore

__all__ = ["KeyUsed", "UserStore"]

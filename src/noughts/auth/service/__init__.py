"""The use cases of sign-in."""

from typing import Annotated

import msgspec
from msgspec import Meta

from noughts.auth.service.devices import Devices
from noughts.auth.service.grants import Grant, Grants
from noughts.auth.service.sessions import Sessions
from noughts.auth.service.sign_in import SignIn
from noughts.auth.signing import Algorithm, Signer
from noughts.auth.store import AuthStore
from noughts.kit.fittings import Fittings
from noughts.kit.workers import HOUR, Work, every
from noughts.ports.users import Users

__all__ = ["AuthService", "AuthSettings", "Grant"]


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may set about sign-in."""

    signing_algorithm: Annotated[Algorithm, Meta(description="ES256, or RS256 for gateways that know only RSA.")] = (
        "ES256"
    )


class AuthService:
    """The Authentication Service: its use cases, one object for each."""

    def __init__(self, store: AuthStore, users: Users, signer: Signer, fittings: Fittings) -> None:
        self.devices = devices = Devices(store.places, fittings)
        grants = Grants(store.sessions, users, signer, devices, fittings)
        self.signer = signer
        self.sign_in = SignIn(store.sessions, users, grants, devices, fittings)
        self.sessions = Sessions(store.sessions, grants, fittings)

    def workers(self) -> list[Work]:
        """Return the work that comes round again."""
        return [every(HOUR, self.sessions.purge), every(HOUR, self.devices.purge)]

"""The use cases of sign-in."""

from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from noughts.auth.model.keys import READ_EVERY_S, Algorithm
from noughts.auth.providers import Provider
from noughts.auth.service.devices import Devices
from noughts.auth.service.grants import Grant, Grants
from noughts.auth.service.keys import Keys
from noughts.auth.service.records import Records
from noughts.auth.service.refresh import Refresh
from noughts.auth.service.refresh_tokens import RefreshTokens
from noughts.auth.service.second_factor import SecondFactor
from noughts.auth.service.second_step import SecondStep
from noughts.auth.service.sessions import Sessions
from noughts.auth.service.sign_in import SignIn
from noughts.auth.signing import Signer
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
    key_rotation_days: Annotated[int, Meta(description="Days after which the next key signs.", ge=2, le=3650)] = 90


class AuthService:
    """The Authentication Service: its use cases, one object for each. Nothing is signed before `keys.load()`."""

    def __init__(
        self, store: AuthStore, users: Users, provider: Provider, fittings: Fittings, settings: AuthSettings
    ) -> None:
        self.signer = Signer(fittings.secret, settings.signing_algorithm, fittings.origin)
        self.keys = Keys(store.keys, self.signer, timedelta(days=settings.key_rotation_days), fittings.now)
        self.devices = devices = Devices(store.places, fittings)
        tokens = RefreshTokens(fittings.secret)
        grants = Grants(store.sessions, users, self.signer, tokens, devices, fittings)
        self.second_factor = SecondFactor(store, users, provider, fittings)
        self.second_step = SecondStep(store, users, grants, devices, provider, fittings)
        self.sign_in = SignIn(store.sessions, users, grants, devices, self.second_step, provider, fittings)
        self.sessions = Sessions(store.sessions, provider, fittings)
        self.records = Records(store, provider, self.signer, fittings)
        self.refresh = Refresh(store.sessions, users, provider, grants, tokens, self.sessions, fittings).refresh

    def workers(self) -> list[Work]:
        """Return the work that comes round again."""
        hourly = (self.sessions.purge, self.devices.purge, self.second_factor.purge, self.keys.keep)
        return [*(every(HOUR, work) for work in hourly), every(READ_EVERY_S, self.keys.read)]

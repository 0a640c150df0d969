"""What a user pool answers."""

from datetime import datetime

import msgspec


class SignedIn(msgspec.Struct, frozen=True):
    """The password, and the code where one is wanted, were right. `access_token` is the pool's, verified; ours is another."""

    access_token: str


class CodeWanted(msgspec.Struct, frozen=True):
    """The password was right, and a code of the second factor is wanted; `session` belongs to the answer, for 3 minutes."""

    session: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What the pool holds about somebody. `status` is its own word: UNCONFIRMED, CONFIRMED, RESET_REQUIRED, …

    `email_verified` is None where the pool does not say, as emulators after a confirmation.
    """

    enabled: bool
    confirmed: bool
    email: str | None
    email_verified: bool | None
    second_factor: bool
    status: str


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as a pool lists them; `id` is the pool's `Username`, `name` what they would be called (`preferred_username`)."""

    id: str
    email: str | None
    email_verified: bool
    name: str | None
    enabled: bool
    confirmed: bool
    created_at: datetime

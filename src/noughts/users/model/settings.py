"""What an operator may decide about accounts."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class UserSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may set about accounts."""

    password_min: Annotated[
        int, Meta(description="Shortest password in characters; 15 for NIST single factor.", ge=8, le=64)
    ] = 8
    duplicate_email: Annotated[
        Literal["conflict", "conceal"],
        Meta(description="`conflict`: a taken address is refused; `conceal`: nobody learns who has an account."),
    ] = "conflict"

    @property
    def conceals(self) -> bool:
        """Whether addresses are kept secret even from those who try to register them."""
        return self.duplicate_email == "conceal"

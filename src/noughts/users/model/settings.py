"""What an operator may decide about accounts."""

from typing import Annotated

import msgspec
from msgspec import Meta


class UserSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may set about accounts."""

    password_min: Annotated[
        int, Meta(description="Shortest password in characters; 15 for NIST single factor.", ge=8, le=64)
    ] = 8

"""What an operator may decide about games."""

from typing import Annotated

import msgspec
from msgspec import Meta

from noughts.kit.settings import Switch


class GameSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may set about games."""

    computer_pause: Annotated[
        Switch, Meta(description="on: the computer takes as long for a move as a person would, up to a second.")
    ] = "on"

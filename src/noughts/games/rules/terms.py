"""The words every game's rules are written in."""

from typing import Literal

Moves = tuple[int, ...]
"""A position: the cells played so far, in order. X plays the even plies, from 0 on."""

Mark = Literal["X", "O"]
Outcome = Literal["X", "O", "draw"]

"""Noughts: tic-tac-toe online, around a user management service."""

from typing import Final

VERSION: Final = "0.1.0"

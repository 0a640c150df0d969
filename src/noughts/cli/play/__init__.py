"""`noughts play`: the live game in a terminal, against any server."""

import asyncio
import sys
from typing import Annotated, Final

from cyclopts import Parameter

from noughts.cli.play.wish import New, Wish

_COMPUTER: Final = New()


def play(
    game: str = "", *, server: str = "", username: str = "", new: Annotated[New, Parameter(name="*")] = _COMPUTER
) -> None:
    """Play live in this terminal.

    Parameters
    ----------
    game
        A link to a game, or its id; left out, another one is begun.
    server
        Where to play: the link's own server, or http://localhost:8000.
    username
        Sign in as this member, with a password that is asked for; left out, as a guest.
    """
    from noughts.cli.play.session import Session
    from noughts.cli.play.terminal import chosen

    wish = Wish.read(game, server, new)
    terminal = chosen(sys.stdin, sys.stdout)
    password = terminal.ask("Password: ", hidden=True) if username else ""
    with terminal:
        asyncio.run(Session(wish, terminal).run(username, password))

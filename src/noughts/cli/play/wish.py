"""What somebody at a terminal wants to play, and where."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from noughts.kit.errors import Refusal

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SERVER: Final = "http://localhost:8000"


@dataclass(frozen=True)
class New:
    """A game to begin."""

    against: str = "computer"
    """Whom: computer, anyone, friend (shows a link to send), or the username of somebody to challenge."""
    level: Annotated[int, Parameter(validator=Number(gte=1, lte=7))] = 3
    """How good the computer is, from 1 to 7."""
    mark: str = "random"
    """What to play: X, O or random."""
    variant: str = "classic"
    """Which game: classic, misere, or a board and how many in a row, as 7x6x4."""
    minutes: float = 0
    """Time for all moves of each side; left out, as long as one likes."""
    increment: float = 0
    """Seconds given back for each move."""
    rated: bool = False
    """Count it for the ratings: for members."""

    def call(self) -> tuple[str, dict[str, Any]]:
        """Return the call that begins it, and its body; raises Refusal."""
        mark = self.mark.upper() if self.mark.upper() in ("X", "O") else self.mark.lower()
        if mark not in ("X", "O", "random"):
            raise Refusal("Play X, O or random.")
        increment_ms = round(self.increment * 1_000)
        time = {"kind": "clock", "initial_ms": round(self.minutes * 60_000), "increment_ms": increment_ms}
        game = {"mark": mark, "variant": self.variant, "rated": self.rated, "time": time if self.minutes else None}
        opponents: dict[str, dict[str, Any]] = {
            "computer": {"kind": "computer", "level": self.level},
            "anyone": {"kind": "anyone"},
            "friend": {"kind": "invite"},
        }
        if self.against not in opponents:
            return "/challenges", {"username": self.against} | game
        return "/games", {"opponent": opponents[self.against]} | game


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A game to come to (`game`, and the secret of its invitation), or one to begin (`body`, sent to `path`)."""

    server: str
    game: str = ""
    invite: str | None = None
    path: str = "/games"
    body: dict[str, Any] = {}

    @classmethod
    def read(cls, game: str, server: str, new: New) -> "Wish":
        """Return what the words of the command line mean; raises Refusal for what they cannot."""
        if not game:
            path, body = new.call()
            return cls(server=_address(server or SERVER), path=path, body=body)
        if _ID.fullmatch(game):
            return cls(server=_address(server or SERVER), game=game)
        link = urlsplit(game)
        found = _ID.search(link.path)
        if found is None or not link.netloc:
            raise Refusal("This is neither a link to a game nor the id of one.")
        here = server or f"{link.scheme}://{link.netloc}"
        secret = link.fragment.removeprefix("invite=") if link.fragment.startswith("invite=") else None
        return cls(server=_address(here), game=found[0], invite=secret)


def _address(server: str) -> str:
    """Return a server's address; raises Refusal where it is none."""
    address = server.rstrip("/") if "://" in server else f"http://{server.rstrip('/')}"
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
        raise Refusal(f"{server} is not the address of a server.")
    return address

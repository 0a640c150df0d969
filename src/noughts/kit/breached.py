"""Passwords known from breaches: a sorted file of short digests, searched where it lies.

The build writes the file (`hatch_build.py`), so this module imports nothing but Python's own library.
"""

import hashlib
import mmap
import unicodedata
from bisect import bisect_left
from functools import cached_property
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).parent / "breached.bin"
_DIGEST_BYTES: Final = 6  # one innocent password in 400 million is mistaken for one of 600 000


def digest(password: str) -> bytes:
    """Return what stands in the file for a password, and for the same one in other case or another Unicode form."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", password).casefold())
    return hashlib.sha256(folded.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_BYTES]


class BreachedPasswords:
    """The list as a container: `"password123" in breached`. Only the pages a search touches are in memory."""

    def __init__(self, path: Path = LIST) -> None:
        """Take the list; raises Refusal where the installation has none, since without it anything would pass."""
        if not path.is_file():
            from noughts.kit.errors import Refusal

            raise Refusal(
                f"{path} is missing, the list of breached passwords: install Noughts again, or run `make run`."
            )
        self._path = path

    @cached_property
    def _digests(self) -> mmap.mmap:
        with self._path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def _at(self, place: int) -> bytes:
        return self._digests[place * _DIGEST_BYTES : (place + 1) * _DIGEST_BYTES]

    def __len__(self) -> int:
        """Return how many passwords are listed."""
        return len(self._digests) // _DIGEST_BYTES

    def __contains__(self, password: object) -> bool:
        """Return whether everybody who guesses passwords would try this one, in any case."""
        if not isinstance(password, str):
            return False
        wanted = digest(password)
        place = bisect_left(range(len(self)), wanted, key=self._at)
        return place < len(self) and self._at(place) == wanted

"""What a password may be."""

import re
import unicodedata
from collections.abc import Container, Iterable
from typing import Final

from noughts.kit.errors import Invalid

LONGEST: Final = 256
_SHORTEST_WORD: Final = 3
_MOST_ADDED: Final = 7
_OUR_WORDS: Final = (
    "noughts", "nought", "naughts", "naught", "crosses", "cross", "and", "tictactoe", "tic", "tac", "toe", "xoxo",
)  # fmt: skip
_WRITTEN_FOR: Final = str.maketrans("0134579@$!|+l", "oieastgasiiti")


class PasswordContextual(Invalid):
    """The password is made of the username, the email address or our own name."""


class PasswordBreached(Invalid):
    """The password is on the list of those known from breaches."""


def check(
    password: str, *, shortest: int, breached: Container[str], username: str, email: str, pointer: str = "#/password"
) -> str:
    """Return the password; raises Invalid, PasswordContextual or PasswordBreached.

    Lengths count code points; any character may stand in it, nothing is cut off, no composition is demanded.
    """
    if not shortest <= len(password) <= LONGEST:
        raise Invalid.field(pointer, "length", f"A password has {shortest} to {LONGEST} characters.")
    if _repeats(password, (username, email)):
        detail = "Choose a password that is not made of your username, your email address or the name of the game."
        raise PasswordContextual(detail, errors=Invalid.field(pointer, "contextual", detail).errors)
    if password in breached:
        detail = "Many people have used this password and it is widely known. Choose another one."
        raise PasswordBreached(detail, errors=Invalid.field(pointer, "breached", detail).errors)
    return password


def _repeats(password: str, names: Iterable[str]) -> bool:
    """Return whether nothing but names and our own words stands there, with digits and signs added here and there.

    What is left without the words may not save it unless it holds a letter or is as long as a password by itself.
    """
    text = _essence(password)
    words = {word.translate(_WRITTEN_FOR) for word in (*_OUR_WORDS, *(part for name in names for part in _parts(name)))}
    any_word = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    left, end = "", 0
    for found in re.finditer(any_word, text.translate(_WRITTEN_FOR)):
        left, end = left + text[end : found.start()], found.end()
    left += text[end:]
    return end > 0 and len(left) <= _MOST_ADDED and not any(map(str.isalpha, left))


def _parts(name: str) -> set[str]:
    """Return a name as a whole and the words it is made of."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return {part for part in (_essence(name), *re.split(r"[\W_]+", folded)) if len(part) >= _SHORTEST_WORD}


def _essence(text: str) -> str:
    """Return a text in one case, without what only separates."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join([character for character in folded if character.isalnum() or character in "@$!|+"])

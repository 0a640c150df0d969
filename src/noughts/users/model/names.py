"""What a username may be, and when two are the same to the eye."""

import unicodedata
from functools import cache
from importlib import resources
from typing import Final

import msgspec

from noughts.kit.errors import Conflict, FieldError, Invalid

SHORTEST: Final = 3
LONGEST: Final = 20
_PUNCTUATION: Final = "_-"
_RESERVED: Final = frozenset(
    "admin administrator anonymous api assets challenges computer deleted docs email everyone games guest guests healthz"
    " help leaderboard leaderboards live lobby login logout me metrics moderator noughts null openapi play player players"
    " positions problems readyz recover recovery root security settings staff stream support system token undefined"
    " user users verify well-known".split()
)
_RESERVED_STARTS: Final = ("guest-", "computer-")


class UsernameTaken(Conflict):
    """That username, or one that looks the same, belongs to someone else."""

    @classmethod
    def at(cls, code: str) -> "UsernameTaken":
        """Return the problem with code `taken` (the same name) or `confusable` (one that looks the same)."""
        detail = "That username is taken." if code == "taken" else "That username looks like one that is taken."
        return cls(detail, errors=(FieldError("#/username", code, detail),))


def _refused(code: str, detail: str) -> Invalid:
    return Invalid.field("#/username", code, detail)


def check(username: str) -> str:
    """Return the key of a username people may choose; raises Invalid saying why it is none.

    3 to 20 letters, digits, `_` and `-` of any script, beginning with a letter or digit, allowed by RFC 8265.
    """
    if not SHORTEST <= len(username) <= LONGEST:
        raise _refused("length", f"A username has {SHORTEST} to {LONGEST} characters.")
    for character in username:
        if unicodedata.category(character)[0] not in "LMN" and character not in _PUNCTUATION:
            raise _refused("characters", "A username is made of letters, digits, _ and -.")
    if unicodedata.category(username[0])[0] not in "LN":
        raise _refused("characters", "A username begins with a letter or a digit.")
    key = fold(username)
    if key is None:
        raise _refused("characters", "These characters may not stand together in a username (RFC 8265).")
    looks = skeleton(key)
    if looks in _reserved_skeletons() or looks.startswith(_RESERVED_STARTS):
        raise _refused("reserved", "That username is reserved.")
    return key


@cache
def _reserved_skeletons() -> frozenset[str]:
    return frozenset(map(skeleton, _RESERVED))


def fold(username: str) -> str | None:
    """Return the UsernameCaseMapped key (RFC 8265, 3.3), equal for names that are the same; nothing if it is no name."""
    from precis_i18n import get_profile

    try:
        return str(get_profile("UsernameCaseMapped").enforce(username))
    except UnicodeEncodeError:
        return None


def skeleton(key: str) -> str:
    """Return what a key looks like (UTS 39, 4): equal for names one could mistake for each other.

    The rows that map ASCII to ASCII are left out, so that `modem` and `modern` are two names.
    """
    return _looks(_looks(key))  # twice: some prototypes hold marks that have a prototype themselves


def _looks(text: str) -> str:
    looks = _prototypes()
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFD", "".join([looks.get(character, character) for character in decomposed]))


class _Partner(msgspec.Struct):
    c: str


@cache
def _prototypes() -> dict[str, str]:
    """Return for each letter or digit the characters it may be mistaken for, from Unicode's table of confusables.

    The library lists every pair in both directions; in Unicode's table a character stands for exactly one prototype,
    so one with several partners is itself a prototype. The table is read without the library's own loader, which
    would keep 10 MB of it in memory for good.
    """
    raw = resources.files("confusable_homoglyphs").joinpath("confusables.json").read_bytes()
    table = msgspec.json.decode(raw, type=dict[str, list[_Partner]])
    looks: dict[str, str] = {}
    for character, found in table.items():
        if len(character) != 1 or character.isascii() or unicodedata.category(character)[0] not in "LMN":
            continue
        partners = [partner.c for partner in found]
        ascii_partners = [partner for partner in partners if partner.isascii()]
        if ascii_partners:
            looks[character] = ascii_partners[0].lower()
        elif len(partners) == 1 and _is_prototype(partners[0], character, len(table.get(partners[0], ()))):
            looks[character] = partners[0]
    return looks


def _is_prototype(candidate: str, character: str, partners: int) -> bool:
    """Return whether the candidate, not the character, is the one others are mapped to."""
    return partners > 1 or len(candidate) > 1 or candidate < character

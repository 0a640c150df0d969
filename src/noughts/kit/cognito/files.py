"""The files of Cognito's user import: a row for each person, a file for each kind of hash."""

import base64
import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final, Literal

import msgspec

from noughts.kit import hashes

Algorithm = Literal["ARGON2ID", "BCRYPT", "PBKDF2_SHA256", "SCRYPT"]
HEADER: Final = (
    "cognito:username", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile",
    "picture", "website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
    "phone_number_verified", "address", "updated_at", "cognito:mfa_enabled",
)  # fmt: skip
"""The columns of a pool without attributes of its own; a pool tells its own (GetCSVHeader)."""
HASH_COLUMN: Final = "cognito:password_hash"
"""Where the hash stands, as far as could be learned without a pool of AWS."""
MOST_ROWS: Final = 500_000
MOST_CHARACTERS: Final = 90_000_000
"""Amazon takes 100 MB."""

_KINDS: Final[tuple[tuple[Algorithm, re.Pattern[str]], ...]] = (
    ("ARGON2ID", re.compile(r"\$argon2id\$v=19\$.+")),
    ("BCRYPT", re.compile(r"\$2[aby]\$.+")),
    ("SCRYPT", re.compile(r"\$scrypt\$.+")),
    ("PBKDF2_SHA256", re.compile(r"(\$pbkdf2-sha256\$|pbkdf2_sha256\$).+")),
)
_PASSLIB: Final = re.compile(r"\$pbkdf2-sha256\$(?:i=)?(?P<rounds>\d+)(?:,l=\d+)?\$(?P<salt>[^$]*)\$(?P<digest>[^$]+)")
_DJANGO: Final = re.compile(r"pbkdf2_sha256\$(?P<rounds>\d+)\$(?P<salt>[^$]+)\$(?P<digest>[^$]+)")


class Mover(msgspec.Struct, frozen=True):
    """Somebody who moves into a pool, the address verified. Without a hash: a new password comes first."""

    id: str
    email: str
    password_hash: str | None


def algorithm_of(stored: str | None) -> Algorithm | None:
    """Return what a pool calls the algorithm of a hash; None where it takes none such, or there is no hash."""
    try:
        hashes.require_usable(stored or "")
    except hashes.UnusableHash:
        return None
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(stored or "")), None)


def written(stored: str) -> str:
    """Return a hash in the one spelling for its kind: bcrypt's own with `2b` for PHP's `2y`, PHC strings for the rest."""
    if stored.startswith("$2y$"):  # the same function by another name
        return "$2b$" + stored.removeprefix("$2y$")
    if found := _PASSLIB.fullmatch(stored):
        salt, digest = (base64.b64decode(_padded(found[part].replace(".", "+"))) for part in ("salt", "digest"))
    elif found := _DJANGO.fullmatch(stored):
        salt, digest = found["salt"].encode(), base64.b64decode(_padded(found["digest"]))
    else:
        return stored
    return f"$pbkdf2-sha256$i={found['rounds']},l={len(digest)}${_bare(salt)}${_bare(digest)}"


def row(mover: Mover, columns: Sequence[str], hash_column: str) -> list[str]:
    """Return the row of somebody in these columns."""
    known = {
        "cognito:username": mover.id,
        "cognito:mfa_enabled": "false",
        "email": mover.email,
        "email_verified": "true",
        "phone_number_verified": "false",
        hash_column: "" if mover.password_hash is None else written(mover.password_hash),
    }
    return [known.get(column, "") for column in columns]


class Sheet:
    """A file being written: its columns first, then rows. Nothing is quoted, as Amazon wants it; commas are escaped."""

    def __init__(self, out: IO[str], columns: Sequence[str], hash_column: str) -> None:
        self._columns, self._hash_column = columns, hash_column
        self._writer = csv.writer(out, quoting=csv.QUOTE_NONE, escapechar="\\", quotechar=None, lineterminator="\n")
        self._size = self._writer.writerow(columns)
        self.people = 0

    @property
    def is_full(self) -> bool:
        """Whether Amazon would take no more rows."""
        return self.people >= MOST_ROWS or self._size >= MOST_CHARACTERS

    def add(self, mover: Mover) -> None:
        """Write somebody's row."""
        self._size += self._writer.writerow(row(mover, self._columns, self._hash_column))
        self.people += 1


class Written(msgspec.Struct, frozen=True):
    """A file that is whole. `algorithm`: of its hashes; None: it holds none."""

    path: Path
    algorithm: Algorithm | None
    people: int


def _padded(text: str) -> str:
    plain = text.rstrip("=")
    return plain + "=" * (-len(plain) % 4)


def _bare(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode()

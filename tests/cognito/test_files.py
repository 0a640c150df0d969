"""The files people move into a user pool by: which kind of hash goes where, and how it is spelled."""

import csv
import io

import pytest

from noughts.kit import hashes
from noughts.kit.cognito import files
from noughts.kit.cognito.files import HASH_COLUMN, HEADER, Mover, Sheet, algorithm_of, written
from tests.kit.test_hashes import (
    ARGON2D,
    ARGON2I_OLD,
    ARGON2ID,
    BCRYPT,
    BROKEN,
    DJANGO,
    DJANGO_SHA1,
    EXPENSIVE,
    KNOWN,
    PASSLIB,
    PASSLIB_512,
    PHC_PBKDF2,
    SCRYPT,
)

OF = [
    (ARGON2ID, "ARGON2ID"), (BCRYPT, "BCRYPT"), (BCRYPT.replace("2a", "2y"), "BCRYPT"), (SCRYPT, "SCRYPT"),
    (PASSLIB, "PBKDF2_SHA256"), (PHC_PBKDF2, "PBKDF2_SHA256"), (DJANGO, "PBKDF2_SHA256"),
]  # fmt: skip


def read(text: str) -> list[dict[str, str]]:
    """Return what a file says, read as Amazon says that it reads: nothing quoted, commas escaped."""
    return list(csv.DictReader(io.StringIO(text), quoting=csv.QUOTE_NONE, escapechar="\\"))


@pytest.mark.parametrize(("stored", "algorithm"), OF)
def test_a_hash_goes_into_the_file_of_its_kind(stored: str, algorithm: str) -> None:
    assert algorithm_of(stored) == algorithm


@pytest.mark.parametrize(
    "stored", [None, *BROKEN, *EXPENSIVE, ARGON2D, ARGON2I_OLD, ARGON2ID.replace("v=19$", ""), PASSLIB_512, DJANGO_SHA1]
)
def test_a_hash_no_pool_takes_is_of_no_kind(stored: str | None) -> None:
    assert algorithm_of(stored) is None


@pytest.mark.parametrize(("stored", "password"), [known for known in KNOWN if algorithm_of(known[0])])
def test_whatever_its_spelling_the_password_still_fits(stored: str, password: str) -> None:
    fits = hashes.check_of(written(stored))
    assert fits(password.encode())
    assert not fits(b"another")


def test_a_kind_has_one_spelling() -> None:
    assert written(PASSLIB) == written(PHC_PBKDF2) == PHC_PBKDF2
    assert written(DJANGO) == ("$pbkdf2-sha256$i=260000,l=32$c2Vhc2FsdA$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo")
    assert written(BCRYPT.replace("$2a$", "$2y$")).startswith("$2b$")


@pytest.mark.parametrize("stored", [None, *(stored for stored, _ in OF)])
def test_a_row_is_read_back_as_it_was_meant(stored: str | None) -> None:
    out = io.StringIO()
    sheet = Sheet(out, (*HEADER, HASH_COLUMN), HASH_COLUMN)
    sheet.add(Mover("an-id", "ada@example.com", stored))
    assert '"' not in out.getvalue()
    [row] = read(out.getvalue())
    assert {name: value for name, value in row.items() if value} == {
        "cognito:username": "an-id",
        "cognito:mfa_enabled": "false",
        "email": "ada@example.com",
        "email_verified": "true",
        "phone_number_verified": "false",
    } | ({} if stored is None else {HASH_COLUMN: written(stored)})


def test_a_file_is_full_before_amazon_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = Sheet(io.StringIO(), HEADER, HASH_COLUMN)
    monkeypatch.setattr(files, "MOST_ROWS", 2)
    for full in (False, True):
        sheet.add(Mover("an-id", "ada@example.com", None))
        assert sheet.is_full is full
    monkeypatch.setattr(files, "MOST_ROWS", 3)
    monkeypatch.setattr(files, "MOST_CHARACTERS", 10)
    assert sheet.is_full

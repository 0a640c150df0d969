"""Hashes other programs made: those of their own documentation and test suites."""

import time
from collections.abc import Iterator

import bcrypt
import pytest
from tests.fakes import CHEAP

from noughts.kit import hashes
from noughts.kit.hashes import UnusableHash
from noughts.kit.passwords import Hashing, Passwords

BCRYPT = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
SCRYPT = "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E"
PASSLIB = "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ"
PASSLIB_512 = (
    "$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow$eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI"
    ".BzY/YTNJOiKc5gBYFYGww"
)
PHC_PBKDF2 = PASSLIB.replace("$1212$", "$i=1212,l=32$").replace(".", "+")
DJANGO = "pbkdf2_sha256$260000$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo="
DJANGO_SHA1 = "pbkdf2_sha1$260000$seasalt2$wAibXvW6jgvatCdONi6SMJ6q7mI="
ARGON2I = "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"
ARGON2I_OLD = "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"
ARGON2D = "$argon2d$v=19$m=256,t=2,p=1$c29tZXNhbHQ$JcTui6RIBUtJ78gE5Hi52CO+H5vS6Z9R1uxAB6OhUB8"
ARGON2ID = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
KNOWN = [
    (BCRYPT, "U*U"),
    *((BCRYPT.replace("$2a$", version), "U*U") for version in ("$2b$", "$2y$")),
    *((stored, "password") for stored in (SCRYPT, PASSLIB, PASSLIB_512, PHC_PBKDF2)),
    *((stored, "lètmein") for stored in (DJANGO, DJANGO_SHA1)),
    *((stored, "password") for stored in (ARGON2I, ARGON2I_OLD, ARGON2D, ARGON2ID)),
]
EXPENSIVE = [
    BCRYPT.replace("$05$", "$15$"),
    BCRYPT.replace("$05$", "$31$"),
    SCRYPT.replace("ln=16", "ln=18"),
    SCRYPT.replace("ln=16", "ln=99"),
    SCRYPT.replace("r=8", "r=99999"),
    SCRYPT.replace("ln=16,r=8,p=1", "ln=17,r=8,p=5"),
    SCRYPT.replace("ln=16,r=8,p=1", "ln=1,r=1,p=99999").replace("ln=1,r=1", "ln=10,r=8"),
    PASSLIB.replace("1212", "2000001"),
    PASSLIB_512.replace("1212", "1000001"),
    DJANGO.replace("260000", "9999999999"),
    ARGON2ID.replace("m=65536", "m=2147483648"),
    ARGON2ID.replace("m=65536", "m=262145"),
    ARGON2ID.replace("t=2", "t=11"),
    ARGON2ID.replace("p=1$", "p=17$"),
    ARGON2ID.replace("m=65536,t=2", "m=262144,t=5"),
]
BROKEN = [
    "",
    "password",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
    "$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.",
    BCRYPT.replace("$2a$", "$2x$"),
    BCRYPT.replace("$05$", "$03$"),
    BCRYPT[:-1],
    BCRYPT + "\n",
    BCRYPT[:-1] + "!",
    BCRYPT[:-1] + "X",
    SCRYPT.replace("ln=16", "ln=0"),
    SCRYPT.replace("r=8", "r=0"),
    SCRYPT.replace("p=1", "p=0"),
    SCRYPT.rpartition("$")[0] + "$",
    PASSLIB.replace("1212", "0"),
    PASSLIB[:60],
    PASSLIB + "AAAA" * 8,
    DJANGO.replace("sha256", "sha512"),
    DJANGO.replace("=", "!"),
    DJANGO.replace("260000", "٢"),
    ARGON2ID.replace("p=1$c29tZXNhbHQ", "p=1$YWI"),
    ARGON2ID.replace("m=65536", "m=7"),
    ARGON2ID.replace("t=2", "t=0"),
    ARGON2ID.replace("v=19", "v=99"),
]


@pytest.fixture(scope="module")
def passwords() -> Iterator[Passwords]:
    """Hashing that costs nothing."""
    made = Passwords(CHEAP)
    yield made
    made.close()


@pytest.mark.parametrize(("stored", "password"), KNOWN)
async def test_a_password_fits_the_hash_another_program_made(passwords: Passwords, stored: str, password: str) -> None:
    passwords.require_usable(stored)
    assert await passwords.verify(stored, password)
    assert not await passwords.verify(stored, password + "s")


@pytest.mark.parametrize(("stored", "password"), KNOWN)
def test_a_hash_another_program_made_is_outdated(passwords: Passwords, stored: str, password: str) -> None:
    assert passwords.outdated(stored, password)


@pytest.mark.parametrize("stored", EXPENSIVE)
async def test_a_hash_that_would_cost_too_much_is_refused(passwords: Passwords, stored: str) -> None:
    with pytest.raises(UnusableHash, match="here"):
        passwords.require_usable(stored)


@pytest.mark.parametrize("stored", EXPENSIVE[:10])
async def test_a_hash_that_would_cost_too_much_is_not_even_tried(passwords: Passwords, stored: str) -> None:
    began = time.monotonic()
    assert not await passwords.verify(stored, "password")
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("stored", BROKEN)
async def test_what_no_password_could_fit_is_refused(passwords: Passwords, stored: str) -> None:
    with pytest.raises(UnusableHash):
        passwords.require_usable(stored)
    assert not await passwords.verify(stored, "password")


def test_a_hash_at_our_own_cost_is_usable_however_dear_that_is() -> None:
    dear = Passwords(Hashing(hash_memory_kib=300_000))
    dear.require_usable(f"$argon2id$v=19$m=300000,t=2,p=1${'A' * 22}${'A' * 43}")
    dear.close()


async def test_a_form_other_programs_did_not_normalize_fits_too(passwords: Passwords) -> None:
    decomposed = bcrypt.hashpw("cafe\u0301 secret".encode(), bcrypt.gensalt(4)).decode()
    composed = bcrypt.hashpw("caf\u00e9 secret".encode(), bcrypt.gensalt(4)).decode()
    assert await passwords.verify(decomposed, "cafe\u0301 secret")
    assert await passwords.verify(composed, "cafe\u0301 secret")


async def test_of_a_long_password_bcrypt_knows_the_beginning_and_so_is_kept(passwords: Passwords) -> None:
    stored = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert await passwords.verify(stored, "x" * 80)
    assert not passwords.outdated(stored, "x" * 80)
    assert passwords.outdated(stored, "x" * 72)


def test_bytes_are_counted_not_characters() -> None:
    assert hashes.was_cut(BCRYPT, "é" * 37)
    assert not hashes.was_cut(ARGON2ID, "é" * 37)


async def test_no_check_is_faster_than_the_floor() -> None:
    floored = Passwords(Hashing(hash_floor_ms=300))
    stored = bcrypt.hashpw(b"a proper secret", bcrypt.gensalt(4)).decode()
    for case in (stored, None):
        began = time.monotonic()
        await floored.verify(case, "a proper secret")
        assert 0.29 < time.monotonic() - began < 1.5
    floored.close()

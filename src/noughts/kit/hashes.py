"""Password hashes other programs made: which can be checked here, and what checking one may cost.

bcrypt, scrypt (PHC), PBKDF2 (PHC, passlib, Django) and Argon2 of any kind. Whatever is let in takes at most about two
seconds of one core and 256 MiB, so that nobody can sign in expensively.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final

import argon2

Check = Callable[[bytes], bool]
BCRYPT_BYTES: Final = 72
_BCRYPT_COST: Final = 14
_SCRYPT_MEMORY: Final = 128 * 2**20
_SCRYPT_WORK: Final = 2**22
_ROUNDS: Final = {"sha1": 2_000_000, "sha256": 2_000_000, "sha512": 1_000_000}
_ARGON2_KIB: Final = 256 * 2**10
_ARGON2_WORK: Final = 4 * _ARGON2_KIB
_ARGON2_PASSES, _ARGON2_LANES = 10, 16
_SALT_BYTES, _DIGEST_BYTES = range(65), range(16, 65)


class UnusableHash(ValueError):
    """Nobody could sign in with this hash; the sentence says why."""


def require_usable(stored: str) -> None:
    """Raise UnusableHash unless passwords can be checked against this hash, and at a bearable cost."""
    check_of(stored)


def check_of(stored: str) -> Check:
    """Return what tells whether a password's bytes fit this hash; raises UnusableHash."""
    for pattern, recognise in _KINDS:
        if found := pattern.fullmatch(stored):
            return recognise(found)
    raise UnusableHash("It is no hash known here: bcrypt, scrypt, PBKDF2 and Argon2 are.")


def was_cut(stored: str, password: str) -> bool:
    """Return whether the hash knows only the beginning of a password, as bcrypt does past 72 bytes."""
    return stored.startswith("$2") and len(password.encode()) > BCRYPT_BYTES


def _bcrypt(found: re.Match[str]) -> Check:
    import bcrypt

    _require(4 <= int(found["cost"]) <= _BCRYPT_COST, f"bcrypt costs 4 to {_BCRYPT_COST} here.")
    stored = found[0].encode()
    return lambda password: bcrypt.checkpw(password[:BCRYPT_BYTES], stored)


def _scrypt(found: re.Match[str]) -> Check:
    log_n, r, p = int(found["ln"]), int(found["r"]), int(found["p"])
    _require(log_n > 0 and r > 0 and p > 0, "scrypt's numbers are above 0.")
    memory = 128 * r * (2 ** min(log_n, 32))
    _require(memory <= _SCRYPT_MEMORY, "scrypt takes at most 128 MiB here (ln=17, r=8).")
    _require(memory // 128 * p <= _SCRYPT_WORK, "scrypt makes at most 4 passes (p) over its largest memory here.")
    salt, digest = _bytes(found["salt"], _SALT_BYTES), _bytes(found["digest"], _DIGEST_BYTES)
    room = memory + 128 * r * (p + 2) + 2**20  # what OpenSSL wants to be allowed beside the table itself

    def fits(password: bytes) -> bool:
        made = hashlib.scrypt(password, salt=salt, n=2**log_n, r=r, p=p, maxmem=room, dklen=len(digest))
        return hmac.compare_digest(made, digest)

    return fits


def _pbkdf2(found: re.Match[str]) -> Check:
    return _pbkdf2_check(found, _bytes(found["salt"], _SALT_BYTES))


def _django(found: re.Match[str]) -> Check:
    return _pbkdf2_check(found, found["salt"].encode())


def _pbkdf2_check(found: re.Match[str], salt: bytes) -> Check:
    name, rounds = found["name"] or "sha1", int(found["rounds"])
    _require(1 <= rounds <= _ROUNDS[name], f"PBKDF2 of {name} makes at most {_ROUNDS[name]:,} rounds here.")
    # Each further block of output would cost all the rounds again.
    digest = _bytes(found["digest"], range(16, hashlib.new(name).digest_size + 1))
    return lambda password: hmac.compare_digest(hashlib.pbkdf2_hmac(name, password, salt, rounds, len(digest)), digest)


def _argon2(found: re.Match[str]) -> Check:
    kib, passes, lanes = int(found["kib"]), int(found["passes"]), int(found["lanes"])
    _require(8 * lanes <= kib <= _ARGON2_KIB, "Argon2 takes at most 256 MiB here, and 8 KiB for each lane at least.")
    _require(
        1 <= passes <= _ARGON2_PASSES and 1 <= lanes <= _ARGON2_LANES,
        "Argon2 makes at most 10 passes in 16 lanes here.",
    )
    _require(kib * passes <= _ARGON2_WORK, "Argon2 makes at most 4 passes over its largest memory here.")
    _bytes(found["salt"], range(8, 65))
    _bytes(found["digest"], _DIGEST_BYTES)
    return lambda password: fits_argon2(found[0], password)


def fits_argon2(stored: str, password: bytes) -> bool:
    """Return whether a password fits a hash of Argon2, whatever that costs."""
    try:
        return argon2.PasswordHasher().verify(stored, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise UnusableHash(otherwise)


def _bytes(text: str, sizes: range) -> bytes:
    """Return what base64 of any of the spellings in use stands for: with or without `=`, `.` in place of `+`."""
    plain = text.rstrip("=").replace(".", "+")
    try:
        found = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        raise UnusableHash("Its salt or its digest is no base64.") from None
    _require(len(found) in sizes, "Its salt or its digest is of a length that cannot be right.")
    return found


_TAIL: Final = r"\$(?P<salt>[\w+/.=-]*)\$(?P<digest>[A-Za-z0-9+/.=]+)"
_KINDS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Check]], ...]] = tuple(
    (re.compile(pattern, re.ASCII), recognise)
    for pattern, recognise in (
        # The last characters of salt and digest hold 2 and 4 bits: with others in them no password fits.
        (r"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]", _bcrypt),
        (r"\$scrypt\$ln=(?P<ln>\d{1,2}),r=(?P<r>\d{1,5}),p=(?P<p>\d{1,5})" + _TAIL, _scrypt),
        (r"\$pbkdf2(?:-(?P<name>sha1|sha256|sha512))?\$(?:i=)?(?P<rounds>\d{1,10})(?:,l=\d{1,3})?" + _TAIL, _pbkdf2),
        (r"pbkdf2_(?P<name>sha1|sha256)\$(?P<rounds>\d{1,10})\$(?P<salt>[^$]{1,64})\$(?P<digest>[\w+/=]+)", _django),
        (r"\$argon2(?:id|i|d)\$(?:v=(?:16|19)\$)?m=(?P<kib>\d{1,10}),t=(?P<passes>\d{1,10}),p=(?P<lanes>\d{1,8})" + _TAIL,
         _argon2),
    )
)  # fmt: skip

"""The services' own addresses of the database, each a file that `NOUGHTS_DATABASE_FILE` may name."""

import contextlib
import hashlib
import hmac
import os
import secrets
from base64 import b64encode
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from noughts.kit.errors import Refusal

_ROUNDS: Final = 4_096


def kept(folder: Path, service: str, owner: str, role: str) -> str:
    """Return the password in a service's file; where there is no file, one is made: for its owner alone, and on the disk.

    Raises Refusal when the file holds another role's address, or none.
    """
    path = folder / service
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            _write(path, for_role(owner, role, secrets.token_urlsafe(24)))
        return password_in(path.read_text().strip(), role)
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror}.") from None
    except ValueError as error:
        raise Refusal(f"{path} {error}: correct it, or remove it to have a new one made.") from None


def for_role(owner: str, role: str, password: str | None = None) -> str:
    """Return the owner's address with another role in it."""
    scheme, _, rest = owner.partition("://")
    path, question, query = rest.partition("?")
    place = path.rpartition("@")[2]
    others = urlencode([pair for pair in parse_qsl(query) if pair[0] not in ("user", "password")], safe="/:,")
    who = role if password is None else f"{role}:{quote(password, safe='')}"
    return f"{scheme}://{who}@{place}{question if others else ''}{others}"


def password_in(address: str, role: str) -> str:
    """Return the password in a role's address; raises ValueError when there is none, or it is another's."""
    who = address.partition("://")[2].partition("?")[0].rpartition("@")[0]
    name, _, password = who.partition(":")
    if name != role or not password:
        raise ValueError(f"holds no address of {role} with a password")
    found = unquote(password)
    if not found.isascii():
        raise ValueError("holds a password with characters beyond ASCII")
    return found


def verifier(password: str) -> str:
    """Return what the server keeps of a password (SCRAM-SHA-256, RFC 5802), made here: no log of the server's has more."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return "SCRAM-SHA-256${}:{}${}:{}".format(_ROUNDS, *(b64encode(part).decode() for part in (salt, stored, server)))


def _write(path: Path, address: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(address + "\n")
        file.flush()
        os.fsync(file.fileno())

"""Secrets: derived from one secret file, sealed at rest, compared by digest."""

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE: Final = 12
TOKEN_BYTES: Final = 32


def derive(secret: bytes, purpose: str) -> bytes:
    """Return a 256-bit key for one purpose (HMAC-SHA-256 of its name), so that no key serves two."""
    return hmac.digest(secret, f"noughts {purpose}".encode(), "sha256")


def seal(key: bytes, plain: bytes) -> bytes:
    """Return nonce and ciphertext (AES-256-GCM)."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, None)


def unseal(key: bytes, sealed: bytes) -> bytes | None:
    """Return the plain bytes, or nothing when the key is another or the bytes were touched."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
    except (InvalidTag, ValueError):  # ValueError: too short to be anything we sealed
        return None


def new_token() -> str:
    """Return an opaque secret of 256 bits, URL-safe."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> str:
    """Return what is stored of an opaque secret: its SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def mac(key: bytes, text: str) -> str:
    """Return what is stored of a secret that is short or written by hand: its HMAC-SHA-256 in hexadecimal."""
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()


def load_or_create(path: Path) -> bytes:
    """Return the 256-bit secret in a file of mode 0600, made on first use: whole or not at all, by one process.

    Raises OSError when it can neither be read nor made, ValueError when it is no such secret.
    """
    if not path.exists():
        _create(path)
    secret = bytes.fromhex(path.read_text().strip())
    if len(secret) != TOKEN_BYTES:
        raise ValueError(f"it is not {TOKEN_BYTES} bytes in hexadecimal")
    return secret


def _create(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(os.urandom(TOKEN_BYTES).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()

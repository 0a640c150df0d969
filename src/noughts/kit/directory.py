"""The data directory: made, checked and held by one server at a time."""

import errno
import fcntl
import os
from pathlib import Path
from typing import Final

from noughts.kit import sealing
from noughts.kit.errors import Refusal

_IN_USE: Final = (errno.EAGAIN, errno.EACCES)


def prepare(path: Path) -> None:
    """Make the directory, readable by its owner alone; raises Refusal when nothing can be written there."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = path / ".probe"
        probe.write_bytes(b"\0" * 4096)
        probe.unlink()
    except OSError as error:
        raise Refusal(f"The data directory {path} cannot be used: {_words(error)}.") from None


def hold(path: Path) -> int:
    """Return a lock no second server gets (its file descriptor: keep it open); raises Refusal while one has it."""
    try:
        handle = os.open(path / "noughts.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refusal(f"The data directory {path} cannot be locked: {_words(error)}.") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        if error.errno in _IN_USE:
            raise Refusal(f"Another server is running on {path}: stop it, or choose another --data.") from None
        raise Refusal(f"The data directory {path} cannot be locked: {_words(error)}.") from None
    return handle


def secret(path: Path) -> bytes:
    """Return the installation's secret, made on first use; raises Refusal when its file is of no use."""
    try:
        return sealing.load_or_create(path / "secret")
    except (OSError, ValueError) as error:
        raise Refusal(f"The secret in {path} cannot be used: {error}.") from None


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()

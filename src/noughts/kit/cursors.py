"""Where a list goes on: opaque to whoever is given it, the id or the name of the last thing shown to us."""

import base64
import binascii
import uuid

from noughts.kit.errors import Invalid


def cursor(last: str | None) -> str | None:
    """Return the cursor of what comes after a thing; nothing when that was the end of the list."""
    return None if last is None else base64.urlsafe_b64encode(uuid.UUID(last).bytes).rstrip(b"=").decode()


def after(given: str | None) -> str | None:
    """Return after which thing a list goes on; raises Invalid unless we wrote the cursor that way."""
    if given is None:
        return None
    try:
        last = str(uuid.UUID(bytes=base64.urlsafe_b64decode(given + "==")))
    except (binascii.Error, ValueError):
        last = None
    if last is None or cursor(last) != given:
        raise _no_cursor()
    return last


def name_cursor(last: str | None) -> str | None:
    """Return the cursor of what comes after a name; nothing when that was the end of the list."""
    return None if last is None else base64.urlsafe_b64encode(last.encode()).rstrip(b"=").decode()


def after_name(given: str | None) -> str | None:
    """Return after which name a list goes on; raises Invalid unless we wrote the cursor that way."""
    if given is None:
        return None
    try:
        last = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)).decode()
    except ValueError:
        last = ""
    if not last or not last.isprintable() or name_cursor(last) != given:
        raise _no_cursor()
    return last


def _no_cursor() -> Invalid:
    return Invalid.field("?cursor", "cursor", "This is not a cursor of this list.")

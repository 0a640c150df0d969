"""People of a user pool as they enter an installation: with their id where it may be one, and a name nobody minds."""

import hashlib
import re
from typing import Final

import msgspec

from noughts.kit.cognito.answers import Listed
from noughts.kit.errors import Invalid
from noughts.users.model import names
from noughts.users.model.newcomers import ID, Newcomer

_ID: Final = re.compile(ID)


def newcomer_of(person: Listed) -> Newcomer:
    """Return the line about somebody. A pool gives no password away: they ask for a new one."""
    return Newcomer(
        id=person.id if keeps_id(person) else None,
        username=next(filter(_is_fit, (person.name or "", person.id)), neutral(person)),
        email=person.email or None,
        email_verified=person.email_verified,
        status="active" if person.enabled else "disabled",
        created_at=person.created_at,
    )


def keeps_id(person: Listed) -> bool:
    """Return whether the pool's name of somebody may be their id here."""
    return _ID.fullmatch(person.id) is not None


def renamed(line: Newcomer, person: Listed) -> Newcomer:
    """Return the same with a name that is free: theirs is another's here."""
    return msgspec.structs.replace(line, username=neutral(person))


def neutral(person: Listed) -> str:
    """Return a name that tells nothing of its owner, and is the same each time; the address is nobody's business."""
    return f"player-{hashlib.sha256(person.id.encode()).hexdigest()[:12]}"


def _is_fit(name: str) -> bool:
    try:
        names.check(name)
    except Invalid:
        return False
    return True

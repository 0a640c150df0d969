"""The entrance: shows every request to the door of the service whose call it is."""

from collections.abc import Awaitable, Iterable, Sequence
from typing import Final

from noughts.kit.edge import Answer, Door, Request, Route, Who
from noughts.kit.errors import NotFound

_NOWHERE: Final = b"%2f"
_ANY: Final = "{}"
"""Stands for every third segment, where a path has a parameter there."""


class Gateway:
    """Doors by collection (`/users`, `/users/{id}`) or by what belongs to a member of it (`/users/{id}/sessions/…`).

    The route tables say whose is which; what is none of theirs is asked for `elsewhere` (the page). What services ask
    each other (`/internal/users/…`) is reached where they run apart, `inside`, alone.
    """

    def __init__(self, doors: Iterable[tuple[Sequence[Route], Door]], elsewhere: Door, *, inside: bool = False) -> None:
        self._doors: dict[tuple[str, str], Door] = {}
        self._elsewhere = elsewhere
        for routes, door in doors:
            for place in {_place(route.path) for route in routes if inside or route.who is not Who.SERVICE}:
                if place in self._doors:
                    raise ValueError(f"two services answer at {place}")
                self._doors[place] = door

    def __call__(self, request: Request) -> Awaitable[Answer]:
        """Pass the request on; an encoded slash leads nowhere, so that no path is read two ways."""
        if _NOWHERE in request.raw_path.lower():
            raise NotFound
        place = _place(request.path)
        return (self._doors.get(place) or self._doors.get((place[0], _ANY)) or self._elsewhere)(request)


def _place(path: str) -> tuple[str, str]:
    """Return the first and the third segment of a path: the collection, and what of its member; inside, whose call it is.

    A target that does not begin with a slash (`*` alone means something, RFC 9112, 3.2.4) has none.
    """
    before, collection, member, part, *_ = f"{path}///".split("/", 4)
    if before:
        return "", ""
    if collection == "internal":
        return collection, member
    return collection, _ANY if part.startswith("{") else part


async def nowhere(request: Request) -> Answer:
    """Answer what nobody does here; raises NotFound."""
    raise NotFound

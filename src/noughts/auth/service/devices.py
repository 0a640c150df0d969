"""What is known to be somebody's: the addresses they signed in from, and the browsers they signed in with."""

from datetime import timedelta
from typing import Final

from noughts.auth.store.places import PlaceStore
from noughts.kit.audit import Origin
from noughts.kit.database import Write
from noughts.kit.fittings import Fittings
from noughts.kit.tokens import UserId

KNOWN: Final = timedelta(days=90)


class Devices:
    """Tells a person's own addresses and browsers from others, so that nobody's guesses keep them out."""

    def __init__(self, store: PlaceStore, fittings: Fittings) -> None:
        self._store = store
        self._place = fittings.throttle.place
        self._browsers = fittings.browsers
        self._now = fittings.now

    async def knows(self, user_id: UserId, origin: Origin) -> bool:
        """Return whether this person has signed in from this address within 90 days."""
        return await self._store.known(user_id, self._place(user_id, origin.address), self._now() - KNOWN)

    def kept(self, user_id: UserId, origin: Origin) -> Write:
        """Return the write that belongs into the transaction of a sign-in: from now on its address is known."""
        return self._store.kept(user_id, self._place(user_id, origin.address), self._now())

    def cookie(self, user_id: UserId) -> str:
        """Return what a browser shows from now on to be one of this person's."""
        return self._browsers.cookie(user_id)

    def browser(self, cookie: str | None, user_id: UserId) -> str | None:
        """Return the id of the browser that shows a cookie, if it is one of this person's."""
        found = self._browsers.recognise(cookie or "")
        return found.id if found is not None and found.owner == user_id else None

    async def purge(self) -> None:
        """Forget addresses nobody has signed in from for 90 days."""
        await self._store.purge(self._now() - KNOWN)

"""How much one person may do over live connections: so many of them, so many moves, so many words; as over HTTP."""

from collections import Counter
from typing import Final

from noughts.kit.address import host_and_network
from noughts.kit.errors import TooManyRequests
from noughts.kit.rates import Rates
from noughts.kit.tokens import UserId

PER_PERSON: Final = 20
PER_ADDRESS: Final = 100
"""Live connections to one process."""
MOVES_PER_S: Final = 20
WORDS_PER_S: Final = 100
"""Of one person, through one process, over however many connections."""


class Pace:
    """Counts; unless `limited`, nobody is refused."""

    def __init__(self, *, limited: bool) -> None:
        self._limited = limited
        self._rates = Rates()
        self._people: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()

    def require_room(self, user_id: UserId, address: str) -> None:
        """Raise TooManyRequests where a person, or an address, has as many connections as it may."""
        if not self._limited:
            return
        if self._people[user_id] >= PER_PERSON:
            raise TooManyRequests(f"At most {PER_PERSON} live connections of one person.")
        if address and self._addresses[_host(address)] >= PER_ADDRESS:
            raise TooManyRequests(f"At most {PER_ADDRESS} live connections from one address.")

    def come(self, user_id: UserId, address: str) -> None:
        """Count a connection."""
        self._people[user_id] += 1
        self._addresses[_host(address)] += 1

    def go(self, user_id: UserId, address: str) -> None:
        """Count it no more."""
        _less(self._people, user_id)
        _less(self._addresses, _host(address))

    def may_speak(self, user_id: UserId) -> bool:
        """Count a word, and return whether it was not one too many."""
        return not self._limited or not self._rates.wait_s("words", user_id, WORDS_PER_S, 1)

    def may_move(self, user_id: UserId) -> bool:
        """Count a move, and return whether it was not one too many."""
        return not self._limited or not self._rates.wait_s("moves", user_id, MOVES_PER_S, 1)

    def require_move(self, user_id: UserId) -> None:
        """Count a move; raises TooManyRequests."""
        if not self.may_move(user_id):
            raise TooManyRequests(f"At most {MOVES_PER_S} moves in 1 s; try again in 1 s.")


def _less(counted: Counter[str], key: str) -> None:
    counted[key] -= 1
    if counted[key] < 1:
        del counted[key]


def _host(address: str) -> str:
    return host_and_network(address)[0] if address else ""

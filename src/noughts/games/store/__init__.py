"""What games remember, by subject."""

from noughts.games.store.games import GameStore, KeyUsed, Overtaken, Search, Shelf
from noughts.games.store.matches import MatchStore
from noughts.games.store.ratings import RatingStore
from noughts.games.store.tickets import TicketStore
from noughts.kit.database import Database

__all__ = [
    "GameStore",
    "GamesStore",
    "KeyUsed",
    "MatchStore",
    "Overtaken",
    "RatingStore",
    "Search",
    "Shelf",
    "TicketStore",
]


class GamesStore:
    """The tables of the Game Service, one object for each subject."""

    def __init__(self, database: Database) -> None:
        self.games = GameStore(database)
        self.matches = MatchStore(database)
        self.ratings = RatingStore(database)
        self.tickets = TicketStore(database)

"""The use cases of games."""

from noughts.games.model.settings import GameSettings
from noughts.games.service.games import GameService
from noughts.games.service.invites import Invites

__all__ = ["GameService", "GameSettings", "Invites"]

"""The use cases of accounts."""

from noughts.users.service.erasure import Erasure
from noughts.users.service.profiles import CHANGED, UserService, UserSettings

__all__ = ["CHANGED", "Erasure", "UserService", "UserSettings"]

"""The program: the only room that knows every other, and builds each service near or far."""

from noughts.compose.house import TABLES, House
from noughts.compose.opening import opened
from noughts.compose.settings import PARTS, Part, Settings, read_settings
from noughts.kit.audit import OPERATOR
from noughts.users.model.wishes import Registration

__all__ = ["OPERATOR", "PARTS", "TABLES", "House", "Part", "Registration", "Settings", "opened", "read_settings"]

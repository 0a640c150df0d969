"""What a position is worth, proven where it can be, and which cell a computer opponent plays."""

from noughts.games.engine.analysis import analysis, best
from noughts.games.engine.levels import LEVELS, Level, UnknownLevel
from noughts.games.engine.opponents import choose, odds, pause_ms
from noughts.games.engine.tables import verdict
from noughts.games.engine.verdicts import Analysis, Choice, Value, Verdict

__all__ = ["LEVELS", "Analysis", "Choice", "Level", "UnknownLevel", "Value", "Verdict"]
__all__ += ["analysis", "best", "choose", "odds", "pause_ms", "verdict"]

"""How a cell is pointed at: by arrows and Enter, or by its number."""

from noughts.cli.play.game import Game


class Hand:
    """The cell that is pointed at, and the digits typed so far."""

    def __init__(self) -> None:
        self.cursor = 0
        self._digits = ""

    @property
    def shown(self) -> str:
        """What is typed and not done yet, for who types."""
        return f"{self._digits} …" if self._digits else ""

    def typed(self, key: str, game: Game, *, at_once: bool) -> int | None:
        """Return the cell that is chosen by this, if one is; `at_once`: keys come one by one, and not as lines."""
        if not at_once:
            return int(key) - 1 if key.isdecimal() and key.isascii() and 0 < len(key) < 4 and int(key) else None
        if key in ("up", "down", "left", "right"):
            self._move(key, game)
        elif key in ("\x7f", "\b"):
            self._digits = self._digits[:-1]
        elif key == "enter":
            return self._take() if self._digits else self.cursor
        elif len(key) == 1 and key in "0123456789":
            self._digits = (self._digits + key).lstrip("0")
            if self._is_enough(game):
                return self._take()
        return None

    def _is_enough(self, game: Game) -> bool:
        """Return whether no further digit could name a cell."""
        return bool(self._digits) and int(self._digits) * 10 > len(game.board)

    def _take(self) -> int:
        self.cursor = int(self._digits) - 1
        self._digits = ""
        return self.cursor

    def _move(self, key: str, game: Game) -> None:
        width, size = game.width, len(game.board)
        row, column = divmod(min(self.cursor, size - 1), width)
        rows = size // width
        if key in ("up", "down"):
            row = (row + (1 if key == "down" else -1)) % rows
        else:
            column = (column + (1 if key == "right" else -1)) % width
        self.cursor = row * width + column

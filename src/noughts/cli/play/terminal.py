"""Both kinds of terminal: one that shows a screen and hears each key, and one of lines, for pipes and tests."""

import asyncio
import codecs
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from getpass import getpass
from types import TracebackType
from typing import Any, Final, Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

ENDED: Final = ""
"""What is heard when nothing more can be: the end of the input."""
_KEYS: Final = {
    "[A": "up", "OA": "up", "[B": "down", "OB": "down", "[C": "right", "OC": "right", "[D": "left", "OD": "left",
}  # fmt: skip
Hear = Callable[[str], None]


class Lines:
    """Shows what changed, and hears whole lines."""

    is_screen: Final = False

    def __init__(self, given: TextIO, shown: TextIO) -> None:
        self._given = given
        self._console = Console(file=shown, highlight=False, soft_wrap=True)
        self._last = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def ask(self, question: str, *, hidden: bool = False) -> str:
        """Return what is answered to a question."""
        if hidden and self._given.isatty():
            return getpass(question)
        self._console.print(question)
        return self._given.readline().strip()

    def show(self, text: Text) -> None:
        """Show how the game stands, unless it was shown."""
        if (plain := text.plain) != self._last:
            self._last = plain
            self._console.print(text, "\n", sep="")

    def hear(self, heard: Hear) -> None:
        """Call with each line from now on."""
        loop = asyncio.get_running_loop()

        def read() -> None:
            for line in self._given:
                loop.call_soon_threadsafe(heard, line.strip() or "enter")
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(heard, ENDED)

        threading.Thread(target=read, daemon=True).start()


class Screen:
    """Shows one picture, and hears each key; leaves the terminal as it was."""

    is_screen: Final = True

    def __init__(self, given: TextIO, shown: TextIO) -> None:
        self._given = given
        self._console = Console(file=shown, highlight=False)
        self._live = Live(console=self._console, screen=True, auto_refresh=False)
        self._last: Text | None = None
        self._kept: list[Any] = []

    def __enter__(self) -> Self:
        import termios
        import tty

        self._kept = termios.tcgetattr(self._given)
        tty.setcbreak(self._given)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import termios

        self._live.stop()
        termios.tcsetattr(self._given, termios.TCSADRAIN, self._kept)
        if self._last is not None:
            self._console.print(self._last)

    def ask(self, question: str, *, hidden: bool = False) -> str:
        """Return what is answered to a question."""
        return getpass(question) if hidden else input(question)

    def show(self, text: Text) -> None:
        """Show how the game stands."""
        self._last = text
        self._live.update(text, refresh=True)

    def hear(self, heard: Hear) -> None:
        """Call with each key from now on."""
        number = self._given.fileno()
        decoded = codecs.getincrementaldecoder("utf-8")(errors="ignore").decode

        def ready() -> None:
            try:
                given = os.read(number, 256)
            except OSError:
                given = b""
            if not given:
                asyncio.get_running_loop().remove_reader(number)
                heard(ENDED)
            for key in keys(decoded(given)):
                heard(key)

        asyncio.get_running_loop().add_reader(number, ready)


def keys(typed: str) -> list[str]:
    """Return the keys that were typed: arrows by name, everything else as it is."""
    found, place = [], 0
    while place < len(typed):
        one = typed[place]
        if one == "\x1b" and (name := _KEYS.get(typed[place + 1 : place + 3])):
            found.append(name)
            place += 3
            continue
        found.append("enter" if one in "\r\n " else one)
        place += 1
    return found


def chosen(given: TextIO, shown: TextIO) -> Lines | Screen:
    """Return the terminal that fits what is there."""
    both = given.isatty() and shown.isatty() and sys.platform != "win32"
    return Screen(given, shown) if both and os.environ.get("TERM") != "dumb" else Lines(given, shown)

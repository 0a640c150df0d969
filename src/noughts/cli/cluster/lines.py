"""The logs of many processes on one terminal: each line says whose it is."""

import asyncio
import sys
from collections import deque
from typing import Final

import msgspec

_COLOURS: Final = (36, 33, 35, 32, 34, 31)
_WIDTH: Final = 9
_LONGEST: Final = 256 * 1024
_LAST: Final = 3


class Teller:
    """Writes lines to standard error; on a terminal the lines of a service have its colour, and are put into words."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._colours: dict[str, int] = {}
        self._last: dict[str, deque[str]] = {}

    def last(self, name: str) -> str:
        """Return the last lines somebody wrote, as one."""
        return " ".join(self._last.get(name, ())) or "it said nothing"

    def say(self, name: str, line: str) -> None:
        """Write one line of somebody's."""
        shown = _worded(line) if self._is_terminal else line
        prefix = f"{name:<{_WIDTH}}│"
        if self._is_terminal:
            service = name.partition(".")[0]
            colour = self._colours.setdefault(service, _COLOURS[len(self._colours) % len(_COLOURS)])
            prefix = f"\033[{colour}m{prefix}\033[0m"
        print(f"{prefix} {shown}", file=sys.stderr, flush=True)

    async def pass_on(self, name: str, stream: asyncio.StreamReader) -> None:
        """Write every line that comes until the stream ends; of one without an end, what there is of it."""
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # longer than the reader holds: it has let go of it
                self.say(name, "(a line too long to show)")
                continue
            if not line:
                return
            if text := line.decode("utf-8", "replace").rstrip():
                self._last.setdefault(name, deque(maxlen=_LAST)).append(text.strip())
                self.say(name, text)


def _worded(line: str) -> str:
    """Return a line of our own log as people read it; any other as it is."""
    try:
        facts = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.MsgspecError:
        return line
    time, event = str(facts.pop("time", ""))[11:23], facts.pop("event", "")
    level = facts.pop("level", "info")
    told = " ".join(f"{name}={value}" for name, value in facts.items())
    return f"{time} {'' if level == 'info' else f'{level} '}{event} {told}".strip()

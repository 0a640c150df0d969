"""`noughts`, and `python -m noughts`."""

import os
import signal
from types import FrameType
from typing import NoReturn


def main() -> None:
    """Run the command line; whoever ends it before it has begun is obeyed at once, without a word."""
    interrupted = signal.signal(signal.SIGINT, _leave)
    # The first process of a container hears of it only where something is set.
    signal.signal(signal.SIGTERM, _leave)
    from noughts import cli

    signal.signal(signal.SIGINT, interrupted)
    cli.main()


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    os._exit(128 + number)


if __name__ == "__main__":
    main()

"""A process that thinks for another: a question a line in, an answer a line out, until its input ends."""

import contextlib
import os
import signal
import sys
from random import Random
from typing import Final

import msgspec

from noughts.games.engine.analysis import analysis
from noughts.games.engine.opponents import choose
from noughts.games.engine.verdicts import Analysis
from noughts.games.rules import Moves, rules_of

_NICE: Final = 10


class Choosing(msgspec.Struct, frozen=True, tag="choose"):
    """Which cell does an opponent of that level play?"""

    variant: str
    moves: Moves
    level: int
    seed: int


class Analysing(msgspec.Struct, frozen=True, tag="analyse"):
    """What is known of a position?"""

    variant: str
    moves: Moves
    nodes: int


def answered(question: Choosing | Analysing) -> int | Analysis:
    """Return the answer, the same for the same question."""
    rules = rules_of(question.variant)
    if isinstance(question, Choosing):
        return choose(rules, question.moves, question.level, Random(question.seed))  # noqa: S311 - a game, not a secret
    return analysis(rules, question.moves, question.nodes)


def main() -> None:
    """Answer until nobody asks any more, giving way to whoever else wants the processor."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends us when it has finished
    with contextlib.suppress(OSError, AttributeError):  # another system has no such thing
        os.nice(_NICE)
    for line in sys.stdin.buffer:
        answer = answered(msgspec.json.decode(line, type=Choosing | Analysing))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

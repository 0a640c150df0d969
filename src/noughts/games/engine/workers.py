"""Thinking off the event loop: a few processes of low priority, begun when first needed, ended when nobody asks.

Three by three is played at once. Everything that has to be searched for goes to a process; when none is free in time, or
one dies, the quick rules choose: win, stop a win, play where most is going on. A process that misses the deadline is killed.
"""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from random import Random
from typing import Final, TypeVar

import msgspec

from noughts.games.engine.analysis import NODES, analysis
from noughts.games.engine.levels import level_of
from noughts.games.engine.opponents import choose, quick
from noughts.games.engine.tables import is_tabled
from noughts.games.engine.verdicts import Analysis
from noughts.games.engine.worker import Analysing, Choosing
from noughts.games.rules import Moves, Rules
from noughts.kit.errors import Unavailable
from noughts.kit.logging import log
from noughts.kit.metrics import Gauges

Answer = TypeVar("Answer", int, Analysis)
_COMMAND: Final = (sys.executable, "-P", "-m", "noughts.games.engine.worker")
_IDLE_S: Final = 60.0
_LONGEST_LINE: Final = 1 << 20


class _NoAnswer(Exception):
    """No process is free in time, or it died."""


class Workers:
    """At most so many processes that think; so many questions more may wait, and none longer than the deadline."""

    def __init__(
        self, most: int = 2, waiting: int = 8, *, deadline_s: float = 4.0, command: tuple[str, ...] = _COMMAND
    ) -> None:
        self._command, self._deadline_s = command, deadline_s
        self._room = most + waiting
        self._turns = asyncio.Semaphore(most)
        self._idle: list[Process] = []
        self._busy: set[Process] = set()
        self._asked = self._unanswered = 0
        self._letting_go: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[int]] = set()

    async def choose_soon(self, rules: Rules, moves: Moves, level: int, seed: int) -> int:
        """Return the cell an opponent of that level plays; the same for the same seed, unless there was no time to think.

        Raises UnknownLevel, and IndexError where the game is over.
        """
        if is_tabled(rules) or not level_of(level).best or not rules.legal(moves):
            return choose(rules, moves, level, Random(seed))  # noqa: S311 - a game, not a secret
        try:
            return await self._ask(Choosing(rules.NAME, moves, level, seed), int)
        except _NoAnswer as reason:
            log.warning("computer_hurried", variant=rules.NAME, level=level, reason=str(reason))
            return quick(rules, moves)

    async def analyse_soon(self, rules: Rules, moves: Moves, nodes: int = NODES) -> Analysis:
        """Return what is known of a position; raises Unavailable when nobody has the time to look."""
        if is_tabled(rules) or not rules.legal(moves):
            return analysis(rules, moves)
        try:
            return await self._ask(Analysing(rules.NAME, moves, nodes), Analysis)
        except _NoAnswer as reason:
            raise Unavailable(f"Nobody had the time to look at the position: {reason}", retry_after=2) from None

    def gauges(self) -> Gauges:
        """Return what is worth watching."""
        return {
            "noughts_thinkers": ("Processes that search large boards.", lambda: len(self._busy) + len(self._idle)),
            "noughts_thinkers_busy": ("Of them, those at work.", lambda: len(self._busy)),
            "noughts_thoughts_asked": ("Questions being thought about, or waiting.", lambda: self._asked),
            "noughts_thoughts_missed_total": ("Questions nobody had the time for.", lambda: self._unanswered),
        }

    async def close(self) -> None:
        """End the processes; what is still asked of them gets no answer."""
        self._room = 0
        for process in self._busy:
            self._end(process)
        self._let_go()
        await asyncio.gather(*self._ending)

    async def _ask(self, question: Choosing | Analysing, answer: type[Answer]) -> Answer:
        """Return a process's answer; raises _NoAnswer."""
        try:
            async with self._place(), asyncio.timeout(self._deadline_s), self._turns:
                return msgspec.json.decode(await self._answer(msgspec.json.encode(question)), type=answer)
        except (_NoAnswer, TimeoutError, OSError) as error:
            self._unanswered += 1
            reason = "it takes too long" if isinstance(error, TimeoutError) else str(error)
            raise _NoAnswer(reason) from None

    @contextlib.asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """Hold a place among those who ask; raises _NoAnswer when all are taken."""
        if self._asked >= self._room:
            raise _NoAnswer("too many are asked already")
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1

    async def _answer(self, question: bytes) -> bytes:
        """Return the line a process answers with; one that does not is ended."""
        process = await self._process()
        self._busy.add(process)
        try:
            line = await _told(process, question)
        except BaseException:  # cancelled by the deadline, too: whatever it is still thinking about, nobody waits
            self._end(process)
            raise
        finally:
            self._busy.remove(process)
        self._idle.append(process)
        self._let_go_later()
        return line

    async def _process(self) -> Process:
        """Return a process that lives, a new one if need be."""
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        return await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE)

    def _end(self, process: Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        ending = asyncio.ensure_future(process.wait())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def _let_go_later(self) -> None:
        if self._letting_go:
            self._letting_go.cancel()
        self._letting_go = asyncio.get_running_loop().call_later(_IDLE_S, self._let_go)

    def _let_go(self) -> None:
        """End the processes nobody has asked anything for a while."""
        if self._letting_go:
            self._letting_go.cancel()
        while self._idle:
            self._end(self._idle.pop())


async def _told(process: Process, question: bytes) -> bytes:
    """Return the answer to a question; raises _NoAnswer, or OSError, where the process has ended."""
    if process.stdin is None or process.stdout is None:
        raise _NoAnswer("nothing leads to the process")
    process.stdin.write(question + b"\n")
    await process.stdin.drain()
    line = await process.stdout.readline()
    if not line.endswith(b"\n"):
        raise _NoAnswer("the process died")
    return line

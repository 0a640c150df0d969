"""Processes that are kept alive, each a small program."""

import asyncio
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Sequence

from noughts.cli.cluster.lines import Teller
from noughts.cli.cluster.plan import Member
from noughts.cli.cluster.processes import Kept

LIVES = (sys.executable, "-c", "import time; time.sleep(60)")
DIES = (sys.executable, "-c", "")
SUPERVISOR = """
import asyncio, sys
from noughts.cli.cluster.lines import Teller
from noughts.cli.cluster.plan import Member
from noughts.cli.cluster.processes import Kept

async def keep():
    await Kept(Member(name="one", command=(sys.executable, "-c", "import time; time.sleep(60)"), environ={}, ready=""), Teller()).start()
    await asyncio.sleep(60)

asyncio.run(keep())
"""


class Programs:
    """What is started, in turn; the last one again and again."""

    def __init__(self, *commands: Sequence[str]) -> None:
        self.commands = list(commands)
        self.started = asyncio.Event()
        member = Member(name="one", command=(), environ=dict(os.environ), ready="")
        self.kept = Kept(member, Teller(), self._next)

    def _next(self, replaced: int) -> Sequence[str]:
        if len(self.commands) > 1:
            return self.commands.pop(0)
        self.started.set()
        return self.commands[0]


async def test_one_told_to_end_while_it_is_started_again_ends() -> None:
    programs = Programs(DIES, LIVES)
    await programs.kept.start()
    await programs.started.wait()
    await asyncio.wait_for(programs.kept.stop(), 10)


async def test_one_that_cannot_be_started_again_is_tried_again() -> None:
    programs = Programs(DIES, ("/nowhere/to/be/found",), LIVES)
    await programs.kept.start()
    await asyncio.wait_for(programs.started.wait(), 10)
    await programs.kept.stop()


def test_none_outlives_whoever_keeps_it() -> None:
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR], stderr=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stderr is not None
        found = re.search(r"runs as process (\d+)", supervisor.stderr.readline())
        assert found is not None
        child = os.pidfd_open(int(found[1]))
        supervisor.send_signal(signal.SIGKILL)
    try:
        assert has_ended(child, 5)
    finally:
        os.close(child)


def has_ended(child: int, seconds: float) -> bool:
    """Return whether a process ended in time."""
    return bool(select.select([child], [], [], seconds)[0])

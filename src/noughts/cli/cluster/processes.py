"""Processes that are kept alive: started, started again when they die, replaced without a gap, and stopped in the end."""

import asyncio
import contextlib
import ctypes
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from noughts.cli.cluster.lines import Teller
from noughts.cli.cluster.plan import Member
from noughts.kit.errors import Refusal

_READY_S: Final = 30.0
_STOP_S: Final = 20.0
_SHORT_S: Final = 1.0
_SHORT_LIVES: Final = 3
"""So many times it ends within a second, and it is not waited for any longer."""
_PAUSE_S: Final = 1.0
_END_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG
_SYSTEM: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


class Kept:
    """One process. `command` is asked for anew each time it starts, with how often it has been replaced."""

    def __init__(self, member: Member, teller: Teller, command: Callable[[int], Sequence[str]] | None = None) -> None:
        self.member = member
        self._teller = teller
        self._command = command or (lambda _: member.command)
        self._replaced = self._short_lives = 0
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._is_leaving = False

    async def start(self) -> None:
        """Start it and keep it alive from now on; raises Refusal where it cannot even be started."""
        self._is_leaving = False
        self._short_lives = 0
        self._process = await self._spawned()
        self._keeping = asyncio.create_task(self._keep(self._process))

    async def until_ready(self) -> None:
        """Return once it says that it is; raises Refusal when it does not within half a minute, or cannot live at all."""
        import httpx

        deadline = time.monotonic() + _READY_S
        async with httpx.AsyncClient(trust_env=False, timeout=1.0) as client:
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(self.member.ready)).is_success:
                        return
                if self._short_lives >= _SHORT_LIVES:
                    raise Refusal(
                        f"{self.member.name} ends as soon as it is started: {self._teller.last(self.member.name)}"
                    )
                await asyncio.sleep(0.02)
        raise Refusal(f"{self.member.name} is not ready after {_READY_S:.0f} s: its last lines say why.")

    async def stop(self) -> None:
        """Ask it to end, and see to it that it does."""
        self._is_leaving = True
        keeping = self._keeping
        if self._process is None or keeping is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(asyncio.shield(keeping), _STOP_S)
        except TimeoutError:
            self._teller.say(self.member.name, "does not end: killed")
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await keeping

    async def restart(self) -> None:
        """End it, and start it again."""
        await self.stop()
        await self.start()
        await self.until_ready()

    async def replace(self) -> None:
        """Start the next one, which takes over the sockets and tells this one to end (Envoy's hot restart)."""
        leaving, self._is_leaving = self._keeping, True
        self._replaced += 1
        await self.start()
        await self.until_ready()
        if leaving is not None:
            await asyncio.wait([leaving], timeout=_STOP_S)

    async def _spawned(self) -> asyncio.subprocess.Process:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command(self._replaced),
                env=self.member.environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=256 * 1024,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        except OSError as error:
            raise Refusal(f"{self.member.name} cannot be started: {error.strerror}.") from None
        self._teller.say(self.member.name, f"runs as process {process.pid}")
        return process

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        """Tell its lines until it ends; where nobody asked it to, start it again, at once unless it never lived."""
        while True:
            began = time.monotonic()
            if process.stdout is not None:
                await self._teller.pass_on(self.member.name, process.stdout)
            status = await process.wait()
            if self._is_leaving or process is not self._process:
                return
            self._replaced = 0
            self._teller.say(self.member.name, f"ended with {status}: started again")
            is_short = time.monotonic() - began < _SHORT_S
            self._short_lives = self._short_lives + 1 if is_short else 0
            if is_short:
                await asyncio.sleep(_PAUSE_S)
            again = await self._started_again()
            if again is None:
                return
            process = again

    async def _started_again(self) -> asyncio.subprocess.Process | None:
        """Return it once it runs again, however often that is tried; nothing where it was told to end before."""
        while not self._is_leaving:
            try:
                self._process = await self._spawned()
            except Refusal as refusal:
                self._teller.say(self.member.name, str(refusal))
                await asyncio.sleep(_PAUSE_S)
                continue
            if self._is_leaving:  # whoever said so meanwhile said it to the one that was dead
                self._process.terminate()
            return self._process
        return None


def _end_with_parent() -> None:
    """Let a new process be told to end when the one that keeps it is gone, however that came about (Linux alone can)."""
    if _SYSTEM is not None:
        _SYSTEM.prctl(_END_WITH_PARENT, signal.SIGTERM)

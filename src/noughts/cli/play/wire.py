"""A live connection that is there again by itself when it was lost."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from noughts.cli.play.account import Account, Refused
from noughts.kit.errors import Refusal
from noughts.ports.messages import Closed, Said, Told

_SHORTEST_S: Final = 0.2
_LONGEST_S: Final = 30.0
_SIGNED_OUT: Final = 4401
_DECODE: Final = msgspec.json.Decoder(Told).decode


class Wire:
    """Tells what comes, and says what is to be said while there is a connection."""

    def __init__(
        self, account: Account, *, hear: Callable[[Told], None], opened: Callable[[], Said], lost: Callable[[], None]
    ) -> None:
        self._account = account
        self._hear, self._opened, self._lost = hear, opened, lost
        self._socket: ClientConnection | None = None

    async def run(self) -> None:
        """Listen for ever; raises Refusal once the session is over."""
        wait_s = _SHORTEST_S
        while True:
            try:
                await self._listen()
                wait_s = _SHORTEST_S
            except Refused as refused:
                if refused.status < 500 and refused.status != 429:
                    raise Refusal(str(refused)) from None
            except (httpx.TransportError, WebSocketException, OSError):
                pass
            self._lost()
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.5))  # noqa: S311 - so that not all come at once
            wait_s = min(_LONGEST_S, wait_s * 2)

    async def say(self, said: Said) -> None:
        """Say something; while there is no connection, nothing."""
        if self._socket is not None:
            try:
                await self._socket.send(msgspec.json.encode(said).decode())
            except WebSocketException:
                return

    async def _listen(self) -> None:
        ticket = (await self._account.call("POST", "/live/tickets"))["ticket"]
        address = f"ws{self._account.server.removeprefix('http')}/live?ticket={ticket}"
        async with connect(address, close_timeout=1, compression=None) as socket:
            self._socket = socket
            try:
                await self.say(self._opened())
                async for text in socket:
                    self._take(text)
            finally:
                self._socket = None
                if socket.close_code == _SIGNED_OUT:
                    raise Refusal("You are signed out.")

    def _take(self, text: str | bytes) -> None:
        try:
            told = _DECODE(text)
        except msgspec.ValidationError:
            return  # a newer server says more than is known here
        if not isinstance(told, Closed):
            self._hear(told)

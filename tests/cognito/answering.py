"""A service that answers as it is told to: what no emulator does on demand, such as failing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgspec

from noughts.kit.cognito import CognitoSettings

ANSWERS_NOTHING = None
BREAKS_OFF = b""


class Answer(NamedTuple):
    """A status and a body."""

    status: int
    body: bytes


def error(code: str, message: str = "", status: int = 400) -> Answer:
    """Return an error as AWS words it."""
    return Answer(status, msgspec.json.encode({"__type": code, "message": message}))


class Service:
    """Whatever comes is kept in `asked` and answered by `answers`; None: not at all, empty bytes: the connection ends."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.bodies: list[tuple[str, bytes]] = []
        self.answers: Callable[[str], Answer | bytes | None] = lambda _: Answer(200, b"{}")
        self.heard: Callable[[str], None] = lambda _: None
        self.url = ""

    @property
    def settings(self) -> CognitoSettings:
        """Settings with which the program asks it."""
        return CognitoSettings(
            identity="cognito",
            cognito_pool="eu-central-1_Example",
            cognito_client="client",
            cognito_endpoint=self.url,
            cognito_jwks=f"{self.url}/jwks.json",
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                asked = headers.get("x-amz-target", lines[0].split(" ")[1]).rpartition(".")[2]
                self.asked.append(asked)
                self.bodies.append((asked, body))
                self.heard(head.decode())
                answer = self.answers(asked)
                if answer == BREAKS_OFF:
                    break
                if answer is ANSWERS_NOTHING:
                    await asyncio.sleep(60)
                    break
                writer.write(f"HTTP/1.1 {answer.status} .\r\ncontent-length: {len(answer.body)}\r\n\r\n".encode())
                writer.write(answer.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def answering() -> AsyncIterator[Service]:
    """Run such a service for the length of a block."""
    service = Service()
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.ensure_future(service.serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

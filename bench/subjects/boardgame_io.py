"""boardgame.io's tutorial game on its own server, everything in memory."""

import json
from pathlib import Path

from bench.install import node
from bench.load.exchange import exchange
from bench.load.jobs import Match
from bench.places import PEERS, SCRATCH
from bench.processes import Command
from bench.subjects.requests import request

LOBBY = "/games/tic-tac-toe"


class BoardgameIo:
    """The peer in games."""

    name = "boardgame.io"

    def command(self, port: int, folder: Path) -> Command:
        """Start its server as in production; nothing is kept, so `folder` stays empty."""
        del folder
        modules = SCRATCH / "node" / "boardgame_io" / "node_modules"
        argv = [str(node()), str(PEERS / "boardgame_io" / "server.cjs"), str(port)]
        production = {"NODE_PATH": str(modules), "NODE_ENV": "production"}
        return Command(argv, ready="/games", environment=production)

    def matches(self, port: int, count: int) -> list[Match]:
        """Create matches in its lobby and take both seats of each."""
        create = [request("POST", f"{LOBBY}/create", body={"numPlayers": 2})] * count
        ids = [json.loads(body)["matchID"] for body in exchange(port, create, expect=200)]
        seats = [(match, str(player)) for match in ids for player in (0, 1)]
        join = [
            request(
                "POST",
                f"{LOBBY}/{match}/join",
                body={"playerID": player, "playerName": f"player {player}"},
            )
            for match, player in seats
        ]
        keys = [json.loads(b)["playerCredentials"] for b in exchange(port, join, expect=200)]
        return [Match(match, keys[2 * n : 2 * n + 2]) for n, match in enumerate(ids)]

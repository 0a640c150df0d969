"""`noughts play`: whole games in a terminal, by keys and by lines, against people and the computer."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests import servers

WITHIN_S = 20.0
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x1b\x07]*(?:\x1b\\|\x07)")
"""Colours, movements and links."""


class Terminal:
    """`noughts play`, seen and typed into as a person would."""

    def __init__(self, command: list[str], *, screen: bool) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self._is_screen = screen
        environ |= {"TERM": "xterm", "COLUMNS": "160", "LINES": "40"}
        if screen:
            self._ours, theirs = pty.openpty()
            self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
            os.close(theirs)
            self._out = self._ours
        else:
            self.process = subprocess.Popen(
                command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ
            )
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self._ours, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()
        self.seen = ""

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._ours, text.encode())

    def until(self, wanted: str) -> re.Match[str]:
        """Return what was wanted, once it is seen after what was seen until then."""
        deadline = time.monotonic() + WITHIN_S
        while not (found := re.search(wanted, self.seen)):
            assert time.monotonic() < deadline, f"{wanted!r} is not in {self.seen[-3000:]!r}"
            self._read(deadline)
        self.seen = self.seen[found.end() :]
        return found

    def leave(self) -> int:
        """Type q, once more where it asks, and return its status."""
        self.type("q" if self._is_screen else "q\n")
        deadline, is_asked = time.monotonic() + WITHIN_S, False
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.seen[-3000:]
            self._read(time.monotonic() + 0.1)
            if not is_asked and "q again" in self.seen:
                self.type("q" if self._is_screen else "q\n")
                is_asked = True
        return self.process.wait(WITHIN_S)

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        if self._is_screen:
            os.close(self._ours)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _read(self, deadline: float) -> None:
        ready, _, _ = select.select([self._out], [], [], max(0.0, deadline - time.monotonic()))
        try:
            given = os.read(self._out, 65_536) if ready else b""
        except OSError:  # whoever held the other end has ended
            given = b""
        if ready and not given:
            time.sleep(0.05)
        self.seen = _STYLE.sub("", self.seen + given.decode(errors="ignore")).replace("\r", "")


@contextmanager
def playing(server: servers.Process, *words: str, screen: bool = False) -> Iterator[Terminal]:
    """Run it for the length of a block."""
    address = [] if any("://" in word for word in words) else ["--server", f"http://127.0.0.1:{server.port}"]
    terminal = Terminal([sys.executable, "-m", "noughts", "play", *words, *address], screen=screen)
    try:
        yield terminal
    finally:
        terminal.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Process]:
    """A server to play at."""
    with servers.serving(tmp_path_factory.mktemp("play") / "data", rate_limits="off") as process:
        yield process


def here(server: servers.Process, link: str) -> str:
    """Return a link as it leads to the server from here."""
    return re.sub(r"^https?://[^/]+", f"http://127.0.0.1:{server.port}", link)


@pytest.mark.slow
def test_two_play_to_the_end_and_again_one_by_keys_and_one_by_lines(server: servers.Process) -> None:
    with playing(server, "--against", "friend", "--mark", "X", screen=True) as alice:
        link = alice.until(r"this link:\s+(http\S+)")[1]
        with playing(server, here(server, link)) as bob:
            bob.until("is to move")
            for mine, yours in (("1", "4"), ("2", "5")):
                alice.until("Your move")
                alice.type(mine)
                alice.until("is to move")
                bob.until("Your move")
                bob.type(f"{yours}\n")
            alice.until("Your move")
            alice.type("\x1b[C\r")  # from 2, where it pointed last, to the right
            alice.until("You won: a line stands")
            bob.until("You lost: a line stands")
            bob.type("n\n")
            alice.until("offers another game")
            alice.type("n")
            bob.until("Your move")
            bob.type("9\n")
            alice.until("Your move")
            alice.type("r")
            alice.until("r again")
            alice.type("r")
            bob.until("You won: given up")
            assert bob.leave() == 0
        assert alice.leave() == 0


def test_a_whole_game_against_the_computer_by_lines(server: servers.Process) -> None:
    with playing(server, "--level", "1", "--mark", "X") as me:
        for _ in range(6):
            drawn, said = me.until("(?s)(.*?)(Your move|You won|You lost|A draw)").groups()
            if said != "Your move":
                break
            rows = re.findall(r"^ (\S) \| (\S) \| (\S) $", drawn, re.MULTILINE)[-3:]
            me.type(next(cell for row in rows for cell in row if cell.isdigit()) + "\n")
        else:
            raise AssertionError("five moves, and nobody won")
        assert me.leave() == 0


@pytest.mark.slow
def test_who_loses_the_server_goes_on_when_it_is_back(server: servers.Process) -> None:
    with playing(server, "--level", "6", "--mark", "X", "--minutes", "60", screen=True) as me:
        me.until(r"X  guest-\S+ \(you\)  (60:00|59:\d\d)")
        me.until("Your move")
        server.kill()
        me.until("The connection is lost")
        me.type("5")
        server.start()
        me.until(r"\n.*\|.* X .*\|")
        me.until("Your move")
        assert me.leave() == 0


def test_a_larger_board_is_played_by_numbers_of_two_digits(server: servers.Process) -> None:
    with playing(server, "--variant", "5x5x4", "--level", "1", "--mark", "X", screen=True) as me:
        me.until("Your move")
        me.type("13")
        me.until("is to move|Your move")  # the reply may be there before anything was drawn
        me.type("2\x1b[B\r")
        assert me.leave() == 0


def test_somebody_else_watches(server: servers.Process) -> None:
    with server.client() as client:
        players = [client.post("/guests", json={}).json() for _ in range(2)]
        one, other = [{"Authorization": f"Bearer {player['access_token']}"} for player in players]
        game = client.post(
            "/games", json={"opponent": {"kind": "anyone"}, "mark": "X", "variant": "3x4x3"}, headers=one
        )
        path = f"/games/{game.json()['id']}"
        assert client.post(f"{path}/join", json={}, headers=other).status_code == 200
        with playing(server, game.json()["id"]) as me:
            me.until(rf"{players[0]['user']['username']} \(X\) is to move")
            client.post(f"{path}/moves", json={"ply": 0, "cell": 4}, headers=one)
            me.until(r" X .*\n.*\n")
            client.post(f"{path}/resign", headers=other)
            me.until(rf"{players[0]['user']['username']} \(X\) won: given up")
            assert me.leave() == 0


def test_how_a_rated_match_stands_is_said_to_who_plays_and_who_watches(server: servers.Process) -> None:
    with server.client() as client:
        signed = {}
        for name in ("matcha", "matchb"):
            who = {"username": name, "password": "a proper secret"}
            client.post("/users", json=who | {"email": f"{name}@example.com"}).raise_for_status()
            signed[name] = {"Authorization": f"Bearer {client.post('/login', json=who).json()['access_token']}"}
        wish = {"opponent": {"kind": "anyone"}, "mark": "X", "rated": True}
        game = client.post("/games", json=wish, headers=signed["matcha"]).json()["id"]
        client.post(f"/games/{game}/join", json={}, headers=signed["matchb"]).raise_for_status()
        with playing(server, game, "--username", "matcha") as me, playing(server, game) as watcher:
            me.type("a proper secret\n")
            me.until(r"Game 1 of 4\.")
            watcher.until(r"Game 1 of 4\.")
            client.post(f"/games/{game}/resign", headers=signed["matchb"]).raise_for_status()
            me.until("Game 2 of 4; you 1, they 0")
            watcher.until("Game 2 of 4; X 0, O 1")
            assert [watcher.leave(), me.leave()] == [0, 0]


@pytest.mark.slow
def test_what_cannot_be_is_one_line(server: servers.Process) -> None:
    def said(*words: str) -> tuple[int, str]:
        address = ["--server", f"http://127.0.0.1:{server.port}"]
        command = [sys.executable, "-m", "noughts", "play", *words, *([] if "--server" in words else address)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        return done.returncode, done.stderr + done.stdout

    assert said("no-game") == (1, "noughts: This is neither a link to a game nor the id of one.\n")
    assert said("--variant", "chess")[0] == 1
    assert said("--against", "nobody-at-all") == (1, "noughts: There is no such user.\n")
    nobody = f"http://127.0.0.1:{servers.free_port()}"
    assert said("--server", nobody) == (1, f"noughts: Nobody answers at {nobody}.\n")
    assert said("--level", "8")[0] == 2

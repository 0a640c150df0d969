"""A whole Noughts whose people are kept by one provider or another, and how its tests reach into their mailboxes."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, get_args

import httpx
import pyotp
import pytest

from tests import servers
from tests.cognito.emulators import Emulator, Flow, must_fail
from tests.cognito.running import CREDENTIALS, RunningPool
from tests.post import Mail, filed

Provider = Literal["local", "moto", "cognito-local", "ministack"]
PROVIDERS: Final[tuple[Provider, ...]] = get_args(Provider)
PASSWORD: Final = "correct-horse-battery"
_PATIENCE_S: Final = 20.0


def kept_by(*flows: Flow, providers: tuple[Provider, ...] = PROVIDERS) -> pytest.MarkDecorator:
    """Run a test with every provider; it must fail where an emulator gets one of these flows wrong, as the table says."""
    params = [pytest.param(one, marks=[] if one == "local" else must_fail(one, *flows)) for one in providers]
    return pytest.mark.parametrize("platform", params, indirect=True)


class Served(servers.Process):
    """A server that may ask a pool."""

    def environ(self) -> dict[str, str]:
        """Return the environment it is started in."""
        return super().environ() | CREDENTIALS


class Platform:
    """A running server and, where a pool keeps its people, that pool."""

    def __init__(self, provider: Provider, process: servers.Process, pool: RunningPool | None) -> None:
        self.provider, self.process, self.pool = provider, process, pool
        self.client = process.client()
        self._used: dict[str, str] = {}

    @property
    def has_pool(self) -> bool:
        """Whether a pool keeps the passwords."""
        return self.pool is not None

    def register(self, **more: str) -> dict[str, Any]:
        """Return somebody new; their password is PASSWORD unless it is given."""
        name = "u" + secrets.token_hex(6)
        body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD} | more
        answer = self.client.post("/users", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def member(self, **more: str) -> dict[str, Any]:
        """Return somebody new whose address is confirmed."""
        user = self.register(**more)
        assert self.confirm(user, self.first_code(user)).status_code == 204
        return user

    def confirm(self, user: dict[str, Any], code: str) -> httpx.Response:
        """Show a code for the address somebody registered with."""
        return self.client.post("/email/verify", json={"email": user["email"], "code": code})

    def first_code(self, user: dict[str, Any]) -> str:
        """Return the code that proves a first address."""
        if self.pool is not None:
            self._used[user["id"]] = self.pool.code_for(user["id"])
            return self._used[user["id"]]
        return self.letter(user["email"], "Please confirm your email address").code

    def recovery_code(self, user: dict[str, Any]) -> str:
        """Return the code for a new password, once it was sent."""
        if self.pool is not None:
            self._until(lambda: _told(self.process, "recovery_answered", user["id"]))
            return self.pool.code_for(user["id"], before=self._used.get(user["id"]), recovery=True)
        return self.letter(user["email"], "Choose a new password").code

    def letter(self, to: str, subject: str = "") -> Mail:
        """Return the newest of our own letters to an address, once there is one."""
        return filed(self.process.data, to, subject=subject)[-1]

    def until_erased(self, user: dict[str, Any]) -> None:
        """Return once the worker has erased somebody who deleted their account."""
        self._until(lambda: _told(self.process, "user_erased", user["id"]))

    def next_code(self, phone: pyotp.TOTP) -> str:
        """Return a code that was not used: we take each once, and the next one early."""
        return phone.at(int(time.time()) + (0 if self.has_pool else phone.interval))

    def login(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Sign in."""
        return self.client.post("/login", json={"username": name, "password": password})

    def headers(self, name: str, password: str = PASSWORD) -> dict[str, str]:
        """Sign in, and return the headers that prove it."""
        answer = self.login(name, password)
        assert answer.status_code == 200, answer.text
        return bearer(answer.json())

    def _until(self, has_happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not has_happened():
            assert time.monotonic() < deadline, f"not within {_PATIENCE_S} s"
            time.sleep(0.05)


def bearer(grant: dict[str, Any]) -> dict[str, str]:
    """Return the headers that prove who signed in."""
    return {"Authorization": f"Bearer {grant['access_token']}"}


def _told(process: servers.Process, event: str, user_id: str) -> bool:
    """Return whether a server's log tells of something that happened to somebody."""
    return any(event in line and user_id in line for line in process.log.read_text().splitlines())


@contextmanager
def platform(provider: Provider, folder: Path, find: Callable[[Emulator], RunningPool]) -> Iterator[Platform]:
    """Run a whole Noughts without limits for the length of a block."""
    pool = None if provider == "local" else find(provider)
    settings = {} if pool is None else {name: value for name, value in pool.settings.items() if value}
    process = Served(folder / "data", rate_limits="off", **settings).start()
    try:
        found = Platform(provider, process, pool)
        yield found
        found.client.close()
    finally:
        process.stop()

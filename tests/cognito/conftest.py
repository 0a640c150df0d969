"""The emulators, each started once when the first test wants it; and the program's client of them."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from noughts.kit.cognito import Pool
from noughts.kit.logging import log
from tests.cognito.emulators import EMULATORS, Emulator, Flow, must_fail
from tests.cognito.platforms import Platform, Provider
from tests.cognito.platforms import platform as running_platform
from tests.cognito.running import CREDENTIALS, RunningPool, running


def through(flow: Flow) -> pytest.MarkDecorator:
    """Run a test of a flow against every emulator; it must fail where the table says that the emulator gets it wrong."""
    params = [pytest.param(one, marks=[pytest.mark.slow, *must_fail(one, flow)]) for one in EMULATORS]
    return pytest.mark.parametrize("cognito", params, indirect=True)


@pytest.fixture(scope="package")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Emulator], RunningPool]]:
    """Return what starts an emulator, or finds it running."""
    started: dict[Emulator, RunningPool] = {}
    with ExitStack() as stack:

        def find(which: Emulator) -> RunningPool:
            if which not in started:
                folder = tmp_path_factory.mktemp(which)
                # One of them with a secret, as it checks what goes with one.
                started[which] = stack.enter_context(running(which, folder, secret=which == "ministack"))
            return started[which]

        yield find


@pytest.fixture
def cognito(request: pytest.FixtureRequest, emulators: Callable[[Emulator], RunningPool]) -> RunningPool:
    """A running emulator with a pool."""
    return emulators(request.param)


class Told(NamedTuple):
    """A line of the log."""

    level: str
    event: str
    facts: dict[str, Any]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Told]:
    """What is told in the log during a test."""
    lines: list[Told] = []
    monkeypatch.setattr(log, "_tell", lambda *line: lines.append(Told(*line)))
    return lines


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What signed calls take from the environment."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
async def pool(cognito: RunningPool, credentials: None) -> AsyncIterator[Pool]:
    """The program's client of that pool."""
    found = Pool(cognito.chosen)
    yield found
    await found.close()


@pytest.fixture(scope="package")
def platforms(
    tmp_path_factory: pytest.TempPathFactory, emulators: Callable[[Emulator], RunningPool]
) -> Iterator[Callable[[Provider], Platform]]:
    """Return what starts a whole Noughts on a provider, or finds it running."""
    started: dict[Provider, Platform] = {}
    with ExitStack() as stack:

        def find(which: Provider) -> Platform:
            if which not in started:
                folder = tmp_path_factory.mktemp(f"on-{which}")
                started[which] = stack.enter_context(running_platform(which, folder, emulators))
            return started[which]

        yield find


@pytest.fixture
def platform(request: pytest.FixtureRequest, platforms: Callable[[Provider], Platform]) -> Platform:
    """A running Noughts, its people kept by a provider."""
    return platforms(request.param)

"""One server for all the attacks: what one of them breaks, the others notice."""

from collections.abc import Iterator

import pytest

from tests import servers
from tests.security.attacks import Person, guest, member


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Process]:
    """A server without rate limits."""
    with servers.serving(tmp_path_factory.mktemp("attacked") / "data", rate_limits="off") as process:
        yield process


@pytest.fixture(scope="session")
def alice(server: servers.Process) -> Person:
    """A member who has signed in; nobody changes her account."""
    with server.client() as client:
        return member(client)


@pytest.fixture(scope="session")
def mallory(server: servers.Process) -> Person:
    """Another member."""
    with server.client() as client:
        return member(client)


@pytest.fixture
def visitor(server: servers.Process) -> Person:
    """A new guest."""
    with server.client() as client:
        return guest(client)

"""One server for all the attacks: what one of them breaks, the others notice."""

from collections.abc import Iterator

import httpx
import pytest

from tests import servers
from tests.security.attacks import Person, guest, member


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Process]:
    """A server without rate limits."""
    with servers.serving(tmp_path_factory.mktemp("attacked") / "data", rate_limits="off") as process:
        yield process


@pytest.fixture(scope="session")
def client(server: servers.Process) -> Iterator[httpx.Client]:
    """An HTTP client of it."""
    with server.client() as found:
        yield found


@pytest.fixture(scope="session")
def alice(client: httpx.Client) -> Person:
    """A member who has signed in; nobody changes her account."""
    return member(client)


@pytest.fixture(scope="session")
def mallory(client: httpx.Client) -> Person:
    """Another member."""
    return member(client)


@pytest.fixture
def visitor(client: httpx.Client) -> Person:
    """A new guest."""
    return guest(client)

"""Where the journeys lead: to one process, and to separate services behind Envoy, on PostgreSQL: processes, and containers."""

from collections.abc import Iterator

import pytest

from tests import clusters, servers

REPLICATED = [pytest.param(one, marks=pytest.mark.slow) for one in ("cluster", "containers")]
where_there_are_replicas = pytest.mark.parametrize("server", REPLICATED, indirect=True)


@pytest.fixture(scope="session", params=["one process", *REPLICATED])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Process]:
    """A whole platform without limits, shared by all journeys."""
    folder = tmp_path_factory.mktemp("platform")
    if request.param == "one process":
        with servers.serving(folder / "data", rate_limits="off") as process:
            yield process
        return
    if request.param == "containers":
        yield request.getfixturevalue("composed")
        return
    with clusters.clustered(rate_limits="off") as cluster:
        yield cluster

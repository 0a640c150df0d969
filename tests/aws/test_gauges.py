"""What CloudWatch is told of a service, from its own numbers."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from tests import servers
from tests.aws.templates import ROOT


@pytest.fixture(scope="module")
def gauges() -> ModuleType:
    """The program that stands beside a service in its task."""
    spec = importlib.util.spec_from_file_location("gauges", ROOT / "infra/container/gauges.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_real_service_tells_how_full_its_hash_queue_is(gauges: ModuleType, tmp_path: Path) -> None:
    port = servers.free_port()
    with servers.serving(tmp_path / "data", admin_port=str(port)) as process, process.client() as client:
        assert client.post("/login", json={"username": "nobody", "password": "x"}).status_code == 401
        found = gauges.read(port)

    told = json.loads(gauges.line("auth", found, 1_700_000_000_000))
    (directive,) = told["_aws"]["CloudWatchMetrics"]
    assert told["hash_places"] > 0
    assert told["hash_queue"] == 100 * told["hash_places_taken"] / told["hash_places"]
    assert directive["Namespace"] == "Noughts"
    assert directive["Dimensions"] == [["service"]]
    assert {one["Name"] for one in directive["Metrics"]} == told.keys() - {"_aws", "service"}


def test_a_full_queue_is_a_hundred_per_cent(gauges: ModuleType) -> None:
    told = json.loads(gauges.line("auth", {"hash_places_taken": 66.0, "hash_places": 66.0}, 0))

    assert told["hash_queue"] == 100


def test_a_service_that_is_not_there_is_not_read(gauges: ModuleType) -> None:
    with pytest.raises(OSError, match="refused"):
        gauges.read(servers.free_port())


def test_what_is_no_page_of_numbers_has_none(gauges: ModuleType, tmp_path: Path) -> None:
    with servers.serving(tmp_path / "data") as process, process.client() as client:
        port = httpx.URL(client.base_url).port
        assert gauges.read(port) == {}

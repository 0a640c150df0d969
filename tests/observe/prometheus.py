"""A real Prometheus, started by the tests: Debian's, from the PATH or where `make machine` puts it."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests import servers

PUT = Path(sys.prefix) / "prometheus" / "usr" / "bin"
_PATIENCE_S = 30.0


def program(name: str) -> str:
    """Return where one of its programs is; skips the test where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path=str(PUT))
    if found is None:
        pytest.skip(f"{name} is not installed: make machine")
    return found


class Prometheus:
    """Asks."""

    def __init__(self, port: int) -> None:
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", trust_env=False, timeout=10)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer; fails with what is wrong."""
        answer = self._client.get(path, params=parameters).json()
        assert answer["status"] == "success", (parameters, answer)
        return answer["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series an expression has now."""
        found: list[dict[str, Any]] = self.ask("/query", query=expression)["result"]
        return found

    def until(self, expression: str) -> None:
        """Return once an expression has a series."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            try:
                if self.query(expression):
                    return
            except (httpx.TransportError, ValueError):  # it is starting
                pass
            time.sleep(0.1)
        raise AssertionError(f"{expression} has no series")


@contextmanager
def scraping(folder: Path, jobs: list[dict[str, Any]], rules: Path) -> Iterator[Prometheus]:
    """Run it for the length of a block, reading every second."""
    every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({"global": every, "rule_files": [str(rules)], "scrape_configs": jobs}))
    port = servers.free_port()
    command = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    asked = Prometheus(port)
    try:
        yield asked
    finally:
        asked.close()
        process.terminate()
        process.wait(20)

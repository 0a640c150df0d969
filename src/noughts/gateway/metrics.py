"""The page Prometheus reads, on a port of its own."""

from noughts.kit.edge import Answer, Reply, Request
from noughts.kit.metrics import Requests


class Metrics:
    """Answers everything with the metrics."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def __call__(self, request: Request) -> Reply:
        """Return what was counted so far."""
        page = self._requests.exposition()
        return Answer(page, media_type="text/plain; version=0.0.4; charset=utf-8").reply()

"""What only operators may see, on a port of its own: the page Prometheus reads."""

from typing import Final

from noughts.kit.edge import Answer, Reply, Request
from noughts.kit.metrics import Requests

_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Answers at `/metrics`, and at `/healthz` for whoever can reach no other port."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def __call__(self, request: Request) -> Reply:
        """Return what was counted so far, or that the process lives; never a problem."""
        if request.path == "/metrics":
            return Answer(self._requests.exposition(), media_type=_TEXT).reply()
        if request.path == "/healthz":
            return Answer({"status": "alive"}).reply()
        return Answer(b"Here are /metrics and /healthz.\n", 404, media_type=_TEXT).reply()

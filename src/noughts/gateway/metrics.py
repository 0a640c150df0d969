"""The page Prometheus reads, on a port of its own."""

from starlette.types import Receive, Scope, Send

from noughts.kit.metrics import Requests


class Metrics:
    """An application that answers everything with the metrics."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = self._requests.exposition()
        headers = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

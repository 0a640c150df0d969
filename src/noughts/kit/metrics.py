"""Counting, cheaply on the way, and written for Prometheus only when it asks."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Requests:
    """How many requests each route answered, with which status, in what time; plus gauges read when asked."""

    def __init__(self) -> None:
        self._answered: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._buckets: dict[str, list[int]] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note one answered request."""
        self._answered[(method, route, status)] += 1
        buckets = self._buckets.get(route)
        if buckets is None:
            buckets = self._buckets[route] = [0] * (len(_BUCKETS_S) + 1)
        buckets[bisect_left(_BUCKETS_S, seconds)] += 1
        self._seconds[route] += seconds

    def collect(self) -> "Iterator[Metric]":
        """Yield everything counted, as prometheus_client's registry wants it."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        answered = CounterMetricFamily("noughts_requests", "Requests answered.", labels=("method", "route", "status"))
        for (method, route, status), calls in self._answered.items():
            answered.add_metric((method, route, str(status)), calls)
        yield answered
        times = HistogramMetricFamily("noughts_request_seconds", "Time to answer.", labels=("route",))
        for route, buckets in self._buckets.items():
            times.add_metric((route,), _cumulated(buckets), self._seconds[route])
        yield times
        for name, (text, read) in self.gauges.items():
            yield GaugeMetricFamily(name, text, value=read())

    def exposition(self) -> bytes:
        """Return the page Prometheus reads."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)


def _cumulated(buckets: list[int]) -> list[tuple[str, float]]:
    total, found = 0, []
    for edge, calls in zip((*map(str, _BUCKETS_S), "+Inf"), buckets, strict=True):
        total += calls
        found.append((edge, float(total)))
    return found

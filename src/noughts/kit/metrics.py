"""Counting, cheaply on the way, and written for Prometheus only when it asks."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

Gauges = dict[str, tuple[str, Callable[[], float]]]
"""Metrics by name: what each means, and what reads it; one whose name ends in `_total` is a counter."""


class Requests:
    """How many requests each route answered, with which status, in what time, and why not; plus gauges read when asked.

    `build` says what runs in this process: the labels of `noughts_build_info`.
    """

    def __init__(self, **build: str) -> None:
        self._build = build
        self._answered: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._buckets: dict[str, list[int]] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._problems: defaultdict[str, int] = defaultdict(int)
        self.gauges: Gauges = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note one answered request."""
        self._answered[(method, route, status)] += 1
        buckets = self._buckets.get(route)
        if buckets is None:
            buckets = self._buckets[route] = [0] * (len(_BUCKETS_S) + 1)
        buckets[bisect_left(_BUCKETS_S, seconds)] += 1
        self._seconds[route] += seconds

    def refuse(self, problem: str) -> None:
        """Note one answer that was a problem, by its slug."""
        self._problems[problem] += 1

    def collect(self) -> "Iterator[Metric]":
        """Yield everything counted, as prometheus_client's registry wants it."""
        yield from self._of_requests()
        yield from self._read()

    def _of_requests(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        answered = CounterMetricFamily("noughts_requests", "Requests answered.", labels=("method", "route", "status"))
        for labels, calls in self._by_label().items():
            answered.add_metric(labels, calls)
        yield answered
        times = HistogramMetricFamily("noughts_request_seconds", "Time to answer.", labels=("route",))
        for route, buckets in self._buckets.items():
            times.add_metric((route,), _cumulated(buckets), self._seconds[route])
        yield times
        problems = CounterMetricFamily("noughts_problems", "Answers that were problems.", labels=("problem",))
        for problem, answers in self._problems.items():
            problems.add_metric((problem,), answers)
        yield problems

    def _read(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

        yield InfoMetricFamily("noughts_build", "What runs in this process.", value=self._build)
        for name, (text, read) in self.gauges.items():
            family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            yield family(name, text, value=read())

    def _by_label(self) -> dict[tuple[str, str, str], int]:
        """Return what was answered, the methods nobody uses as one: whoever calls may name some forty."""
        found: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        for (method, route, status), calls in self._answered.items():
            found[(method if method in _METHODS else "other", route, str(status))] += calls
        return found

    def exposition(self) -> bytes:
        """Return the page Prometheus reads."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)

    @cached_property
    def _registry(self) -> "CollectorRegistry":
        """What is counted here, and what the system says about the process: memory, CPU time, open files, its start."""
        from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        return registry


def _cumulated(buckets: list[int]) -> list[tuple[str, float]]:
    total, found = 0, []
    for edge, calls in zip((*map(str, _BUCKETS_S), "+Inf"), buckets, strict=True):
        total += calls
        found.append((edge, float(total)))
    return found

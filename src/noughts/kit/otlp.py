"""Where spans go: to a collector, by OTLP over HTTP. Imported only where one is named."""

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final, Literal

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from noughts.kit.logging import log
from noughts.kit.metrics import Gauges

_PATIENCE_S: Final = 2.0
_CLOSING_S: Final = 3.0
_KINDS: Final = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT, "internal": SpanKind.INTERNAL}


class Collector:
    """Another program that keeps traces. Spans are sent many at a time; what it does not take is lost, and counted.

    How many wait at most (2 048), how long (5 s) and which traces are kept (all) may be set by OpenTelemetry's own variables.
    """

    def __init__(self, address: str, *, version: str, name: str) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a failure is told below, once, in our words
        self._sink = _Sink(OTLPSpanExporter(f"{address.rstrip('/')}/v1/traces", timeout=_PATIENCE_S))
        self._provider = TracerProvider(resource=_resource(version, name), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._sink))
        self._tracer = self._provider.get_tracer("noughts", version)
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self,
        name: str,
        facts: Mapping[str, str | int],
        *,
        kind: Literal["server", "client", "internal"] = "internal",
        carried: Mapping[str, str] | None = None,
    ) -> Iterator[Span]:
        """Make a span of a block, below the one under way, or below what the headers `carried` name.

        What is raised in it is not noted: its words may be about people.
        """
        context = None if carried is None else self._propagator.extract(carried)
        with self._tracer.start_as_current_span(
            name, context, _KINDS[kind], dict(facts), record_exception=False, set_status_on_exception=False
        ) as span:
            yield span

    def carried(self) -> dict[str, str]:
        """Return the headers that name the span under way."""
        headers: dict[str, str] = {}
        self._propagator.inject(headers)
        return headers

    def gauges(self) -> Gauges:
        """Return what is worth watching."""
        return {
            "noughts_spans_sent_total": ("Spans the collector took.", lambda: self._sink.sent),
            "noughts_spans_lost_total": ("Spans the collector did not take.", lambda: self._sink.lost),
        }

    async def close(self) -> None:
        """Send what is left, for at most three seconds."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def send() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # the loop has ended without waiting any longer
                loop.call_soon_threadsafe(done.set)

        threading.Thread(target=send, daemon=True).start()
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), _CLOSING_S)


class _Sink(SpanExporter):
    """Counts what another exporter sends, and tells when it can no longer and when it can again. Called in one thread."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._loop = asyncio.get_running_loop()
        self._is_away = False
        self.sent = self.lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        outcome = self._exporter.export(spans)
        is_away = outcome is not SpanExportResult.SUCCESS
        if is_away:
            self.lost += len(spans)
        else:
            self.sent += len(spans)
        if is_away != self._is_away:
            self._is_away = is_away
            with suppress(RuntimeError):  # the loop has ended: nobody reads the log any more
                self._loop.call_soon_threadsafe(log.warning, "traces_lost" if is_away else "traces_sent_again")
        return outcome

    def shutdown(self) -> None:
        self._exporter.shutdown()


def _resource(version: str, name: str) -> Resource:
    """Return what every span says about this process."""
    instance = f"{socket.gethostname()}:{os.getpid()}"
    return Resource.create({"service.name": name, "service.version": version, "service.instance.id": instance})

"""Traces for OpenTelemetry: what one request set off, here and at neighbours.

Where no collector is named, nothing of OpenTelemetry is imported. A span is meant for a program of somebody else's: it holds
routes, statuses and tables, and no path, no address, no id of a person and no words of an exception.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Literal

from noughts.kit.errors import Refusal
from noughts.kit.metrics import Gauges

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from noughts.kit.otlp import Collector

Facts = Mapping[str, str | int]
"""What a span says, by the names OpenTelemetry's conventions give it."""
Kind = Literal["internal", "client"]
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"))


class Step:
    """A part of a trace; where nothing is traced, nothing."""

    def __init__(self, span: "Span | None" = None) -> None:
        self._span = span

    @property
    def trace_id(self) -> str:
        """The trace it belongs to, as 32 hex digits."""
        return "" if self._span is None else f"{self._span.get_span_context().trace_id:032x}"

    def note(self, facts: Facts) -> None:
        """Say more."""
        if self._span is not None:
            self._span.set_attributes(facts)

    def rename(self, name: str) -> None:
        """Call it what only became clear meanwhile."""
        if self._span is not None:
            self._span.update_name(name)

    def fail(self, reason: str) -> None:
        """Note that it came to nothing, and why, in one word."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", reason)
            self._span.set_status(StatusCode.ERROR)


class Tracing:
    """The traces of this process; without a collector there are none."""

    def __init__(self, collector: "Collector | None" = None) -> None:
        self._collector = collector
        self.is_on = collector is not None

    @classmethod
    def to(cls, address: str, *, version: str, name: str) -> "Tracing":
        """Return traces sent to an address, or none where it is empty; raises Refusal without the packages that takes.

        `name` is what the collector knows this process by. To be called on the event loop.
        """
        if not address:
            return cls()
        try:
            from noughts.kit.otlp import Collector
        except ImportError:
            raise Refusal("NOUGHTS_TRACES takes packages that are missing: pip install 'noughts[traces]'.") from None
        return cls(Collector(address, version=version, name=name))

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Step]:
        """Trace a request for the length of a block: in the trace its `traceparent` names, or in one of its own."""
        if self._collector is None:
            yield Step()
            return
        known = method if method in _METHODS else "_OTHER"
        before = _here.set(self._collector)
        try:
            with self._collector.span(known, {"http.request.method": known}, kind="server", carried=headers) as span:
                yield Step(span)
        finally:
            _here.reset(before)

    def gauges(self) -> Gauges:
        """Return what is worth watching."""
        return {} if self._collector is None else self._collector.gauges()

    async def close(self) -> None:
        """Send what is left, for at most three seconds."""
        if self._collector is not None:
            await self._collector.close()


_here: Final[ContextVar["Collector | None"]] = ContextVar("here", default=None)
"""Where the spans of the request being answered go, if it is traced."""
_NOTHING: Final = Step()


def carried() -> dict[str, str]:
    """Return the headers that make what a neighbour does a part of this trace; none where nothing is traced."""
    collector = _here.get()
    return {} if collector is None else collector.carried()


def step(name: str, facts: Facts | None = None, *, kind: Kind = "internal") -> AbstractContextManager[Step]:
    """Trace what happens in a block as a part of the request being answered, if that is traced."""
    collector = _here.get()
    return nullcontext(_NOTHING) if collector is None else _step(collector, name, facts or {}, kind)


@contextmanager
def _step(collector: "Collector", name: str, facts: Facts, kind: Kind) -> Iterator[Step]:
    with collector.span(name, facts, kind=kind) as span:
        yield Step(span)


@contextmanager
def asking(method: str, neighbour: str) -> Iterator[Step]:
    """Trace a call of a neighbour, if the request being answered is traced; what is raised in the block fails it.

    Inside the block, `carried` returns what to send along; `answered` notes what came back.
    """
    facts = {"http.request.method": method, "peer.service": neighbour}
    with step(f"{method} {neighbour}", facts, kind="client") as asked:
        try:
            yield asked
        except Exception as error:
            asked.fail(type(error).__name__)
            raise


def answered(asked: Step, status: int) -> None:
    """Note a neighbour's answer: whoever asks takes 400 and above for a failure, as the conventions have it."""
    asked.note({"http.response.status_code": status})
    if status >= 400:
        asked.fail(str(status))

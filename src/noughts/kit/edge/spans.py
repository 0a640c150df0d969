"""A door whose answers are traced."""

from typing import Final

from noughts.kit.edge.answers import Answer, Door
from noughts.kit.edge.requests import Request
from noughts.kit.errors import InternalError, Problem
from noughts.kit.logging import about
from noughts.kit.tracing import Step, Tracing

_PROBES: Final = ("/healthz", "/readyz")
_CARRIED: Final = ("traceparent", "tracestate")


def traced_door(door: Door, tracing: Tracing) -> Door:
    """Return a door that makes a span of each request, or the door itself where nothing is traced.

    To stand inside the threshold: the id of the trace then is in every line of the log. Who only looks whether the process
    lives is not traced.
    """

    async def answer(request: Request) -> Answer:
        if request.path in _PROBES:
            return await door(request)
        with tracing.request(request.method, _headers(request)) as step:
            about.set({**about.get(), "trace": step.trace_id})
            try:
                given = await door(request)
            except Exception as error:
                problem = error if isinstance(error, Problem) else InternalError()
                _note(step, request, problem.status, problem.slug())
                raise
            _note(step, request, given.status)
        return given

    return answer if tracing.is_on else door


def _headers(request: Request) -> dict[str, str]:
    return {name: request.headers.get(name.encode(), b"").decode("latin-1") for name in _CARRIED}


def _note(step: Step, request: Request, status: int, problem: str | None = None) -> None:
    """Name the span by its route, and say how it went."""
    facts: dict[str, str | int] = {"http.response.status_code": status, "noughts.request": request.id}
    if request.route.startswith("/"):  # else it is no path of the table
        facts["http.route"] = request.route
        step.rename(f"{request.method} {request.route}")
    if problem is not None:
        facts["noughts.problem"] = problem
    step.note(facts)
    if status >= 500:
        step.fail(problem or str(status))

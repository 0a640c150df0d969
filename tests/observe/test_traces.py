"""What a collector of traces is told, by real servers over the real protocol."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests import servers
from tests.observe.collector import Collector, Received, collecting
from tests.observe.conftest import ADA
from tests.observe.exposition import scrape

from noughts import VERSION, compose
from noughts.kit import tracing
from noughts.kit.errors import Refusal, Unavailable
from noughts.kit.tracing import Tracing

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """A collector."""
    with collecting() as found:
        yield found


@pytest.fixture(scope="module")
def traced(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Process]:
    """A server whose traces the collector gets; ada has signed up."""
    data = tmp_path_factory.mktemp("traced") / "data"
    with servers.serving(data, traces=collector.url, rate_limits="off") as process:
        with process.client() as client:
            assert client.post("/users", json=ADA).status_code == 201
        yield process


def ask(server: servers.Process, method: str, path: str, **keywords: object) -> httpx.Response:
    """Send one request."""
    with server.client() as client:
        return client.request(method, path, **keywords)  # type: ignore[arg-type]


def of(collector: Collector, answer: httpx.Response) -> Received:
    """Return the span of a request."""
    return collector.until(lambda span: span.facts.get("noughts.request") == answer.headers["x-request-id"])


def test_a_request_is_a_span_named_by_its_route(traced: servers.Process, collector: Collector) -> None:
    answer = ask(traced, "GET", "/users/0198f000-0000-7000-8000-000000000000?fields=a")
    span = of(collector, answer)
    assert (span.name, span.kind, span.parent, span.failed) == ("GET /users/{user_id}", "server", "", False)
    assert span.facts == {
        "http.request.method": "GET",
        "http.route": "/users/{user_id}",
        "http.response.status_code": 401,
        "noughts.problem": "unauthenticated",
        "noughts.request": answer.headers["x-request-id"],
    }


def test_a_span_says_which_process_made_it(traced: servers.Process, collector: Collector) -> None:
    resource = of(collector, ask(traced, "GET", "/docs")).resource
    assert resource["service.name"] == "noughts-users-auth-games-gateway"
    assert resource["service.version"] == VERSION
    assert resource["service.instance.id"].endswith(f":{traced.pid}")


def test_a_trace_that_began_elsewhere_goes_on(traced: servers.Process, collector: Collector) -> None:
    span = of(collector, ask(traced, "GET", "/docs", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"}))
    assert (span.trace, span.parent) == (TRACE, PARENT)


@pytest.mark.parametrize(
    "header", ["", "00-0-0-01", f"ff-{TRACE}-{PARENT}-01", f"00-{'0' * 32}-{PARENT}-01", "x" * 900, "\xe9" * 55]
)
def test_what_names_no_trace_begins_one(traced: servers.Process, collector: Collector, header: str) -> None:
    answer = ask(traced, "GET", "/docs", headers={"traceparent": header.encode("latin-1")})  # type: ignore[dict-item]
    assert answer.is_success
    span = of(collector, answer)
    assert span.parent == ""
    assert span.trace not in ("", TRACE, "0" * 32)


def test_a_trace_whose_beginning_is_not_kept_is_not_kept_here(traced: servers.Process, collector: Collector) -> None:
    left_out = ask(traced, "GET", "/docs", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
    of(collector, ask(traced, "GET", "/docs"))
    assert left_out.headers["x-request-id"] not in {span.facts.get("noughts.request") for span in collector.received}


def test_a_sign_in_shows_its_statements_and_its_hash(traced: servers.Process, collector: Collector) -> None:
    wanted = {"username": "ada", "password": ADA["password"]}
    span = of(collector, ask(traced, "POST", "/login", json=wanted))
    below = {step.name: step for step in collector.below(span)}
    assert below["argon2"].seconds > 0.001
    written = next(step for name, step in below.items() if name.startswith("INSERT"))
    assert (written.kind, written.facts["db.system.name"]) == ("client", "sqlite")
    assert written.facts["db.query.summary"] == written.name
    assert "sessions" in written.name
    assert all(step.trace == span.trace for step in below.values())


def test_the_log_names_the_trace(traced: servers.Process, collector: Collector) -> None:
    answer = ask(traced, "GET", "/docs")
    trace = of(collector, answer).trace
    lines = [json.loads(line) for line in traced.log.read_text().splitlines() if line.startswith("{")]
    told = next(line for line in lines if line.get("request") == answer.headers["x-request-id"])
    assert (told["event"], told["trace"]) == ("request_answered", trace)


def test_nobody_is_in_a_trace(traced: servers.Process, collector: Collector) -> None:
    ask(traced, "GET", "/users/ada-the-secret?email=ada@example.com")
    ask(traced, "GET", "/@ada")
    answer = ask(traced, "POST", "/login", json={"username": "ada@example.com", "password": "wrong, it is"})
    span = of(collector, answer)
    assert (span.facts["http.response.status_code"], span.failed) == (401, False)
    everything = repr([(span.name, span.facts | {"noughts.request": ""}) for span in collector.received])
    for word in ("ada", "example.com", "wrong, it is", "127.0.0.1", "?"):
        assert word not in everything
    assert not any(span.events for span in collector.received)


def test_who_only_looks_whether_it_lives_is_not_traced(traced: servers.Process, collector: Collector) -> None:
    assert ask(traced, "GET", "/healthz").is_success
    assert ask(traced, "GET", "/readyz").is_success
    of(collector, ask(traced, "GET", "/docs"))
    assert not {"GET /healthz", "GET /readyz", "SELECT alembic_version"} & {span.name for span in collector.received}


def test_what_is_left_is_sent_when_the_server_stops(tmp_path: Path) -> None:
    with collecting() as collector:
        process = servers.Process(tmp_path / "data", traces=f"{collector.url}/").start()
        answer = ask(process, "GET", "/docs")
        assert process.stop() == 0
        assert [span.name for span in collector.received if span.kind == "server"] == ["GET /docs"]
        assert collector.received[0].facts["noughts.request"] == answer.headers["x-request-id"]


@pytest.mark.slow
def test_a_collector_that_is_away_costs_spans_and_nothing_else(tmp_path: Path) -> None:
    admin = servers.free_port()
    traces = f"http://127.0.0.1:{servers.free_port()}"
    process = servers.Process(tmp_path / "data", traces=traces, admin_port=str(admin), rate_limits="off").start()
    try:
        with process.client() as client:
            began = time.monotonic()
            assert all(client.get("/openapi.json").is_success for _ in range(100))
            assert time.monotonic() - began < 5
        while scrape(admin).value("noughts_spans_lost_total") == 0:
            time.sleep(0.05)
        assert scrape(admin).value("noughts_spans_sent_total") == 0
    finally:
        began = time.monotonic()
        assert process.stop() == 0
    assert time.monotonic() - began < 10
    told = process.log.read_text()
    assert told.count('"event":"traces_lost"') == 1
    assert "Traceback" not in told


def test_without_traces_nothing_of_opentelemetry_is_imported(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from noughts import compose
from noughts.cli.installation import migrate_apart
from noughts.kit.edge import Request

async def main():
    chosen = compose.read_settings({"NOUGHTS_DATA": sys.argv[1], "NOUGHTS_ADMIN_PORT": "1"})
    async with compose.opened(chosen, migrate_apart) as house:
        entrance = (await house.ready()).entrance()
        reply = await entrance(Request.whole("GET", "/openapi.json", headers={b"traceparent": b"00-" + b"1" * 32 + b"-" + b"1" * 16 + b"-01"}))
        assert reply.status == 200, reply
        house.requests.exposition()

asyncio.run(main())
print([name for name in sys.modules if name.startswith(("opentelemetry", "noughts.kit.otlp", "google"))])
"""
    command = [sys.executable, "-c", program, str(tmp_path / "data")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_without_its_packages_traces_are_refused_with_what_to_do(tmp_path: Path) -> None:
    program = """
import sys
sys.modules["opentelemetry.sdk"] = None
from noughts.cli import main
sys.argv = ["noughts", "serve", "--port", "0", "--data", sys.argv[1]]
main()
"""
    command = [sys.executable, "-c", program, str(tmp_path / "data")]
    environ = {"NOUGHTS_TRACES": "http://127.0.0.1:4318", "PYTHONPATH": ":".join(sys.path)}
    refused = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].endswith("pip install 'noughts[traces]'.")
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("address", ["collector:4318", "grpc://collector:4317", "localhost"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Refusal, match="NOUGHTS_TRACES"):
        compose.read_settings({"NOUGHTS_TRACES": address})


async def test_a_neighbour_is_told_which_trace_its_work_belongs_to() -> None:
    with collecting() as collector:
        traces = Tracing.to(collector.url, version="1", name="noughts-games")
        from_above = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "of=others"}
        with traces.request("POST", from_above), tracing.asking("GET", "users") as asked:
            headers = tracing.carried()
            tracing.answered(asked, 200)
        await traces.close()
        client = collector.named("GET users")
        assert headers == {"traceparent": f"00-{TRACE}-{client.id}-01", "tracestate": "of=others"}
        assert (client.kind, client.parent) == ("client", collector.named("POST").id)
        facts = {"http.request.method": "GET", "peer.service": "users", "http.response.status_code": 200}
        assert (client.facts, client.failed) == (facts, False)


async def test_a_neighbour_that_does_not_answer_is_a_failure_by_its_name_alone() -> None:
    with collecting() as collector:
        traces = Tracing.to(collector.url, version="1", name="noughts-games")
        with pytest.raises(Unavailable), traces.request("GET", {}), tracing.asking("GET", "users"):
            raise Unavailable("grace is away")
        with traces.request("GET", {}), tracing.asking("PUT", "users") as asked:
            tracing.answered(asked, 503)
        await traces.close()
        assert (collector.named("GET users").failed, collector.named("GET users").facts["error.type"]) == (
            True,
            "Unavailable",
        )
        assert (collector.named("PUT users").failed, collector.named("PUT users").facts["error.type"]) == (True, "503")
        assert "grace" not in repr(collector.received)


async def test_requests_under_way_together_keep_their_traces_apart() -> None:
    async def one(traces: Tracing, number: int) -> tuple[str, str]:
        with traces.request("GET", {"traceparent": f"00-{number:032x}-{PARENT}-01"}) as step:
            await asyncio.sleep(0.001 * (number % 3))
            return step.trace_id, tracing.carried()["traceparent"].split("-")[1]

    with collecting() as collector:
        traces = Tracing.to(collector.url, version="1", name="noughts")
        found = await asyncio.gather(*(one(traces, number) for number in range(1, 30)))
        await traces.close()
    assert found == [(f"{number:032x}",) * 2 for number in range(1, 30)]


def test_where_nothing_is_traced_there_is_nothing_to_hand_on() -> None:
    with Tracing().request("GET", {"traceparent": f"00-{TRACE}-{PARENT}-01"}) as step:
        with tracing.asking("GET", "users") as asked:
            tracing.answered(asked, 500)
            assert tracing.carried() == {}
        assert step.trace_id == ""

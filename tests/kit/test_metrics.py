"""Counting, and what Prometheus is told of it."""

import pytest
from tests.observe.exposition import Exposition

from noughts.kit.metrics import Requests


def told(requests: Requests) -> Exposition:
    """Return what Prometheus reads."""
    return Exposition(requests.exposition().decode())


def test_requests_are_counted_by_method_route_and_status() -> None:
    requests = Requests()
    requests.count("GET", "/users/{user_id}", 200, 0.002)
    requests.count("GET", "/users/{user_id}", 404, 0.002)
    requests.count("GET", "/users/{user_id}", 200, 0.004)
    page = told(requests)
    assert page.value("noughts_requests_total", method="GET", route="/users/{user_id}", status="200") == 2
    assert page.value("noughts_requests_total", method="GET", route="/users/{user_id}", status="404") == 1


def test_times_are_a_histogram_that_adds_up() -> None:
    requests = Requests()
    for seconds in (0.0005, 0.03, 7.0):
        requests.count("GET", "/docs", 200, seconds)
    page = told(requests)
    assert page.value("noughts_request_seconds_bucket", le="0.001") == 1
    assert page.value("noughts_request_seconds_bucket", le="0.05") == 2
    assert page.value("noughts_request_seconds_bucket", le="+Inf") == page.value("noughts_request_seconds_count") == 3
    assert page.value("noughts_request_seconds_sum") == pytest.approx(7.0305)


def test_problems_are_counted_by_their_slug() -> None:
    requests = Requests()
    requests.refuse("too-many-requests")
    requests.refuse("too-many-requests")
    assert told(requests).value("noughts_problems_total", problem="too-many-requests") == 2


def test_what_is_read_when_asked_is_a_counter_by_its_name_and_else_a_gauge() -> None:
    requests = Requests()
    numbers = [1]
    requests.gauges |= {"noughts_things": ("Things.", numbers.__len__), "noughts_done_total": ("Done.", lambda: 7)}
    numbers.append(2)
    page = told(requests)
    assert (page.families["noughts_things"].type, page.value("noughts_things")) == ("gauge", 2)
    assert (page.families["noughts_done"].type, page.value("noughts_done_total")) == ("counter", 7)


def test_the_page_says_what_runs() -> None:
    page = told(Requests(version="1.2.3", services="users auth"))
    assert page.value("noughts_build_info", version="1.2.3", services="users auth") == 1


def test_the_page_tells_of_the_process_itself() -> None:
    page = told(Requests())
    assert page.value("process_resident_memory_bytes") > 1e6
    assert page.value("process_open_fds") > 2
    assert page.value("process_start_time_seconds") > 1.7e9
    assert {"process_cpu_seconds_total", "python_info"} <= page.names

"""What services that run apart tell together: one trace, and each route by its own name."""

import httpx
import pytest
from tests.observe.conftest import Apart

pytestmark = pytest.mark.slow
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def game(apart: Apart) -> str:
    """Somebody's game, begun in a trace; its id."""
    with httpx.Client(base_url=apart.url, trust_env=False, timeout=10) as client:
        me = {"authorization": f"Bearer {client.post('/guests', json={}).json()['access_token']}"}
        traced = me | {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        game = client.post("/games", json={"opponent": {"kind": "computer", "level": 1}}, headers=traced)
        assert game.status_code == 201, game.text
        return str(game.json()["id"])


def test_one_trace_leads_through_the_gateway_the_service_and_the_neighbour_it_asks(apart: Apart, game: str) -> None:
    collector = apart.collector
    entered = collector.until(lambda span: (span.trace, span.parent) == (TRACE, PARENT))
    assert (entered.name, entered.resource["service.name"]) == ("POST /games", "noughts-gateway")
    passed_on = collector.until(lambda span: span.parent == entered.id)
    assert (passed_on.name, passed_on.kind, passed_on.facts["http.response.status_code"]) == (
        "POST games",
        "client",
        201,
    )
    played = collector.until(lambda span: span.parent == passed_on.id)
    assert (played.name, played.kind, played.resource["service.name"]) == ("POST /games", "server", "noughts-games")
    asking = collector.until(lambda span: span.parent == played.id and span.name == "POST users")
    told = collector.until(lambda span: span.parent == asking.id)
    assert (told.name, told.resource["service.name"]) == ("POST /internal/users/cards", "noughts-users-auth")
    read = collector.until(lambda span: span.parent == told.id)
    assert read.facts == {"db.system.name": "postgresql", "db.query.summary": "SELECT users"}


def test_a_request_has_one_id_in_all_of_a_trace(apart: Apart, game: str) -> None:
    served = [span for span in apart.collector.received if span.trace == TRACE and span.kind == "server"]
    assert len({span.facts["noughts.request"] for span in served}) == 1


def test_the_gateway_counts_by_the_routes_of_those_it_asks(apart: Apart, game: str) -> None:
    with httpx.Client(base_url=apart.url, trust_env=False) as client:
        client.get(f"/games/{game}")
        client.get("/games/nothing/of/that")
    routes = apart.page("gateway").labels("noughts_requests_total", "route")
    assert {"/games", "/games/{game_id}", "/guests", "other"} <= routes
    assert not any(game in route or "nothing" in route for route in routes)


def test_each_process_tells_of_what_it_has(apart: Apart) -> None:
    users, gateway = apart.page("users auth"), apart.page("gateway")
    assert users.labels("noughts_build_info", "services") == {"users auth"}
    assert gateway.labels("noughts_build_info", "services") == {"gateway"}
    assert users.value("noughts_database_connections_most") >= users.value("noughts_database_connections") > 0
    assert not {"noughts_database_connections", "noughts_hashes_running", "noughts_mails_waiting"} & gateway.names
    assert {"noughts_hashes_running", "noughts_mails_waiting"} <= users.names

"""The dashboard, the alerts and Prometheus' configuration: what they ask for is there to be had."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests.gateways import Gateway
from tests.observe import prometheus
from tests.observe.conftest import Apart, Watched

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra" / "observe"
BOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
QUERIES = {f"{panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]}
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
CONFIG: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
JOBS = {"users", "auth", "games", "gateway", "envoy"}
WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "offset", "bool"}


def asked_for(expression: str) -> set[str]:
    """Return the names of the metrics in an expression of PromQL."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]', " ", re.sub(r'"[^"]*"', '""', expression))
    bare = re.sub(r"\b(?:by|without|on|ignoring)\s*\([^)]*\)", " ", bare)
    return set(re.findall(r"\b[a-zA-Z_:][\w:]*\b(?!\s*\()", bare)) - WORDS


def test_names_are_found_in_expressions() -> None:
    expression = 'topk(3, sum by (job, le) (rate(a_bucket{x="}", y=~"z.*"}[5m]))) / b_total > 0.9 and up == 1'
    assert asked_for(expression) == {"a_bucket", "b_total", "up"}


@pytest.fixture(scope="module")
def told(watched: Watched, apart: Apart, entrance: Gateway) -> set[str]:
    """Every name that real servers tell: everything on SQLite, services on PostgreSQL, Envoy."""
    _use(watched, entrance)
    pages = [watched.page(), *map(apart.page, apart.admin_ports)]
    at_envoy = httpx.get(f"http://{entrance.plan.metrics}/stats/prometheus", trust_env=False).text
    return {"up", *re.findall(r"^\w+", at_envoy, re.MULTILINE)}.union(*(page.names for page in pages))


@pytest.mark.slow
@pytest.mark.parametrize("query", QUERIES)
def test_what_the_dashboard_asks_for_is_told(told: set[str], query: str) -> None:
    assert asked_for(QUERIES[query]) - told == set()


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_what_an_alert_looks_at_is_told(told: set[str], rule: dict[str, Any]) -> None:
    assert asked_for(rule["expr"]) - told == set()


def test_the_dashboard_is_one_grafana_takes() -> None:
    assert BOARD["schemaVersion"] >= 38  # Grafana 10
    assert BOARD["templating"]["list"][0] == {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "current": {},
    }
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in PANELS:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["description"].endswith(".")
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_no_two_panels_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}
        assert rule["annotations"]["description"].endswith(".")


def test_every_alert_is_in_the_manual() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    assert [rule["alert"] for rule in RULES if f"`{rule['alert']}`" not in manual] == []


@pytest.mark.slow
def test_every_metric_of_ours_is_in_the_manual(told: set[str]) -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    ours = {re.sub(r"_(?:bucket|sum|count)$", "", name) for name in told if name.startswith("noughts_")}
    assert {name for name in ours if f"`{name}`" not in manual} == set()


def test_prometheus_reads_every_service_of_the_composed_containers() -> None:
    assert {job["job_name"] for job in CONFIG["scrape_configs"]} == JOBS
    services = yaml.safe_load((ROOT / "infra" / "compose.yaml").read_text())["services"]
    names = {name for name in services if name.partition("-")[0] in JOBS}
    assert {services[name]["environment"]["NOUGHTS_ADMIN_PORT"] for name in names - {"envoy"}} == {"9100"}
    assert "--metrics=0.0.0.0:9902" in services["envoy"]["command"]
    read = {
        target for job in CONFIG["scrape_configs"] for targets in job["static_configs"] for target in targets["targets"]
    }
    assert read == {f"{name}:{9902 if name == 'envoy' else 9100}" for name in names}


def test_prometheus_takes_the_configuration_and_the_alerts() -> None:
    checked = subprocess.run(
        [prometheus.program("promtool"), "check", "config", str(FOLDER / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"SUCCESS: {len(RULES)} rules found" in checked.stdout


def test_each_alert_comes_when_it_should_and_not_before() -> None:
    tests = Path(__file__).with_name("alerts_test.yml")
    assert {rule["alert"] for rule in RULES} <= set(re.findall(r"alertname: (\w+)", tests.read_text()))
    ran = subprocess.run(
        [prometheus.program("promtool"), "test", "rules", str(tests)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def scraped(
    watched: Watched, apart: Apart, entrance: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[prometheus.Prometheus]:
    """A real Prometheus that has read all of them for some seconds, while there was something to do."""
    targets = {
        "users": apart.admin_ports["users auth"],
        "games": apart.admin_ports["games"],
        "gateway": apart.admin_ports["gateway"],
        "auth": watched.admin_port,  # that one has limits, and is on SQLite
    }
    jobs: list[dict[str, Any]] = [
        {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for name, port in targets.items()
    ]
    at_envoy = [{"targets": [entrance.plan.metrics]}]
    jobs.append({"job_name": "envoy", "metrics_path": "/stats/prometheus", "static_configs": at_envoy})
    folder = tmp_path_factory.mktemp("prometheus")
    with prometheus.scraping(folder, jobs, FOLDER / "alerts.yml") as found:
        for job in (*targets, "envoy"):
            found.until(f'count_over_time(up{{job="{job}"}}[1m]) >= 2 and up{{job="{job}"}} == 1')
        _use(watched, entrance)
        for job in (*targets, "envoy"):
            found.until(f'count_over_time(up{{job="{job}"}}[1m]) >= 6')
        yield found


def _use(watched: Watched, entrance: Gateway) -> None:
    with watched.client() as client, entrance.client() as through:
        for _ in range(40):
            client.post("/login", json={"username": "ada", "password": "no, it is not"})
        for _ in range(5):
            me = {"authorization": f"Bearer {through.post('/guests', json={}).json()['access_token']}"}
            assert through.get("/users/me", headers=me).is_success
            assert through.get("/nowhere").status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("query", QUERIES)
def test_every_panel_shows_something_of_real_servers(scraped: prometheus.Prometheus, query: str) -> None:
    expression = QUERIES[query].replace("$service", ".*").replace("$instance", ".*").replace("$__rate_interval", "1m")
    assert scraped.query(expression), expression


@pytest.mark.slow
def test_a_real_prometheus_evaluates_every_alert_and_none_comes(scraped: prometheus.Prometheus) -> None:
    scraped.until("up")
    rules = [rule for group in scraped.ask("/rules")["groups"] for rule in group["rules"]]
    assert {rule["name"]: (rule["health"], rule.get("lastError")) for rule in rules} == {
        rule["alert"]: ("ok", None) for rule in RULES
    }
    assert [rule["name"] for rule in rules if rule["state"] == "firing"] == []

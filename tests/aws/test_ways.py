"""Which way requests go: CloudFront, the HTTP API or the balancer's other listener, the balancer's rules, a real container."""

import time
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from tests.aws.cloud import ORIGIN, SERVICES, Cloud
from tests.aws.templates import NEEDED

pytestmark = NEEDED
ANSWERS = {
    "/users/nobody": "users",
    "/users/me/sessions": "auth",
    "/.well-known/openid-configuration": "auth",
    "/games": "games",
    "/openapi.json": "gateway",
    "/": "gateway",
}
TASK = "com.amazonaws.ecs.task-arn"
WRITTEN_S = 15.0
REPLACED_S = 30.0


def who_answered(cloud: Cloud, answer: httpx.Response) -> str | None:
    """Return which service has this answer's request in its log."""
    mark = f'"request":"{answer.headers["x-request-id"]}"'
    deadline = time.monotonic() + WRITTEN_S
    while time.monotonic() < deadline:
        for service in SERVICES:
            if mark in cloud.said(f"/noughts/{service}"):
                return service
        time.sleep(0.1)
    return None


def guest(client: httpx.Client) -> dict[str, str]:
    """Return the headers of a new guest."""
    answer = client.post("/guests", json={})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.mark.parametrize(("path", "service"), ANSWERS.items())
def test_the_balancer_leads_each_path_to_the_service_it_is_of(cloud: Cloud, path: str, service: str) -> None:
    with cloud.balancer("calls") as client:
        answer = client.get(path, headers={ORIGIN: cloud.secret("Origin")})
    assert who_answered(cloud, answer) == service


def test_who_has_not_come_through_cloudfront_is_turned_away(cloud: Cloud) -> None:
    with cloud.balancer("calls") as client:
        assert {client.get(path).status_code for path in ANSWERS} == {403}
        assert client.get("/", headers={ORIGIN: "guessed"}).status_code == 403


def test_what_services_ask_each_other_is_nothing_to_anybody_else(cloud: Cloud) -> None:
    shown = {ORIGIN: cloud.secret("Origin")}
    with cloud.balancer("calls") as calls, cloud.people() as people, cloud.balancer("inside") as inside:
        assert calls.get("/internal/auth/keys", headers=shown).status_code == 404
        assert people.get("/internal/auth/keys").status_code == 404
        # Between the services it is there, for those who have a service's token.
        assert inside.get("/internal/auth/keys").status_code == 401
        assert inside.get("/users/me").status_code == 404


def test_calls_come_through_the_api_and_what_it_reads_itself_does_not(cloud: Cloud) -> None:
    with cloud.people() as client:
        call, keys = client.get("/"), client.get("/.well-known/openid-configuration")
    assert (call.status_code, "apigw-requestid" in call.headers) == (200, True)
    assert (keys.status_code, "apigw-requestid" in keys.headers) == (200, False)
    assert keys.json()["issuer"] == cloud.place.front
    assert "<title>" in call.text


def test_the_api_refuses_a_bad_token_itself_and_passes_a_good_one(cloud: Cloud) -> None:
    with cloud.people() as client:
        good = guest(client)
        forged = {"Authorization": good["Authorization"][:-8] + "AAAAAAAA"}
        refused = [client.get("/users/me", headers=headers) for headers in ({}, forged)]
        passed = client.get("/users/me", headers=good)
    assert [(one.status_code, one.json()) for one in refused] == [(401, {"message": "Unauthorized"})] * 2
    assert (passed.status_code, passed.json()["kind"]) == (200, "guest")


def test_a_killed_container_is_replaced_and_the_service_goes_on(
    cloud: Cloud, record_property: Callable[[str, object], None]
) -> None:
    before = {task["taskArn"] for task in cloud.tasks("games")}
    (killed, *_) = [one for one in cloud.emulator.containers() if one["Labels"].get(TASK) in before]
    with cloud.people() as client:
        me = guest(client)
        cloud.emulator.podman("kill", "--signal=KILL", killed["Id"])
        begun, statuses = time.monotonic(), []
        while not is_whole_again(cloud, killed["Labels"][TASK]):
            statuses.append(client.get("/games", headers=me).status_code)
            assert time.monotonic() - begun < REPLACED_S, cloud.emulator.logs()
        record_property("whole again after, s", round(time.monotonic() - begun, 1))
        record_property("answers meanwhile", dict(Counter(statuses)))
        assert 200 in statuses
        assert {client.get("/games", headers=me).status_code for _ in range(20)} == {200}


def is_whole_again(cloud: Cloud, killed: str) -> bool:
    """Return whether two tasks are ready, and the killed one is none of them."""
    tasks = cloud.tasks("games")
    return len(tasks) == 2 and killed not in {task["taskArn"] for task in tasks} and all(map(cloud.is_ready, tasks))

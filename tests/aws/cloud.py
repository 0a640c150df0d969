"""The whole deployment on the emulator: stacks in order, wires where names lead on AWS, the migration before the services."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from tests.aws import stacks
from tests.aws.emulator import ACCOUNT, Emulator, free_port
from tests.aws.transform import Place, changed
from tests.aws.wires import Detour, Wire, wired

SERVICES: Final = ("users", "auth", "games", "gateway")
DOMAIN: Final = "noughts.example.com"
ORIGIN: Final = "X-Noughts-Origin"
VIEWER: Final = "203.0.113.7"
CALLS, STREAMS, INSIDE = 8000, 8001, 8002
_CLAIMED: Final = "/login"
"""The emulator takes it for its pool's own page, whatever name it is asked by: it is led there by other ways."""
MIGRATED_S: Final = 90.0
RUNNING_S: Final = 120.0


class Cloud:
    """What was deployed, and how it is reached from here."""

    def __init__(self, emulator: Emulator, place: Place, described: list[stacks.Stack]) -> None:
        self.emulator, self.place = emulator, place
        self.described = {one.id: one for one in described}
        self.outputs: dict[str, dict[str, str]] = {}

    def people(self) -> httpx.Client:
        """Return an HTTP client that comes in as people do."""
        return _client(self.place.front)

    def balancer(self, listener: str) -> httpx.Client:
        """Return an HTTP client of one of the balancer's listeners, `calls` or `inside`."""
        return _client(getattr(self.place, listener))

    def tasks(self, service: str) -> list[dict[str, Any]]:
        """Return the tasks of a service that are wanted."""
        ecs, cluster = self.emulator.client("ecs"), self.outputs["Cluster"]["ClusterName"]
        arns = ecs.list_tasks(cluster=cluster, serviceName=service)["taskArns"]
        return list(ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]) if arns else []

    def address(self, task: dict[str, Any]) -> str:
        """Return the address of a task's container, empty as long as it has none."""
        details = [one for attached in task.get("attachments", ()) for one in attached["details"]]
        return next((one["value"] for one in details if one["name"] == "privateIPv4Address"), "")

    def is_ready(self, task: dict[str, Any]) -> bool:
        """Return whether a task says itself that it takes requests."""
        try:
            return (
                task["lastStatus"] == "RUNNING"
                and httpx.get(f"http://{self.address(task)}:8000/readyz", timeout=2, trust_env=False).is_success
            )
        except httpx.TransportError:
            return False

    def secret(self, name: str, stack: str = "Data") -> str:
        """Return a secret of the deployment."""
        made = self.emulator.client("cloudformation").describe_stack_resources(StackName=self.described[stack].name)
        (found,) = [
            one["PhysicalResourceId"]
            for one in made["StackResources"]
            if one["ResourceType"] == "AWS::SecretsManager::Secret" and one["LogicalResourceId"].startswith(name)
        ]
        return str(self.emulator.client("secretsmanager").get_secret_value(SecretId=found)["SecretString"])

    def said(self, log_group: str) -> str:
        """Return what containers wrote to a log group."""
        logs = self.emulator.client("logs")
        return "\n".join(one["message"] for one in logs.filter_log_events(logGroupName=log_group)["events"])

    def migrate(self) -> None:
        """Run the one-off migration to its end; raises RuntimeError with what it said where it fails."""
        ecs, told, network = self.emulator.client("ecs"), self.outputs["Cluster"], self.outputs["Network"]
        placed = {"subnets": network["PrivateSubnets"].split(","), "securityGroups": [network["MigrationGroup"]]}
        (task,) = ecs.run_task(
            cluster=told["ClusterName"], taskDefinition=told["MigrationTask"], launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": placed},
        )["tasks"]  # fmt: skip
        deadline = time.monotonic() + MIGRATED_S
        while task["lastStatus"] != "STOPPED":
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"the migration did not end within {MIGRATED_S} s: {self.said('/noughts/migration')}"
                )
            time.sleep(0.1)
            (task,) = ecs.describe_tasks(cluster=told["ClusterName"], tasks=[task["taskArn"]])["tasks"]
        (container,) = task["containers"]
        if container.get("exitCode") != 0:
            raise RuntimeError(f"the migration failed: {task.get('stoppedReason')} {self.said('/noughts/migration')}")

    def until_all_are_ready(self) -> None:
        """Return once every task that is wanted takes requests; raises RuntimeError."""
        deadline = time.monotonic() + RUNNING_S
        while missing := [*self._missing()]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{'; '.join(missing)} after {RUNNING_S} s:\n{self.emulator.logs()}")
            time.sleep(0.2)

    def _missing(self) -> Iterator[str]:
        ecs, cluster = self.emulator.client("ecs"), self.outputs["Cluster"]["ClusterName"]
        for one in ecs.describe_services(cluster=cluster, services=[*SERVICES])["services"]:
            ready = sum(map(self.is_ready, self.tasks(one["serviceName"])))
            if ready != one["desiredCount"]:
                yield f"{one['serviceName']}: {ready} of {one['desiredCount']} are ready"


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=30, trust_env=False)


@contextmanager
def deployed(emulator: Emulator, images: tuple[str, str], folder: Path) -> Iterator[Cloud]:
    """Deploy everything for the length of a block: image and the same without an entry point are given."""
    place = _place(emulator, *images)
    cloud = Cloud(emulator, place, stacks.synthesised(folder / "cdk.out"))
    with ExitStack() as stack:
        for one in cloud.described.values():
            if one.id == "Services":
                cloud.migrate()
            given = {"AclArn": cloud.outputs["Firewall"]["AclArn"]} if one.id == "Edge" else {}
            formation = emulator.client("cloudformation", one.region)
            cloud.outputs[one.id] = stacks.create(formation, one.name, changed(one.template, place), given)
            if one.id == "Balancer":
                stack.enter_context(_wires(cloud, [*_to_the_balancer(cloud)], folder / "inside"))
            if one.id == "Edge":
                stack.enter_context(_wires(cloud, [*_to_the_front(cloud)], folder / "outside"))
        cloud.until_all_are_ready()
        yield cloud


def _place(emulator: Emulator, image: str, bare_image: str) -> Place:
    database = emulator.database
    api, calls, inside = (f"http://{emulator.host}:{free_port(emulator.host)}" for _ in range(3))
    return Place(
        image=image, bare_image=bare_image, front=f"http://localhost:{free_port('127.0.0.1')}", api=api, calls=calls,
        inside=inside, emulator=emulator.url, account=ACCOUNT, database=database.address,
        owner={"username": database.owner, "password": database.password},
    )  # fmt: skip


def _wires(cloud: Cloud, wires: list[Wire], folder: Path) -> Any:
    folder.mkdir()
    return wired(f"{cloud.emulator.host}:{cloud.emulator.port}", wires, folder)


def _to_the_balancer(cloud: Cloud) -> Iterator[Wire]:
    (balancer,) = cloud.emulator.client("elbv2").describe_load_balancers()["LoadBalancers"]
    around = f"/_alb/{balancer['LoadBalancerName']}{_CLAIMED}"
    for url, port in ((cloud.place.calls, CALLS), (cloud.place.inside, INSIDE)):
        detour = Detour(_CLAIMED, around, f"balancer:{port}")
        # The emulated API would read a refusal's rest in the very loop that is still to send it.
        yield Wire(urlsplit(url).netloc, f"{balancer['DNSName']}:{port}", (), (detour,), whole=True)


def _to_the_front(cloud: Cloud) -> Iterator[Wire]:
    (api,) = cloud.emulator.client("apigatewayv2").get_apis()["Items"]
    distribution = cloud.outputs["Edge"]["DistributionDomain"]
    seen = (("X-Forwarded-Proto", "https"), ("CloudFront-Viewer-Address", f"{VIEWER}:4711"))
    front = urlsplit(cloud.place.front).netloc.replace("localhost", "127.0.0.1")
    yield Wire(front, distribution, seen, (Detour(_CLAIMED, f"/{_CLAIMED}", distribution),))
    around = Detour(f"/{_CLAIMED}", f"/_aws/execute-api/{api['ApiId']}{_CLAIMED}", "api")
    yield Wire(urlsplit(cloud.place.api).netloc, DOMAIN, (), (around,))

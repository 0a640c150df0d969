"""Deploys: `make deploy`, or `python infra/aws/deploy.py [--yes] [stack ...]`, with AWS credentials in the environment.

Each stack is shown as a change set and asked about before it is touched. The migration runs before the services are rolled,
and the routes come last, when people's domain leads to CloudFront. All of it may be repeated, and goes on where it stopped.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deployment import FRONT, Deployment
from formation import Failed, Stack
from images import push

_ORDER: Final = (
    "Registry", "Network", "Data", "Identity", "Cluster", "Balancer", "Services", "Firewall", "Edge", "Calls", "Watch",
)  # fmt: skip
_HERE: Final = Path(__file__).parent
_NOBODY: Final = ("example.com", "000000000000")
_MIGRATION_S: Final = 1_800


class Deploy:
    """One deployment in one account."""

    def __init__(self, deployment: Deployment, session: Any, *, sure: bool) -> None:  # noqa: ANN401 - boto3 ships no types
        self._deployment, self._session, self._sure = deployment, session, sure
        self._stacks = {id_: self._stack(id_) for id_ in _ORDER}

    def run(self, chosen: list[str]) -> None:
        """Bring every stack, or those that are named, to what this checkout describes; raises Failed."""
        with tempfile.TemporaryDirectory(prefix="noughts-") as folder:
            templates = synthesised(Path(folder), self._deployment)
        for id_ in chosen or _ORDER:
            if id_ == "Calls":
                self._wait_for_the_issuer()
            self._bring(id_, templates[id_])
            if id_ == "Cluster":
                self._migrate()

    def registry(self) -> str:
        """Make the registry, where there is none; return its address."""
        with tempfile.TemporaryDirectory(prefix="noughts-") as folder:
            self._bring("Registry", synthesised(Path(folder), self._deployment)["Registry"])
        return self._stacks["Registry"].outputs()["Address"]

    def _bring(self, id_: str, template: str) -> None:
        stack = self._stacks[id_]
        parameters = {"AclArn": self._stacks["Firewall"].outputs()["AclArn"]} if id_ == "Edge" else {}
        lines = stack.propose(template, parameters)
        print(f"\n{stack.name}: {f'{len(lines)} changes' if lines else 'nothing to change'}")
        if not lines:
            return
        print("\n".join(f"  {line}" for line in lines))
        if not self._sure and input("Do that? [y/N] ").strip().lower() != "y":
            stack.decline()
            raise Failed("Stopped; what was done before stays.")
        for line in stack.execute():
            print(f"  {line}", flush=True)

    def _migrate(self) -> None:
        """Run the migration with the new image, before any service has it; raises Failed, with everything as it was."""
        ecs, found = self._client("ecs"), self._stacks["Cluster"].outputs()
        network = self._stacks["Network"].outputs()
        placed = {
            "subnets": network["PrivateSubnets"].split(","),
            "securityGroups": [network["MigrationGroup"]],
            "assignPublicIp": "DISABLED",
        }
        print("\nThe migration runs; what it says is in the log group /" + f"{self._deployment.name}/migration")
        answer = ecs.run_task(
            cluster=found["ClusterName"],
            taskDefinition=found["MigrationTask"],
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": placed},
        )
        if not answer["tasks"]:
            raise Failed(f"The migration could not be started: {answer['failures']}")
        task = answer["tasks"][0]["taskArn"]
        deadline = time.monotonic() + _MIGRATION_S
        while (told := ecs.describe_tasks(cluster=found["ClusterName"], tasks=[task])["tasks"][0])[
            "lastStatus"
        ] != "STOPPED":
            if time.monotonic() > deadline:
                raise Failed(f"The migration has not ended: {task}. No service was rolled.")
            time.sleep(3)
        if any(container.get("exitCode") != 0 for container in told["containers"]):
            raise Failed(
                f"The migration failed ({told.get('stoppedReason', '')}): read its log. No service was rolled."
            )
        print("  The schema is up to date.")

    def _wait_for_the_issuer(self) -> None:
        """Return once people's domain leads to the services: AWS asks there as it makes the authorizer; raises Failed."""
        url = f"{self._deployment.base_url}/.well-known/openid-configuration"
        target = self._stacks["Edge"].outputs()["DistributionDomain"]
        print(f"\nWaiting for {url}. Let {self._deployment.domain} be a CNAME (or alias) of {target}.")
        for _ in range(360):
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - an https: address of our own
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, TimeoutError):
                time.sleep(5)
        raise Failed(f"{url} does not answer. Set the name, look at the services, then run this again.")

    def _stack(self, id_: str) -> Stack:
        return Stack(
            self._client("cloudformation", FRONT if id_ == "Firewall" else None),
            f"{self._deployment.name}-{id_.lower()}",
        )

    def _client(self, name: str, region: str | None = None) -> Any:  # noqa: ANN401
        return self._session.client(name, region_name=region or self._deployment.region)


def synthesised(folder: Path, deployment: Deployment) -> dict[str, str]:
    """Return each stack's template."""
    environ = os.environ | {"CDK_OUTDIR": str(folder), "DEPLOY_IMAGE": deployment.image}
    subprocess.run([sys.executable, str(_HERE / "app.py")], env=environ, check=True)
    return {id_: _compact((folder / f"{id_}.template.json").read_text()) for id_ in _ORDER}


def _compact(template: str) -> str:
    """Return it without what makes it readable: the API takes 51 200 bytes."""
    return json.dumps(json.loads(template), separators=(",", ":"))


def main(words: list[str]) -> None:
    """Deploy."""
    sure, chosen = "--yes" in words, [word for word in words if word != "--yes"]
    if strange := [word for word in chosen if word not in _ORDER]:
        sys.exit(f"{strange[0]} is no stack; there are {', '.join(_ORDER)}.")
    deployment = Deployment.read()
    said = (
        deployment.domain,
        deployment.certificate,
        deployment.certificate_here,
        deployment.mail_domain,
        deployment.alarm_mail,
    )
    if any(nobody in one for nobody in _NOBODY for one in said):
        sys.exit("Say what to deploy: DEPLOY_DOMAIN, DEPLOY_CERTIFICATE and others; docs/aws.md, Deploy, has the list.")
    try:
        session = boto3.Session()
        account = session.client("sts").get_caller_identity()
        print(
            f"Deploying {deployment.name} ({deployment.domain}) to account {account['Account']}, {deployment.region}."
        )
        if any(nobody in deployment.image for nobody in _NOBODY):
            deployment = deployment.with_image(push(session, Deploy(deployment, session, sure=sure).registry()))
        Deploy(deployment, session, sure=sure).run(chosen)
        print(f"\n{deployment.base_url} is deployed.")
    except (BotoCoreError, ClientError, Failed, subprocess.CalledProcessError) as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main(sys.argv[1:])

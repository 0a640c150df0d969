"""Where tasks run, where they tell what happened, and the task that goes before the others: the migration."""

from typing import Final

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from data import OWNER, Data
from deployment import Deployment, Size
from network import SERVICES, WITH_DATABASE
from registry import Registry
from tasks import contain, task

_SIZE: Final = Size(256, 512)
_MIGRATE: Final = """\
set -eu
umask 077
mkdir -p /dev/shm/roles
for one in users auth games; do
  eval "password=\\$PASSWORD_$one"
  printf 'postgresql://noughts_%s:%s@%s' "$one" "$password" "${NOUGHTS_DATABASE#*@}" > "/dev/shm/roles/$one"
done
noughts db migrate
noughts db roles --addresses /dev/shm/roles
"""


class Cluster(Stack):
    """A cluster of Fargate alone, a log for each service, and the migration, which is run before the services are rolled."""

    def __init__(self, scope: Construct, deployment: Deployment, data: Data, registry: Registry) -> None:
        super().__init__(scope, "Cluster", **deployment.stack("cluster"))
        self.cluster = ecs.CfnCluster(
            self,
            "Cluster",
            cluster_name=deployment.name,
            cluster_settings=[ecs.CfnCluster.ClusterSettingsProperty(name="containerInsights", value="enabled")],
            capacity_providers=["FARGATE"],
        )
        self.logs = {name: self._log(name, deployment) for name in (*SERVICES, "migration")}
        self.migration = self._migration(deployment, data, registry)
        CfnOutput(self, "ClusterName", value=self.cluster.ref)
        CfnOutput(self, "MigrationTask", value=self.migration.task_definition_arn)

    def _log(self, name: str, deployment: Deployment) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            f"{name.capitalize()}Log",
            log_group_name=f"/{deployment.name}/{name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.RETAIN,
        )

    def _migration(self, deployment: Deployment, data: Data, registry: Registry) -> ecs.FargateTaskDefinition:
        made = task(self, "Migration", deployment, _SIZE, registry)
        owner = secrets.Secret.from_secret_complete_arn(self, "Owner", data.owner_secret)
        contain(
            made,
            "migration",
            deployment,
            self.logs["migration"],
            entry_point=["sh", "-c"],
            command=[_MIGRATE],
            environment={
                "NOUGHTS_DATABASE": f"postgresql://{OWNER}@{data.address}?sslmode=require",
                "NOUGHTS_WAIT_S": "60",
                "NOUGHTS_BASE_URL": deployment.base_url,
            },
            secrets={
                # For the command line, which is run as this task too: docs/aws.md, Commands.
                "NOUGHTS_SECRET": ecs.Secret.from_secrets_manager(data.installation),
                "PGPASSWORD": ecs.Secret.from_secrets_manager(owner, "password"),
                **{
                    f"PASSWORD_{name}": ecs.Secret.from_secrets_manager(data.roles[name], "password")
                    for name in WITH_DATABASE
                },
            },
        )
        return made

"""The four services."""

from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from balancer import Balancer
from cluster import Cluster
from constructs import Construct
from data import Data
from deployment import Deployment
from network import PORT, SERVICES, WITH_DATABASE, Network
from registry import Registry
from tasks import contain, task

_AUTHORITIES: Final = "/etc/ssl/certs/ca-certificates.crt"
_HEALTHY: Final = ("python", "/opt/noughts/healthy.py")


class Services(Stack):
    """A service of ECS for each, in both zones, rolled one task after the other and rolled back by itself."""

    def __init__(  # noqa: PLR0913 - it stands on all the others
        self,
        scope: Construct,
        deployment: Deployment,
        *,
        network: Network,
        data: Data,
        registry: Registry,
        cluster: Cluster,
        balancer: Balancer,
    ) -> None:
        super().__init__(scope, "Services", **deployment.stack("services"))
        self._deployment, self._network, self._data = deployment, network, data
        self._registry, self._cluster, self._balancer = registry, cluster, balancer
        self.services = {name: self._service(name) for name in SERVICES}

    def _service(self, name: str) -> ecs.CfnService:
        size = getattr(self._deployment, name)
        made = task(self, name.capitalize(), self._deployment, size, self._registry)
        contain(
            made,
            name,
            self._deployment,
            self._cluster.logs[name],
            command=["serve", name],
            environment=self._environment(name),
            secrets=self._secrets(name),
            health_check=_HEALTHY,
        ).add_port_mappings(ecs.PortMapping(container_port=PORT))
        service = ecs.CfnService(
            self,
            f"{name.capitalize()}Service",
            service_name=name,
            cluster=self._cluster.cluster.ref,
            task_definition=made.task_definition_arn,
            launch_type="FARGATE",
            platform_version="1.4.0",
            desired_count=size.least,
            availability_zone_rebalancing="ENABLED",
            propagate_tags="SERVICE",
            enable_ecs_managed_tags=True,
            health_check_grace_period_seconds=90,
            deployment_configuration=ecs.CfnService.DeploymentConfigurationProperty(
                minimum_healthy_percent=100,
                maximum_percent=200,
                deployment_circuit_breaker=ecs.CfnService.DeploymentCircuitBreakerProperty(enable=True, rollback=True),
            ),
            load_balancers=[
                ecs.CfnService.LoadBalancerProperty(
                    container_name=name, container_port=PORT, target_group_arn=self._balancer.targets[name].ref
                )
            ],
            network_configuration=ecs.CfnService.NetworkConfigurationProperty(
                awsvpc_configuration=ecs.CfnService.AwsVpcConfigurationProperty(
                    assign_public_ip="DISABLED",
                    security_groups=[self._network.groups[name].security_group_id],
                    subnets=self._network.vpc.select_subnets(
                        subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS
                    ).subnet_ids,
                )
            ),
        )
        self._scale(name, service)
        return service

    def _environment(self, name: str) -> dict[str, str]:
        deployment, data = self._deployment, self._data
        told = {
            "NOUGHTS_BASE_URL": deployment.base_url,
            "NOUGHTS_SIGNING_ALGORITHM": "RS256",
            "NOUGHTS_WAIT_S": "60",
            "NOUGHTS_DRAIN_S": "5",
            # The balancer's own word for where the others are: it knows which of their tasks are well.
            "NOUGHTS_USERS_URL": self._balancer.inside_url,
            "NOUGHTS_AUTH_URL": self._balancer.inside_url,
            "NOUGHTS_GAMES_URL": self._balancer.inside_url,
        }
        if name in WITH_DATABASE:
            role = f"noughts_{name}"
            told["NOUGHTS_DATABASE"] = (
                f"postgresql://{role}@{data.proxy.attr_endpoint}:5432/noughts"
                f"?sslmode=verify-full&sslrootcert={_AUTHORITIES}"
            )
        if name == "users":
            told |= {
                "NOUGHTS_SMTP_HOST": f"email-smtp.{deployment.region}.amazonaws.com",
                "NOUGHTS_MAIL_FROM": f"Noughts <{deployment.mail_from}>",
            }
        return told

    def _secrets(self, name: str) -> dict[str, ecs.Secret]:
        data = self._data
        held = {"NOUGHTS_SECRET": ecs.Secret.from_secrets_manager(data.installation)}
        if name in WITH_DATABASE:
            held["PGPASSWORD"] = ecs.Secret.from_secrets_manager(data.roles[name], "password")
        if name == "users":
            held["NOUGHTS_SMTP_USERNAME"] = ecs.Secret.from_secrets_manager(data.mail, "username")
            held["NOUGHTS_SMTP_PASSWORD"] = ecs.Secret.from_secrets_manager(data.mail, "password")
        return held

    def _scale(self, name: str, service: ecs.CfnService) -> None:
        size = getattr(self._deployment, name)
        target = scaling.CfnScalableTarget(
            self,
            f"{name.capitalize()}Scale",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{self._cluster.cluster.ref}/{service.attr_name}",
            min_capacity=size.least,
            max_capacity=size.most,
        )
        self._follow(name, target, "Cpu", {
            "predefined_metric_specification": scaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                predefined_metric_type="ECSServiceAverageCPUUtilization"
            ),
            "target_value": 60,
        })

    def _follow(self, name: str, target: scaling.CfnScalableTarget, what: str, metric: dict[str, object]) -> None:
        scaling.CfnScalingPolicy(
            self,
            f"{name.capitalize()}{what}",
            policy_name=f"{name}-{what.lower()}",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=(
                scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                    scale_out_cooldown=30, scale_in_cooldown=300, **metric
                )
            ),
        )

"""The four services."""

from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from balancer import Balancer
from cluster import Cluster
from data import Data
from deployment import Deployment, Size
from environment import ADMIN_PORT, environment, secrets
from identity import Identity
from network import PORT, SERVICES, Network
from registry import Registry
from tasks import contain, task

_Followed = scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty
_CPU: Final = _Followed(
    predefined_metric_specification=scaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
        predefined_metric_type="ECSServiceAverageCPUUtilization"
    ),
    target_value=60,
    scale_out_cooldown=30,
    scale_in_cooldown=300,
)
_HASH_QUEUE: Final = _Followed(
    customized_metric_specification=scaling.CfnScalingPolicy.CustomizedMetricSpecificationProperty(
        namespace="Noughts",
        metric_name="hash_queue",
        statistic="Average",
        dimensions=[scaling.CfnScalingPolicy.MetricDimensionProperty(name="service", value="auth")],
    ),
    target_value=25,
    scale_out_cooldown=30,
    scale_in_cooldown=300,
)
"""How full the queue of those who wait for a password hash is, in per cent: it tells before the processor's average does."""


class Services(Stack):
    """A service of ECS for each, in both zones, rolled one task after the other and rolled back by itself."""

    def __init__(
        self,
        scope: Construct,
        deployment: Deployment,
        *,
        network: Network,
        data: Data,
        identity: Identity,
        registry: Registry,
        cluster: Cluster,
        balancer: Balancer,
    ) -> None:
        super().__init__(scope, "Services", **deployment.stack("services"))
        self._network, self._cluster, self._balancer = network, cluster, balancer
        told, held = environment(deployment, data, identity, balancer), secrets(data, identity)
        tasks = {name: task(self, name.capitalize(), deployment, deployment.sizes[name], registry) for name in SERVICES}
        for name, made in tasks.items():
            contain(
                made,
                name,
                deployment,
                cluster.logs[name],
                command=["serve", name],
                environment=told[name],
                secrets=held[name],
                health_check=["python", "/opt/noughts/healthy.py"],
            ).add_port_mappings(ecs.PortMapping(container_port=PORT))
        contain(
            tasks["auth"],
            "gauges",
            deployment,
            cluster.logs["auth"],
            entry_point=["python", "/opt/noughts/gauges.py"],
            command=["auth", str(ADMIN_PORT)],
            essential=False,
        )
        for name in ("users", "auth"):
            tasks[name].add_to_task_role_policy(identity.administering(name))
        self.services = {name: self._service(name, made) for name, made in tasks.items()}
        scaled = {name: self._scale(name, deployment.sizes[name]) for name in SERVICES}
        for name, target in scaled.items():
            self._follow(name, "Cpu", target, _CPU)
        self._follow("auth", "Hashes", scaled["auth"], _HASH_QUEUE)

    def _service(self, name: str, made: ecs.FargateTaskDefinition) -> ecs.CfnService:
        return ecs.CfnService(
            self,
            f"{name.capitalize()}Service",
            service_name=name,
            cluster=self._cluster.cluster.ref,
            task_definition=made.task_definition_arn,
            launch_type="FARGATE",
            platform_version="1.4.0",
            # How many there are is not said here: each update would undo what the scaling found.
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
                    subnets=self._network.private,
                )
            ),
        )

    def _scale(self, name: str, size: Size) -> scaling.CfnScalableTarget:
        return scaling.CfnScalableTarget(
            self,
            f"{name.capitalize()}Scale",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{self._cluster.cluster.ref}/{self.services[name].attr_name}",
            min_capacity=size.least,
            max_capacity=size.most,
        )

    def _follow(self, name: str, what: str, target: scaling.CfnScalableTarget, followed: _Followed) -> None:
        scaling.CfnScalingPolicy(
            self,
            f"{name.capitalize()}{what}",
            policy_name=f"{name}-{what.lower()}",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=followed,
        )

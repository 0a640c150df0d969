"""What all tasks are like: the one image, read-only, by nobody, with its secrets out of Secrets Manager."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from deployment import Deployment, Size
from exemptions import exempt
from registry import Registry

USER: Final = "10001:10001"
_PLAIN: Final = (
    "What is secret comes from Secrets Manager; what stands here may be read by anybody who reads the template."
)
_ANY_REGISTRY: Final = "GetAuthorizationToken knows no resource: it names the registry, not an image."


def task(stack: Stack, name: str, deployment: Deployment, size: Size, registry: Registry) -> ecs.FargateTaskDefinition:
    """Return a task without containers, that may fetch the image, and whose own role may do nothing yet."""
    made = ecs.FargateTaskDefinition(
        stack,
        name,
        family=f"{deployment.name}-{name.lower()}",
        cpu=size.cpu,
        memory_limit_mib=size.memory,
        runtime_platform=ecs.RuntimePlatform(
            operating_system_family=ecs.OperatingSystemFamily.LINUX, cpu_architecture=ecs.CpuArchitecture.X86_64
        ),
        execution_role=iam.Role(stack, f"{name}Execution", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com")),
    )
    registry.images.grant_pull(made.obtain_execution_role())
    exempt(made, "AwsSolutions-ECS2", _PLAIN)
    exempt(made.obtain_execution_role(), "AwsSolutions-IAM5[Resource::*]", _ANY_REGISTRY)
    return made


def contain(  # noqa: PLR0913 - what a container is
    made: ecs.FargateTaskDefinition,
    name: str,
    deployment: Deployment,
    told: logs.ILogGroup,
    *,
    command: Sequence[str],
    entry_point: Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
    secrets: Mapping[str, ecs.Secret] | None = None,
    essential: bool = True,
    health_check: Sequence[str] = (),
) -> ecs.ContainerDefinition:
    """Put a container into a task. It writes nowhere but to its log, and to /dev/shm."""
    hardened = ecs.LinuxParameters(made, f"{name}Linux", init_process_enabled=False)
    hardened.drop_capabilities(ecs.Capability.ALL)
    return made.add_container(
        name,
        container_name=name,
        image=ecs.ContainerImage.from_registry(deployment.image),
        command=[*command],
        entry_point=[*entry_point] if entry_point else None,
        environment=dict(environment or {}),
        secrets=dict(secrets or {}),
        essential=essential,
        user=USER,
        readonly_root_filesystem=True,
        linux_parameters=hardened,
        stop_timeout=Duration.seconds(30),
        logging=ecs.LogDrivers.aws_logs(stream_prefix=name, log_group=told),
        health_check=ecs.HealthCheck(
            command=["CMD", *health_check],
            interval=Duration.seconds(10),
            timeout=Duration.seconds(3),
            retries=3,
            start_period=Duration.seconds(60),
        )
        if health_check
        else None,
    )

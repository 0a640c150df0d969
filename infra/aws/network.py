"""The network: who may speak to whom, and no way out but to the services of AWS that are named here."""

from typing import Final

from aws_cdk import CfnOutput, Fn, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from deployment import Deployment

SERVICES: Final = ("users", "auth", "games", "gateway")
WITH_DATABASE: Final = ("users", "auth", "games")
PORT: Final = 8000
"""Every task's."""
CALLS, STREAMS, INSIDE = 8000, 8001, 8002
"""The balancer's listeners: for the HTTP API, for CloudFront, and for the services among themselves."""
_POSTGRES: Final = ec2.Port.tcp(5432)
_TLS: Final = ec2.Port.tcp(443)
_SUBMISSION: Final = ec2.Port.tcp(587)
_PUBLIC, _PRIVATE, _ISOLATED = (
    ec2.SubnetType.PUBLIC,
    ec2.SubnetType.PRIVATE_WITH_EGRESS,
    ec2.SubnetType.PRIVATE_ISOLATED,
)
_ENDPOINTS: Final = {
    "Images": ec2.InterfaceVpcEndpointAwsService.ECR,
    "ImageLayers": ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    "Logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    "Secrets": ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
    "Cognito": ec2.InterfaceVpcEndpointAwsService.COGNITO_IDP,
    "Mail": ec2.InterfaceVpcEndpointAwsService.EMAIL_SMTP,
}


class Network(Stack):
    """Two zones, each with a public subnet (empty), a private one (tasks, balancer) and an isolated one (database)."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(scope, "Network", **deployment.stack("network"))
        # Zones are pinned: `GetAZs` may name others one day, and a subnet that moves takes everything in it along.
        self.template_options.metadata = {"cfn-lint": {"config": {"ignore_checks": ["W3010"]}}}
        flows = logs.LogGroup(
            self, "Flows", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(deployment.cidr),
            availability_zones=[*deployment.zones],
            nat_gateways=deployment.nat_gateways,
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="public", subnet_type=_PUBLIC, cidr_mask=24, map_public_ip_on_launch=False
                ),
                ec2.SubnetConfiguration(name="private", subnet_type=_PRIVATE, cidr_mask=20),
                ec2.SubnetConfiguration(name="isolated", subnet_type=_ISOLATED, cidr_mask=24),
            ],
            flow_logs={"All": ec2.FlowLogOptions(destination=ec2.FlowLogDestination.to_cloud_watch_logs(flows))},
        )
        self.groups = {
            name: self._group(name)
            for name in (*SERVICES, "migration", "balancer", "link", "database", "proxy", "endpoints")
        }
        self._let()
        self._ways_out()
        CfnOutput(self, "PrivateSubnets", value=Fn.join(",", self.private))
        CfnOutput(self, "MigrationGroup", value=self.groups["migration"].security_group_id)

    @property
    def private(self) -> list[str]:
        """The subnets of tasks and of the balancer."""
        return self.vpc.select_subnets(subnet_type=_PRIVATE).subnet_ids

    @property
    def isolated(self) -> list[str]:
        """The subnets of the database."""
        return self.vpc.select_subnets(subnet_type=_ISOLATED).subnet_ids

    def _group(self, name: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self, name.capitalize(), vpc=self.vpc, description=f"Noughts: {name}", allow_all_outbound=False
        )

    def _let(self) -> None:
        """Let who must speak to whom, and nobody else."""
        groups = self.groups
        self._allow("link", "balancer", ec2.Port.tcp(CALLS), "calls, from the HTTP API")
        for subnet in self.vpc.private_subnets:
            # CloudFront's own interfaces stand in these subnets, in a group that AWS makes when the first one does.
            groups["balancer"].add_ingress_rule(
                ec2.Peer.ipv4(subnet.ipv4_cidr_block), ec2.Port.tcp(STREAMS), "streams, from CloudFront's interfaces"
            )
        for name in SERVICES:
            self._allow("balancer", name, ec2.Port.tcp(PORT), "calls, streams and health checks")
            self._allow(name, "balancer", ec2.Port.tcp(INSIDE), "what services ask each other")
        for name in WITH_DATABASE:
            self._allow(name, "proxy", _POSTGRES, "statements")
            self._allow(name, "database", _POSTGRES, "news: LISTEN has a connection of its own")
        self._allow("migration", "database", _POSTGRES, "migrations")
        self._allow("proxy", "database", _POSTGRES, "statements")
        self._allow("users", "endpoints", _SUBMISSION, "mail, to SES")
        for name in (*SERVICES, "migration"):
            groups["endpoints"].connections.allow_from(groups[name], _TLS, "services of AWS")
            # Image layers lie in S3, whose endpoint is a route and has no group. Without NAT gateways no other route leads out.
            groups[name].add_egress_rule(ec2.Peer.any_ipv4(), _TLS, "image layers")

    def _allow(self, source: str, target: str, port: ec2.Port, why: str) -> None:
        self.groups[target].connections.allow_from(self.groups[source], port, why)

    def _ways_out(self) -> None:
        private = ec2.SubnetSelection(subnet_type=_PRIVATE)
        self.vpc.add_gateway_endpoint("Layers", service=ec2.GatewayVpcEndpointAwsService.S3, subnets=[private])
        for name, service in _ENDPOINTS.items():
            self.vpc.add_interface_endpoint(
                f"{name}Endpoint",
                service=service,
                subnets=private,
                open=False,
                private_dns_enabled=True,
                security_groups=[self.groups["endpoints"]],
            )

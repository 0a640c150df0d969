"""The load balancer inside: one way in for the HTTP API, one for streams, one for the services among themselves."""

from collections.abc import Callable
from typing import Final, TypeVar

from aws_cdk import Stack
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from data import Data
from deployment import Deployment
from exemptions import exempt
from network import CALLS, INSIDE, PORT, SERVICES, STREAMS, Network
from paths import INTERNAL, inside, rules

Attribute = TypeVar("Attribute")
ORIGIN_HEADER: Final = "X-Noughts-Origin"
_IDLE_S: Final = 25
"""Shorter than the services' 30 s: no request is sent on a connection they are just closing."""
_DRAIN_S: Final = 15
_NOWHERE: Final = elb.CfnListenerRule.ActionProperty(
    type="fixed-response", fixed_response_config=elb.CfnListenerRule.FixedResponseConfigProperty(status_code="404")
)


class Balancer(Stack):
    """An internal Application Load Balancer, whose rules follow from the route tables."""

    def __init__(self, scope: Construct, deployment: Deployment, network: Network, data: Data) -> None:
        super().__init__(scope, "Balancer", **deployment.stack("balancer"))
        self.balancer = elb.CfnLoadBalancer(
            self,
            "Balancer",
            scheme="internal",
            type="application",
            ip_address_type="ipv4",
            subnets=network.private,
            security_groups=[network.groups["balancer"].security_group_id],
            load_balancer_attributes=_attributes(
                elb.CfnLoadBalancer.LoadBalancerAttributeProperty,
                {
                    "idle_timeout.timeout_seconds": str(_IDLE_S),
                    "routing.http.drop_invalid_header_fields.enabled": "true",
                    "routing.http.desync_mitigation_mode": "strictest",
                    "deletion_protection.enabled": "true",
                },
            ),
        )
        exempt(
            self.balancer,
            "AwsSolutions-ELB2",
            "The services tell of every request, with its id and address, in their log.",
        )
        self.targets = {name: self._target(name, network) for name in SERVICES}
        self.listeners = {
            "calls": self._entrance("Calls", CALLS, data),
            "streams": self._entrance("Streams", STREAMS, data),
            "inside": self._inside(),
        }
        self.inside_url = f"http://{self.balancer.attr_dns_name}:{INSIDE}"

    def _target(self, name: str, network: Network) -> elb.CfnTargetGroup:
        return elb.CfnTargetGroup(
            self,
            f"{name.capitalize()}Targets",
            vpc_id=network.vpc.vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=PORT,
            health_check_protocol="HTTP",
            health_check_path="/readyz",
            health_check_interval_seconds=5,
            health_check_timeout_seconds=2,
            healthy_threshold_count=2,
            unhealthy_threshold_count=2,
            target_group_attributes=_attributes(
                elb.CfnTargetGroup.TargetGroupAttributeProperty,
                {
                    "deregistration_delay.timeout_seconds": str(_DRAIN_S),
                    "load_balancing.algorithm.type": "least_outstanding_requests",
                },
            ),
        )

    def _entrance(self, name: str, port: int, data: Data) -> elb.CfnListener:
        """Make a listener where only CloudFront's requests are answered, and nothing that is between services."""
        listener = elb.CfnListener(
            self,
            name,
            load_balancer_arn=self.balancer.ref,
            port=port,
            protocol="HTTP",
            default_actions=[
                elb.CfnListener.ActionProperty(
                    type="fixed-response",
                    fixed_response_config=elb.CfnListener.FixedResponseConfigProperty(status_code="403"),
                )
            ],
        )
        shown = _header(data.shown)
        self._rule(listener, f"{name}Internal", 1, [_paths(*INTERNAL)], _NOWHERE)
        for number, (service, patterns) in enumerate(rules(), 10):
            self._rule(listener, f"{name}{number}", number, [shown, _paths(*patterns)], self._forward(service))
        self._rule(listener, f"{name}Gateway", 1_000, [shown], self._forward("gateway"))
        return listener

    def _inside(self) -> elb.CfnListener:
        listener = elb.CfnListener(
            self,
            "Inside",
            load_balancer_arn=self.balancer.ref,
            port=INSIDE,
            protocol="HTTP",
            default_actions=[
                elb.CfnListener.ActionProperty(
                    type="fixed-response",
                    fixed_response_config=elb.CfnListener.FixedResponseConfigProperty(status_code="404"),
                )
            ],
        )
        for number, (service, pattern) in enumerate(inside().items(), 10):
            self._rule(listener, f"Inside{number}", number, [_paths(pattern)], self._forward(service))
        return listener

    def _rule(
        self,
        listener: elb.CfnListener,
        name: str,
        priority: int,
        conditions: list[elb.CfnListenerRule.RuleConditionProperty],
        action: elb.CfnListenerRule.ActionProperty,
    ) -> None:
        elb.CfnListenerRule(
            self,
            f"{name}Rule",
            listener_arn=listener.ref,
            priority=priority,
            conditions=conditions,
            actions=[action],
        )

    def _forward(self, service: str) -> elb.CfnListenerRule.ActionProperty:
        return elb.CfnListenerRule.ActionProperty(type="forward", target_group_arn=self.targets[service].ref)


def _paths(*patterns: str) -> elb.CfnListenerRule.RuleConditionProperty:
    return elb.CfnListenerRule.RuleConditionProperty(
        field="path-pattern", path_pattern_config=elb.CfnListenerRule.PathPatternConfigProperty(values=[*patterns])
    )


def _header(value: str) -> elb.CfnListenerRule.RuleConditionProperty:
    shown = elb.CfnListenerRule.HttpHeaderConfigProperty(http_header_name=ORIGIN_HEADER, values=[value])
    return elb.CfnListenerRule.RuleConditionProperty(field="http-header", http_header_config=shown)


def _attributes(kind: Callable[..., Attribute], values: dict[str, str]) -> list[Attribute]:
    return [kind(key=key, value=value) for key, value in values.items()]

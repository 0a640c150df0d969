"""Where people come in: CloudFront, and behind it the HTTP API for calls and the balancer itself for streams."""

from typing import Any, Final

from aws_cdk import CfnOutput, CfnParameter, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_logs as logs
from constructs import Construct

from balancer import ORIGIN_HEADER, Balancer
from data import Data
from deployment import Deployment
from exemptions import exempt
from network import STREAMS as STREAMS_PORT
from network import Network
from paths import ASSETS, DISCOVERY, STREAMS

_NEVER_CACHED: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_CACHED_AS_TOLD: Final = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""AWS's own policies CachingDisabled and CachingOptimized."""
_KEPT_UNLESS_TOLD: Final = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
_EVERY_METHOD: Final = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
_LOGGED: Final = (
    '{"time":"$context.requestTime","id":"$context.requestId","method":"$context.httpMethod","route":"$context.routeKey",'
    '"status":"$context.status","ms":"$context.responseLatency","behind_ms":"$context.integrationLatency",'
    '"refused":"$context.authorizer.error","error":"$context.error.message"}'
)


class Edge(Stack):
    """The way of a call: CloudFront, HTTP API, VPC link, balancer. The way of a stream: CloudFront, balancer.

    The routes of the HTTP API are a stack of their own: its authorizer asks for the issuer, which is this stack's CloudFront.
    """

    def __init__(
        self, scope: Construct, deployment: Deployment, network: Network, data: Data, balancer: Balancer
    ) -> None:
        super().__init__(scope, "Edge", **deployment.stack("edge"))
        self._deployment = deployment
        self._secret = data.shown
        acl = CfnParameter(self, "AclArn", description="The output AclArn of the firewall, which is in us-east-1")
        self.api = api.CfnApi(
            self, "Api", name=deployment.name, protocol_type="HTTP", disable_execute_api_endpoint=True
        )
        self.stage = self._stage()
        self.integration = self._integration(network, balancer)
        self.distribution = self._distribution(acl.value_as_string, self._domain(), balancer)
        CfnOutput(self, "DistributionDomain", value=self.distribution.attr_domain_name)

    def _stage(self) -> api.CfnStage:
        told = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/{self._deployment.name}/api",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.RETAIN,
        )
        return api.CfnStage(
            self,
            "Stage",
            api_id=self.api.ref,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=api.CfnStage.AccessLogSettingsProperty(
                destination_arn=told.log_group_arn, format=_LOGGED
            ),
            default_route_settings=api.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=2_000, throttling_burst_limit=4_000, detailed_metrics_enabled=True
            ),
        )

    def _integration(self, network: Network, balancer: Balancer) -> api.CfnIntegration:
        link = api.CfnVpcLink(
            self,
            "Link",
            name=self._deployment.name,
            subnet_ids=network.private,
            security_group_ids=[network.groups["link"].security_group_id],
        )
        return api.CfnIntegration(
            self,
            "Integration",
            api_id=self.api.ref,
            integration_type="HTTP_PROXY",
            integration_method="ANY",
            integration_uri=balancer.listeners["calls"].ref,
            connection_type="VPC_LINK",
            connection_id=link.ref,
            payload_format_version="1.0",
            # Whatever host API Gateway would name: services compare it with the origin of who shows a cookie.
            request_parameters={"overwrite:header.Host": self._deployment.domain},
            timeout_in_millis=30_000,
        )

    def _domain(self) -> api.CfnDomainName:
        """Give the API the people's own domain: CloudFront hands on the host they asked for, and the page's origin is compared with it."""
        domain = api.CfnDomainName(
            self,
            "Domain",
            domain_name=self._deployment.domain,
            domain_name_configurations=[
                api.CfnDomainName.DomainNameConfigurationProperty(
                    certificate_arn=self._deployment.certificate_here,
                    endpoint_type="REGIONAL",
                    security_policy="TLS_1_2",
                )
            ],
        )
        api.CfnApiMapping(self, "Mapping", api_id=self.api.ref, domain_name=domain.ref, stage=self.stage.ref)
        return domain

    def _distribution(self, acl: str, domain: api.CfnDomainName, balancer: Balancer) -> cloudfront.CfnDistribution:
        inside = cloudfront.CfnVpcOrigin(
            self,
            "Inside",
            vpc_origin_endpoint_config=cloudfront.CfnVpcOrigin.VpcOriginEndpointConfigProperty(
                arn=balancer.balancer.ref,
                name=f"{self._deployment.name}-streams",
                http_port=STREAMS_PORT,
                origin_protocol_policy="http-only",
            ),
        )
        handed_on = cloudfront.CfnOriginRequestPolicy(
            self,
            "HandedOn",
            origin_request_policy_config=cloudfront.CfnOriginRequestPolicy.OriginRequestPolicyConfigProperty(
                name=f"{self._deployment.name}-all-and-viewer-address",
                cookies_config={"cookieBehavior": "all"},
                query_strings_config={"queryStringBehavior": "all"},
                headers_config={
                    "headerBehavior": "allViewerAndWhitelistCloudFront",
                    "headers": ["CloudFront-Viewer-Address"],
                },
            ),
        )
        distribution = cloudfront.CfnDistribution(
            self,
            "Distribution",
            distribution_config=cloudfront.CfnDistribution.DistributionConfigProperty(
                enabled=True,
                comment=self._deployment.name,
                aliases=[self._deployment.domain],
                http_version="http2and3",
                ipv6_enabled=True,
                price_class="PriceClass_100",
                web_acl_id=acl,
                viewer_certificate=cloudfront.CfnDistribution.ViewerCertificateProperty(
                    acm_certificate_arn=self._deployment.certificate,
                    minimum_protocol_version="TLSv1.2_2021",
                    ssl_support_method="sni-only",
                ),
                origins=[self._calls(domain), self._streams(inside, balancer)],
                default_cache_behavior=cloudfront.CfnDistribution.DefaultCacheBehaviorProperty(
                    **_behaviour("calls", handed_on, _NEVER_CACHED)
                ),
                # Else CloudFront would show one person's 404 to the next, for ten seconds.
                custom_error_responses=[
                    cloudfront.CfnDistribution.CustomErrorResponseProperty(error_code=code, error_caching_min_ttl=0)
                    for code in _KEPT_UNLESS_TOLD
                ],
                cache_behaviors=[
                    cloudfront.CfnDistribution.CacheBehaviorProperty(
                        path_pattern=path, **_behaviour("streams", handed_on, caching)
                    )
                    for path, caching in (
                        *((path, _NEVER_CACHED) for path in (*STREAMS, DISCOVERY)),
                        (ASSETS, _CACHED_AS_TOLD),
                    )
                ],
            ),
        )
        exempt(distribution, "AwsSolutions-CFR1", "Noughts is for everybody; no country is shut out.")
        exempt(
            distribution,
            "AwsSolutions-CFR3",
            "Services, API and firewall each tell what came; a fourth log is people's addresses kept longer.",
        )
        return distribution

    def _calls(self, domain: api.CfnDomainName) -> cloudfront.CfnDistribution.OriginProperty:
        return cloudfront.CfnDistribution.OriginProperty(
            id="calls",
            domain_name=domain.attr_regional_domain_name,
            origin_custom_headers=self._shown(),
            custom_origin_config=cloudfront.CfnDistribution.CustomOriginConfigProperty(
                origin_protocol_policy="https-only",
                origin_ssl_protocols=["TLSv1.2"],
                origin_read_timeout=35,
                origin_keepalive_timeout=50,
            ),
        )

    def _streams(
        self, inside: cloudfront.CfnVpcOrigin, balancer: Balancer
    ) -> cloudfront.CfnDistribution.OriginProperty:
        return cloudfront.CfnDistribution.OriginProperty(
            id="streams",
            domain_name=balancer.balancer.attr_dns_name,
            origin_custom_headers=self._shown(),
            vpc_origin_config=cloudfront.CfnDistribution.VpcOriginConfigProperty(
                vpc_origin_id=inside.attr_id, origin_read_timeout=60, origin_keepalive_timeout=20
            ),
        )

    def _shown(self) -> list[cloudfront.CfnDistribution.OriginCustomHeaderProperty]:
        """Return by what the balancer knows that it is CloudFront who asks, so that the firewall was passed."""
        return [
            cloudfront.CfnDistribution.OriginCustomHeaderProperty(header_name=ORIGIN_HEADER, header_value=self._secret)
        ]


def _behaviour(origin: str, handed_on: cloudfront.CfnOriginRequestPolicy, caching: str) -> dict[str, Any]:
    return {
        "target_origin_id": origin,
        "viewer_protocol_policy": "redirect-to-https",
        "allowed_methods": _EVERY_METHOD,
        "cache_policy_id": caching,
        "origin_request_policy_id": handed_on.ref,
        "compress": True,
    }

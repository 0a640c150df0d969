"""What stands before CloudFront, in us-east-1, where AWS keeps it: who calls too often comes no further."""

from typing import Final

from aws_cdk import ArnFormat, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from deployment import FRONT, Deployment

_DEAR: Final = ("/login", "/guests", "/token", "/recovery", "/users")
"""What costs a password hash, a mail or a row, and is asked for by strangers."""
_Statement = waf.CfnWebACL.StatementProperty
_Field = waf.CfnWebACL.FieldToMatchProperty


class Firewall(Stack):
    """A web access control list. A whole school may stand behind an address, so services count finer, by person."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(scope, "Firewall", **deployment.stack("firewall", FRONT))
        acl = waf.CfnWebACL(
            self,
            "Acl",
            name=deployment.name,
            scope="CLOUDFRONT",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow=waf.CfnWebACL.AllowActionProperty()),
            visibility_config=_seen("all"),
            rules=[
                _rate("everything", 0, 100_000, None),
                _rate("dear", 1, 2_000, _asked_by_strangers()),
                _managed("AWSManagedRulesAmazonIpReputationList", 2),
                _managed("AWSManagedRulesKnownBadInputsRuleSet", 3),
            ],
        )
        told = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"aws-waf-logs-{deployment.name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            log_destination_configs=[
                self.format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=told.log_group_name,
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
            redacted_fields=[
                waf.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name})
                for name in ("authorization", "cookie")
            ],
        )
        CfnOutput(self, "AclArn", value=acl.attr_arn)


def _seen(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )


def _rate(name: str, priority: int, calls: int, of: _Statement | None) -> waf.CfnWebACL.RuleProperty:
    """Return the rule that lets an address call so often in five minutes."""
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        action=waf.CfnWebACL.RuleActionProperty(
            block={"customResponse": {"responseCode": 429, "responseHeaders": [{"name": "retry-after", "value": "60"}]}}
        ),
        visibility_config=_seen(name),
        statement=_Statement(
            rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP", limit=calls, evaluation_window_sec=300, scope_down_statement=of
            )
        ),
    )


def _asked_by_strangers() -> _Statement:
    posted = _field("POST", _Field(method={}))
    dear = _Statement(
        or_statement=waf.CfnWebACL.OrStatementProperty(statements=[_field(path, _Field(uri_path={})) for path in _DEAR])
    )
    return _Statement(and_statement=waf.CfnWebACL.AndStatementProperty(statements=[posted, dear]))


def _field(value: str, field: _Field) -> _Statement:
    return _Statement(
        byte_match_statement=waf.CfnWebACL.ByteMatchStatementProperty(
            field_to_match=field,
            positional_constraint="EXACTLY",
            search_string=value,
            text_transformations=[waf.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")],
        )
    )


def _managed(name: str, priority: int) -> waf.CfnWebACL.RuleProperty:
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
        visibility_config=_seen(name),
        statement=_Statement(
            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(name=name, vendor_name="AWS")
        ),
    )

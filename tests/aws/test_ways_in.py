"""The ways in, as they are described: each path to its service, each call that needs a token behind the authorizer."""

import json
import re
from collections.abc import Iterator
from typing import Final

import pytest

from noughts.compose.house import TABLES
from noughts.gateway.envoy.routing import public
from noughts.kit.edge import Who
from tests.aws.templates import NEEDED, Json, Templates, found, leads_to

pytestmark = NEEDED
VALUES: Final = 5
RULES: Final = 100
ROUTES: Final = 300
CALLS: Final = [
    (service, route.method, path, route) for service, path, methods in public(TABLES) for route in methods.values()
]


@pytest.fixture(scope="module")
def templates() -> Templates:
    """What was synthesised."""
    return found()


class Listener:
    """One of the balancer's listeners, which decides as the balancer does."""

    def __init__(self, templates: Templates, name: str) -> None:
        listeners = dict(templates.of("AWS::ElasticLoadBalancingV2::Listener"))
        (self.id,) = [one for one in listeners if one == name]
        self.default: Json = listeners[self.id]["DefaultActions"][0]
        rules = [
            rule
            for _, rule in templates.of("AWS::ElasticLoadBalancingV2::ListenerRule")
            if rule["ListenerArn"] == {"Ref": name}
        ]
        self.rules = sorted(rules, key=lambda rule: int(rule["Priority"]))

    def decides(self, path: str, *, shows_secret: bool = True) -> str:
        """Return the service that is asked, or the status of a refusal."""
        for rule in self.rules:
            if all(_holds(condition, path, shows_secret=shows_secret) for condition in rule["Conditions"]):
                return _outcome(rule["Actions"][0])
        return _outcome(self.default)


def _holds(condition: Json, path: str, *, shows_secret: bool) -> bool:
    if condition["Field"] == "http-header":
        return shows_secret
    return any(_matches(pattern, path) for pattern in condition["PathPatternConfig"]["Values"])


def _matches(pattern: str, path: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), path) is not None


def _outcome(action: Json) -> str:
    if action["Type"] == "fixed-response":
        return str(action["FixedResponseConfig"]["StatusCode"])
    return leads_to(action["TargetGroupArn"], "Targets")


def asked(path: str) -> str:
    """Return a path as somebody asks for it."""
    return re.sub(r"{\w+}", "0190d7a4-7c1e-7b5a-9d3f-2f6c1a4b8e10", path)


@pytest.fixture(params=["Calls", "Streams"])
def entrance(request: pytest.FixtureRequest, templates: Templates) -> Listener:
    """A listener where requests come from outside."""
    return Listener(templates, request.param)


def test_each_path_of_the_route_tables_leads_to_its_service(entrance: Listener) -> None:
    assert {path: entrance.decides(asked(path)) for _, _, path, _ in CALLS} == {
        path: service for service, _, path, _ in CALLS
    }


@pytest.mark.parametrize("path", ["/", "/play/a", "/@ada", "/assets/x.js", "/livex", "/usersx", "/nowhere", "/docs"])
def test_everything_else_is_the_gateways(entrance: Listener, path: str) -> None:
    assert entrance.decides(path) == "gateway"


def test_nothing_between_services_is_reached_from_outside(entrance: Listener) -> None:
    inside = [route.path for table in TABLES.values() for route in table if route.who is Who.SERVICE]

    assert len(inside) >= 10
    assert {entrance.decides(asked(path)) for path in [*inside, "/internal", "/internal/"]} == {"404"}


def test_who_does_not_show_the_secret_is_answered_by_no_service(entrance: Listener) -> None:
    paths = [*(asked(path) for _, _, path, _ in CALLS), "/", "/internal/auth/keys", "/live"]

    assert {entrance.decides(path, shows_secret=False) for path in paths} == {"403", "404"}


def test_services_find_each_other_and_nothing_else_inside(templates: Templates) -> None:
    inside = Listener(templates, "Inside")

    for title, table in (("users", "Users"), ("auth", "Sign-in"), ("games", "Games")):
        paths = [route.path for route in TABLES[table] if route.who is Who.SERVICE]
        assert {inside.decides(asked(path)) for path in paths} == {title}
    assert {inside.decides(path) for path in ("/", "/users", "/login", "/internal/gateway/x")} == {"404"}


def test_the_balancers_own_limits_are_kept(templates: Templates) -> None:
    rules = [rule for _, rule in templates.of("AWS::ElasticLoadBalancingV2::ListenerRule")]

    assert len(rules) <= RULES
    assert max(sum(map(_values, rule["Conditions"])) for rule in rules) <= VALUES


def _values(condition: Json) -> int:
    (config,) = [value for key, value in condition.items() if key.endswith("Config")]
    return len(config["Values"])


def test_connections_end_at_the_balancer_before_they_end_at_the_services(templates: Templates) -> None:
    from noughts.kit.edge.connection import KEEP_ALIVE_S

    balancer = templates.only("AWS::ElasticLoadBalancingV2::LoadBalancer")
    told = {one["Key"]: one["Value"] for one in balancer["LoadBalancerAttributes"]}

    assert float(told["idle_timeout.timeout_seconds"]) < KEEP_ALIVE_S


def test_health_checks_ask_whether_a_task_is_ready(templates: Templates) -> None:
    targets = dict(templates.of("AWS::ElasticLoadBalancingV2::TargetGroup"))

    assert len(targets) == 4
    assert {one["HealthCheckPath"] for one in targets.values()} == {"/readyz"}


# The HTTP API.


def routes(templates: Templates) -> dict[str, Json]:
    """Return the routes of the HTTP API by their keys."""
    return {one["RouteKey"]: one for _, one in templates.of("AWS::ApiGatewayV2::Route")}


def test_every_call_that_needs_a_token_has_the_authorizer_and_no_other(templates: Templates) -> None:
    declared = routes(templates)
    answered = {f"{method} {path}": route for _, method, path, route in CALLS if not route.live}
    needs = {key for key, route in answered.items() if route.who is Who.SIGNED_IN}
    guarded = {key for key, one in declared.items() if one["AuthorizationType"] == "JWT"}

    assert len(needs) > 20
    assert guarded == needs
    assert {json.dumps(declared[key]["AuthorizerId"]) for key in guarded} == {'{"Ref": "Authorizer"}'}
    assert declared.keys() == {*answered, "$default"}
    assert len(declared) <= ROUTES


def test_the_authorizer_believes_our_tokens_alone(templates: Templates) -> None:
    authorizer = templates.only("AWS::ApiGatewayV2::Authorizer")

    assert authorizer["JwtConfiguration"] == {"Issuer": "https://noughts.example.com", "Audience": ["noughts"]}
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]


def test_the_api_is_reached_by_its_domain_alone_is_throttled_and_asks_the_balancer_inside(templates: Templates) -> None:
    stage = templates.only("AWS::ApiGatewayV2::Stage")
    integration = templates.only("AWS::ApiGatewayV2::Integration")

    assert templates.only("AWS::ApiGatewayV2::Api")["DisableExecuteApiEndpoint"] is True
    assert 0 < stage["DefaultRouteSettings"]["ThrottlingRateLimit"] <= 10_000
    assert integration["ConnectionType"] == "VPC_LINK"
    assert "Calls" in json.dumps(integration["IntegrationUri"])
    assert integration["TimeoutInMillis"] <= 30_000


# CloudFront.


def distribution(templates: Templates) -> Json:
    """Return what CloudFront is told."""
    config: Json = templates.only("AWS::CloudFront::Distribution")["DistributionConfig"]
    return config


def origin_of(config: Json, path: str) -> Json:
    """Return the behaviour CloudFront takes for a path: the first whose pattern fits."""
    behaviours: Iterator[Json] = (one for one in config["CacheBehaviors"] if _matches(one["PathPattern"], path))
    return next(behaviours, config["DefaultCacheBehavior"])


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/login", "calls"),
        ("/games/1", "calls"),
        ("/games/1/moves", "calls"),
        ("/users/me", "calls"),
        ("/", "calls"),
        ("/live", "streams"),
        ("/stream", "streams"),
        ("/games/1/events", "streams"),
        ("/users/me/export", "streams"),
        ("/.well-known/openid-configuration", "streams"),
        ("/.well-known/jwks.json", "streams"),
        ("/assets/index-1.js", "streams"),
    ],
)
def test_calls_go_through_the_api_and_what_lasts_goes_past_it(templates: Templates, path: str, origin: str) -> None:
    assert origin_of(distribution(templates), path)["TargetOriginId"] == origin


def test_nothing_is_cached_but_what_is_named_by_its_content(templates: Templates) -> None:
    config = distribution(templates)
    never = config["DefaultCacheBehavior"]["CachePolicyId"]
    kept = [one["PathPattern"] for one in config["CacheBehaviors"] if one["CachePolicyId"] != never]

    assert kept == ["/assets/*"]
    assert {one["ErrorCachingMinTTL"] for one in config["CustomErrorResponses"]} == {0}
    assert {400, 403, 404, 500, 502, 503, 504} <= {one["ErrorCode"] for one in config["CustomErrorResponses"]}


def test_both_origins_are_shown_the_secret_and_told_who_is_asking(templates: Templates) -> None:
    config = distribution(templates)
    shown = [one["OriginCustomHeaders"] for one in config["Origins"]]
    policy = templates.only("AWS::CloudFront::OriginRequestPolicy")["OriginRequestPolicyConfig"]["HeadersConfig"]

    assert [[header["HeaderName"] for header in one] for one in shown] == [["X-Noughts-Origin"], ["X-Noughts-Origin"]]
    assert "resolve:secretsmanager" in json.dumps(shown)
    assert policy == {"HeaderBehavior": "allViewerAndWhitelistCloudFront", "Headers": ["CloudFront-Viewer-Address"]}


def test_the_firewall_counts_before_everything_and_stands_where_aws_keeps_it(templates: Templates) -> None:
    acl = templates.only("AWS::WAFv2::WebACL")
    first, second = sorted(acl["Rules"], key=lambda rule: int(rule["Priority"]))[:2]

    assert acl["Scope"] == "CLOUDFRONT"
    assert "RateBasedStatement" in first["Statement"]
    assert "RateBasedStatement" in second["Statement"]
    assert distribution(templates)["WebACLId"] == {"Ref": "AclArn"}


def test_the_pool_is_as_it_can_never_be_made_afterwards(templates: Templates) -> None:
    """Aliases, the case of usernames and required attributes are for good."""
    pool, client = templates.only("AWS::Cognito::UserPool"), templates.only("AWS::Cognito::UserPoolClient")

    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert pool["AliasAttributes"] == ["email"]
    assert "Schema" not in pool
    assert pool["DeletionProtection"] == "ACTIVE"
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 8
    assert not any(
        pool["Policies"]["PasswordPolicy"][f"Require{kind}"]
        for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols")
    )
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["RefreshTokenRotation"]["Feature"] == "ENABLED"
    assert client["ExplicitAuthFlows"] == ["ALLOW_USER_PASSWORD_AUTH"]
    assert client["GenerateSecret"] is True

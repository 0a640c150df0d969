"""What the emulator is spared, or told otherwise: each change made to a synthesised template, with its reason."""

import re
import string
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, Final, NamedTuple

import msgspec

from tests.aws.rewriting import Template, drop, owners, refer_elsewhere, resources, without

LACKING: Final = frozenset({
    "AWS::ApiGatewayV2::VpcLink",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Budgets::Budget",
    "AWS::CloudFront::VpcOrigin",
    "AWS::EC2::FlowLog",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::RDS::DBProxy",
    "AWS::RDS::DBProxyTargetGroup",
    "AWS::WAFv2::LoggingConfiguration",
})  # fmt: skip
"""Types of resources that ministack 1.5 refuses a whole template for."""
_SECRET: Final = "AWS::SecretsManager::Secret"
_TASK: Final = "AWS::ECS::TaskDefinition"
_INSTANCE: Final = "AWS::RDS::DBInstance"
_TLS: Final = re.compile(r"\?sslmode=.*")
_EXCLUDED: Final = {
    "ExcludePunctuation": string.punctuation,
    "ExcludeNumbers": string.digits,
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
}


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on this machine for what the template names, as the containers reach it."""

    image: str
    bare_image: str
    """The same without an entry point."""
    front: str
    """Where people come in, `http://host:port`, as all that follow down to the emulator itself."""
    api: str
    """The HTTP API."""
    calls: str
    inside: str
    """The balancer's listeners for the HTTP API and for the services among themselves."""
    emulator: str
    account: str
    """Whose the resources are, and the id of a key with every right on them."""
    database: str
    """PostgreSQL, `host:port`."""
    owner: dict[str, str]
    """`username` and `password` of its owner."""


class Change(NamedTuple):
    """One change: what the documentation says of it, and what makes it, in place."""

    what: str
    why: str
    make: Callable[[Template, Place], None]


def changed(template: Template, place: Place) -> Template:
    """Return a template as the emulator takes it; the given one stays as it is."""
    result = deepcopy(template)
    for change in CHANGES:
        change.make(result, place)
    return result


def _lead_to_the_database(template: Template, place: Place) -> None:
    host, _, port = place.database.rpartition(":")
    for name, _ in resources(template, _INSTANCE):
        refer_elsewhere(template, {(name, "Endpoint.Address"): host, (name, "Endpoint.Port"): port})
    for name, _ in resources(template, "AWS::RDS::DBProxy"):
        refer_elsewhere(template, {(name, "Endpoint"): host})


def _keep_the_owner_as_a_secret(template: Template, place: Place) -> None:
    for name, _ in list(resources(template, _INSTANCE)):
        secret = {"SecretString": msgspec.json.encode(place.owner).decode()}
        template["Resources"][f"{name}Owner"] = {"Type": _SECRET, "Properties": secret}
        refer_elsewhere(template, {(name, "MasterUserSecret.SecretArn"): {"Ref": f"{name}Owner"}})


def _run_as_many_tasks_as_there_are_at_least(template: Template, place: Place) -> None:
    for _, target in resources(template, "AWS::ApplicationAutoScaling::ScalableTarget"):
        for service in owners(target["ResourceId"]):
            template["Resources"][service]["Properties"]["DesiredCount"] = target["MinCapacity"]


def _drop_what_it_lacks(template: Template, place: Place) -> None:
    drop(template, {name for name, _ in resources(template, *LACKING)})


def _drop_computed_alarms(template: Template, place: Place) -> None:
    drop(template, {name for name, one in resources(template, "AWS::CloudWatch::Alarm") if "Metrics" in one})


def _name_secrets_in_full(template: Template, place: Place) -> None:
    refer_elsewhere(template, {(name, ""): {"Fn::GetAtt": [name, "Id"]} for name, _ in resources(template, _SECRET)})


def _spell_out_what_no_secret_has(template: Template, place: Place) -> None:
    for _, properties in resources(template, _SECRET):
        made = properties.get("GenerateSecretString", {})
        given = made.get("ExcludeCharacters", "")
        more = "".join(characters for flag, characters in _EXCLUDED.items() if made.get(flag))
        if more:
            made["ExcludeCharacters"] = given + "".join(one for one in more if one not in given)


def _containers(template: Template) -> Iterator[dict[str, Any]]:
    for _, properties in resources(template, _TASK):
        yield from properties["ContainerDefinitions"]


def _run_the_local_image(template: Template, place: Place) -> None:
    for container in _containers(template):
        entry = container.pop("EntryPoint", None)
        container["Image"] = place.bare_image if entry else place.image
        container["Command"] = [*(entry or ()), *container.get("Command", ())]


def _spell_secrets_as_the_api_does(template: Template, place: Place) -> None:
    for container in _containers(template):
        if given := container.pop("Secrets", None):
            container["secrets"] = [{"name": one["Name"], "valueFrom": one["ValueFrom"]} for one in given]


def _lead_services_here(template: Template, place: Place) -> None:
    here = {"NOUGHTS_BASE_URL": place.front}
    here |= {f"NOUGHTS_{service}_URL": place.inside for service in ("USERS", "AUTH", "GAMES")}
    for container in _containers(template):
        for variable in container.get("Environment", []):
            variable["Value"] = here.get(variable["Name"], variable["Value"])


def _lead_to_the_pool_here(template: Template, place: Place) -> None:
    for container in _containers(template):
        told = {one["Name"]: one["Value"] for one in container.get("Environment", ())}
        if (pool := told.get("NOUGHTS_COGNITO_POOL")) is not None:
            here = {
                "NOUGHTS_COGNITO_ENDPOINT": place.emulator,
                "NOUGHTS_COGNITO_JWKS": {"Fn::Join": ["", [f"{place.emulator}/", pool, "/.well-known/jwks.json"]]},
                "AWS_ACCESS_KEY_ID": place.account,
                "AWS_SECRET_ACCESS_KEY": "not-looked-at",
            }
            container["Environment"] += [{"Name": name, "Value": value} for name, value in here.items()]


def _speak_plainly_to_the_database(template: Template, place: Place) -> None:
    for container in _containers(template):
        for variable in container.get("Environment", []):
            if variable["Name"] in ("NOUGHTS_DATABASE", "NOUGHTS_EVENTS"):
                variable["Value"] = without(variable["Value"], _TLS)


def _call_the_balancer_by_its_address(template: Template, place: Place) -> None:
    for _, properties in resources(template, "AWS::ApiGatewayV2::Integration"):
        if properties.get("ConnectionType") == "VPC_LINK":
            del properties["ConnectionType"], properties["ConnectionId"]
            properties |= {"IntegrationType": "HTTP_PROXY", "IntegrationUri": place.calls}


def _let_cloudfront_through(template: Template, place: Place) -> None:
    inside = {
        name: one["VpcOriginEndpointConfig"]["HTTPPort"]
        for name, one in resources(template, "AWS::CloudFront::VpcOrigin")
    }
    host, _, port = place.api.removeprefix("http://").rpartition(":")
    for _, properties in resources(template, "AWS::CloudFront::Distribution"):
        for origin in properties["DistributionConfig"]["Origins"]:
            if through := origin.pop("VpcOriginConfig", None):
                listener = inside[through["VpcOriginId"]["Fn::GetAtt"][0]]
            else:
                origin["DomainName"], listener = host, int(port)
            origin["CustomOriginConfig"] = {"OriginProtocolPolicy": "http-only", "HTTPPort": listener}


def _believe_the_issuer_here(template: Template, place: Place) -> None:
    for _, properties in resources(template, "AWS::ApiGatewayV2::Authorizer"):
        properties["JwtConfiguration"]["Issuer"] = place.front


CHANGES: Final = (
    Change(
        "CloudFront's origins are plain HTTP: the balancer's listener for streams, and the HTTP API where it is here.",
        "The emulator has no VPC origins, dials no name of AWS's, and has no certificates.",
        _let_cloudfront_through,
    ),
    Change(
        "Database addresses, the instance's and the proxy's, are those of a PostgreSQL in a container.",
        "The emulator keeps the record of an instance and runs none; a proxy it does not know.",
        _lead_to_the_database,
    ),
    Change(
        "The owner's secret, which RDS makes, stands in the template.",
        "The emulator makes none.",
        _keep_the_owner_as_a_secret,
    ),
    Change(
        "A service has as many tasks as its scalable target has at least.",
        "The emulator scales nothing by itself.",
        _run_as_many_tasks_as_there_are_at_least,
    ),
    Change(
        f"Left out, with what refers to them: {', '.join(sorted(one.removeprefix('AWS::') for one in LACKING))}.",
        "The emulator refuses a template that names a type it does not know.",
        _drop_what_it_lacks,
    ),
    Change(
        "Alarms that compute from several metrics are left out.",
        "The emulator has alarms of one metric alone.",
        _drop_computed_alarms,
    ),
    Change("A `Ref` of a secret is its ARN.", "The emulator gives its name.", _name_secrets_in_full),
    Change(
        "`ExcludePunctuation` and its like are spelled out in `ExcludeCharacters`.",
        "The emulator knows the latter alone.",
        _spell_out_what_no_secret_has,
    ),
    Change(
        "Tasks run the image as it lies here; an entry point is put before the command, in an image that has none itself.",
        "Nothing was pushed to a registry; the emulator overrides commands alone.",
        _run_the_local_image,
    ),
    Change(
        "`Secrets` of containers are spelled `secrets`, `name`, `valueFrom`.",
        "The emulator hands them to tasks as the API spells them, and takes them from CloudFormation as they are.",
        _spell_secrets_as_the_api_does,
    ),
    Change(
        "`NOUGHTS_BASE_URL` is where people come in here, `NOUGHTS_USERS_URL` and its like the listener inside.",
        "Nothing resolves the names of the domain and of the balancer.",
        _lead_services_here,
    ),
    Change(
        "Services that ask the pool are told where it and its keys are, and a key to ask with.",
        "The issuer of its tokens is AWS's address; a task's role cannot be taken where no name leads to the emulator.",
        _lead_to_the_pool_here,
    ),
    Change(
        "Database addresses ask for no TLS.",
        "The PostgreSQL here has no certificate of Amazon's.",
        _speak_plainly_to_the_database,
    ),
    Change(
        "A `VPC_LINK` integration is `HTTP_PROXY` to the balancer's listener for calls.",
        "The emulator has no VPC links.",
        _call_the_balancer_by_its_address,
    ),
    Change(
        "The JWT authorizer's issuer is where people come in here.",
        "It reads the issuer's keys there, over HTTP.",
        _believe_the_issuer_here,
    ),
)
"""In the order in which they are made."""


def table() -> str:
    """Return the changes as the documentation has them."""
    rows = [f"| {change.what} | {change.why} |" for change in CHANGES]
    return "\n".join(["| Change | Why |", "|---|---|", *rows, ""])

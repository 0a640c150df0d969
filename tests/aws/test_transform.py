"""The changes made for the emulator: each does what it says, and the documentation lists them all."""

import json
from typing import Any

import pytest

from tests.aws import transform
from tests.aws.transform import CHANGES, LACKING, Place, changed
from tests.containers.images import ROOT

PLACE = Place(
    image="noughts:here", bare_image="noughts:bare", front="http://localhost:1", api="http://10.0.0.1:2",
    calls="http://10.0.0.1:3", inside="http://10.0.0.1:4", emulator="http://10.0.0.1:5", account="123456789012",
    database="10.0.0.9:5432", owner={"username": "noughts", "password": "word"},
)  # fmt: skip
BEGIN, END = "<!-- changes -->\n", "<!-- /changes -->"


def made(**resources: dict[str, Any]) -> dict[str, Any]:
    """Return what becomes of these resources: their properties."""
    template = changed({"Resources": resources}, PLACE)
    return {name: one.get("Properties") for name, one in template["Resources"].items()}


def task(**container: Any) -> dict[str, Any]:
    """Return a task of one container."""
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [container]}}


def variables(**values: Any) -> list[dict[str, Any]]:
    """Return variables as a template has them."""
    return [{"Name": name, "Value": value} for name, value in values.items()]


def test_a_template_stays_as_it_is() -> None:
    given = {"Resources": {"Proxy": {"Type": "AWS::RDS::DBProxy"}, "Task": task(Image="far", Secrets=[])}}
    before = json.dumps(given)
    changed(given, PLACE)
    assert json.dumps(given) == before


@pytest.mark.parametrize("lacking", sorted(LACKING))
def test_what_the_emulator_lacks_is_left_out_with_what_refers_to_it(lacking: str) -> None:
    endpoint = {"VpcOriginEndpointConfig": {"HTTPPort": 1}, "ResourceId": ""}
    other = {"Type": "AWS::SNS::Topic", "DependsOn": ["Gone"], "Properties": {"TopicName": {"Ref": "Gone"}}}
    template = {"Resources": {"Gone": {"Type": lacking, "Properties": endpoint}, "Other": other}}
    left = changed(template, PLACE)["Resources"]
    assert left == {"Other": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "Gone-is-not-emulated"}}}


def test_alarms_of_one_metric_stay() -> None:
    kind = "AWS::CloudWatch::Alarm"
    one, several = {"Type": kind, "Properties": {"MetricName": "Errors"}}, {"Type": kind, "Properties": {"Metrics": []}}
    assert made(One=one, Several=several) == {"One": {"MetricName": "Errors"}}


def test_a_service_has_as_many_tasks_as_there_are_at_least() -> None:
    name = {"Fn::Join": ["", ["service/", {"Ref": "Cluster"}, "/", {"Fn::GetAtt": ["Users", "Name"]}]]}
    target = {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "Properties": {"ResourceId": name, "MinCapacity": 2},
    }
    assert made(Users={"Type": "AWS::ECS::Service", "Properties": {}}, Scale=target) == {"Users": {"DesiredCount": 2}}


def test_database_addresses_lead_to_the_one_here() -> None:
    proxy, database = {"Type": "AWS::RDS::DBProxy"}, {"Type": "AWS::RDS::DBInstance", "Properties": {}}
    parts = [{"Fn::GetAtt": ["Proxy", "Endpoint"]}, "|", {"Fn::GetAtt": ["Database", "Endpoint.Address"]}, "?sslmode=x"]
    address = {"Fn::Join": ["", parts]}
    (container,) = made(Proxy=proxy, Database=database, T=task(Environment=variables(NOUGHTS_DATABASE=address)))["T"][
        "ContainerDefinitions"
    ]
    assert container["Environment"] == variables(NOUGHTS_DATABASE={"Fn::Join": ["", ["10.0.0.9", "|", "10.0.0.9", ""]]})


def test_the_owner_s_secret_is_there_to_be_read() -> None:
    database = {"Type": "AWS::RDS::DBInstance", "Properties": {}}
    reader = {"Type": "AWS::SNS::Topic", "Properties": {"X": {"Fn::GetAtt": ["Db", "MasterUserSecret.SecretArn"]}}}
    found = made(Db=database, Reader=reader)
    assert json.loads(found["DbOwner"]["SecretString"]) == PLACE.owner
    assert found["Reader"] == {"X": {"Fn::GetAtt": ["DbOwner", "Id"]}}


def test_a_generated_secret_has_none_of_the_excluded_characters_by_name() -> None:
    given = {"ExcludePunctuation": True, "ExcludeCharacters": "xyz!"}
    found = made(S={"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": given}})
    excluded = found["S"]["GenerateSecretString"]["ExcludeCharacters"]
    assert {*"xyz!$\\\"'"} <= {*excluded}
    assert len(excluded) == len({*excluded})


def test_tasks_run_the_image_here_and_an_entry_point_goes_before_the_command() -> None:
    plain, with_entry = task(Image="far", Command=["serve"]), task(Image="far", EntryPoint=["sh", "-c"], Command=["x"])
    found = made(Plain=plain, Entry=with_entry)
    assert found["Plain"]["ContainerDefinitions"] == [{"Image": "noughts:here", "Command": ["serve"]}]
    assert found["Entry"]["ContainerDefinitions"] == [{"Image": "noughts:bare", "Command": ["sh", "-c", "x"]}]


def test_tasks_are_told_where_everything_is_here() -> None:
    pool = {"Ref": "Pool"}
    told = variables(NOUGHTS_BASE_URL="https://far", NOUGHTS_USERS_URL="http://far:8002", NOUGHTS_COGNITO_POOL=pool)
    secret = {"Name": "NOUGHTS_SECRET", "ValueFrom": "arn"}
    (container,) = made(T=task(Environment=told, Secrets=[secret]))["T"]["ContainerDefinitions"]
    found = {one["Name"]: one["Value"] for one in container["Environment"]}
    assert (found["NOUGHTS_BASE_URL"], found["NOUGHTS_USERS_URL"]) == (PLACE.front, PLACE.inside)
    assert found["NOUGHTS_COGNITO_ENDPOINT"] == PLACE.emulator
    assert found["NOUGHTS_COGNITO_JWKS"]["Fn::Join"][1][1] == pool
    assert container["secrets"] == [{"name": "NOUGHTS_SECRET", "valueFrom": "arn"}]


def test_the_api_calls_the_balancer_and_believes_the_issuer_here() -> None:
    integration = {
        "ConnectionType": "VPC_LINK",
        "ConnectionId": "c",
        "IntegrationUri": "arn",
        "IntegrationMethod": "ANY",
    }
    found = made(
        I={"Type": "AWS::ApiGatewayV2::Integration", "Properties": integration},
        A={"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {"JwtConfiguration": {"Issuer": "https://far"}}},
    )
    assert found["I"] == {"IntegrationType": "HTTP_PROXY", "IntegrationUri": PLACE.calls, "IntegrationMethod": "ANY"}
    assert found["A"]["JwtConfiguration"]["Issuer"] == PLACE.front


def test_cloudfront_s_origins_are_plain() -> None:
    through = {"VpcOriginConfig": {"VpcOriginId": {"Fn::GetAtt": ["Inside", "Id"]}}, "DomainName": "balancer"}
    origins = [{"DomainName": "api", "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"}}, through]
    found = made(
        Inside={"Type": "AWS::CloudFront::VpcOrigin", "Properties": {"VpcOriginEndpointConfig": {"HTTPPort": 8001}}},
        D={"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {"Origins": origins}}},
    )
    plain = {"OriginProtocolPolicy": "http-only"}
    assert found["D"]["DistributionConfig"]["Origins"] == [
        {"DomainName": "10.0.0.1", "CustomOriginConfig": plain | {"HTTPPort": 2}},
        {"DomainName": "balancer", "CustomOriginConfig": plain | {"HTTPPort": 8001}},
    ]


def test_the_documentation_lists_every_change() -> None:
    text = (ROOT / "docs/aws.md").read_text()
    assert text.partition(BEGIN)[2].partition(END)[0] == transform.table()
    assert all(change.what.endswith(".") and change.why.endswith(".") for change in CHANGES)

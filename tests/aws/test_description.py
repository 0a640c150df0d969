"""What the emulator says was made: the network, the database, the pool, the balancer, the services."""

import json
from typing import Any

from botocore.exceptions import ClientError

from tests.aws.cloud import CALLS, INSIDE, SERVICES, STREAMS, Cloud
from tests.aws.templates import NEEDED
from tests.aws.transform import LACKING

pytestmark = NEEDED


def subnets(cloud: Cloud) -> dict[str, list[dict[str, Any]]]:
    """Return the subnets by what they are for."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in cloud.emulator.client("ec2").describe_subnets()["Subnets"]:
        tags = {tag["Key"]: tag["Value"] for tag in one.get("Tags", ())}
        if kind := tags.get("aws-cdk:subnet-type"):
            found.setdefault(kind, []).append(one)
    return found


def ways_out(cloud: Cloud, subnet: dict[str, Any]) -> list[str]:
    """Return where a subnet's routes lead but to the network itself."""
    chosen = [{"Name": "association.subnet-id", "Values": [subnet["SubnetId"]]}]
    (table,) = cloud.emulator.client("ec2").describe_route_tables(Filters=chosen)["RouteTables"]
    return [one["GatewayId"] for one in table["Routes"] if one.get("GatewayId", "local") != "local"]


def test_two_zones_have_a_public_a_private_and_an_isolated_subnet_each(cloud: Cloud) -> None:
    found = subnets(cloud)
    zones = {kind: sorted(one["AvailabilityZone"] for one in some) for kind, some in found.items()}
    both = ["eu-central-1a", "eu-central-1b"]
    assert zones == {"Public": both, "Private": both, "Isolated": both}
    assert {one["VpcId"] for some in found.values() for one in some} == {found["Public"][0]["VpcId"]}
    (network,) = cloud.emulator.client("ec2").describe_vpcs(VpcIds=[found["Public"][0]["VpcId"]])["Vpcs"]
    assert network["CidrBlock"] == "10.20.0.0/16"


def test_the_internet_is_reached_from_public_subnets_alone(cloud: Cloud) -> None:
    for kind, some in subnets(cloud).items():
        for subnet in some:
            internet = [one for one in ways_out(cloud, subnet) if one.startswith("igw-")]
            assert len(internet) == (kind == "Public"), (kind, subnet["SubnetId"])


def test_the_database_is_kept_twice_sealed_and_away_from_everybody(cloud: Cloud) -> None:
    (found,) = cloud.emulator.client("rds").describe_db_instances()["DBInstances"]
    assert (found["Engine"], found["MultiAZ"], found["StorageEncrypted"], found["PubliclyAccessible"]) == (
        "postgres", True, True, False,
    )  # fmt: skip
    assert (found["DeletionProtection"], found["BackupRetentionPeriod"]) == (True, 14)
    isolated = {one["SubnetId"] for one in subnets(cloud)["Isolated"]}
    assert {one["SubnetIdentifier"] for one in found["DBSubnetGroup"]["Subnets"]} == isolated


def test_the_pool_freezes_nothing_and_is_not_deleted_by_mistake(cloud: Cloud) -> None:
    cognito = cloud.emulator.client("cognito-idp")
    (listed,) = cognito.list_user_pools(MaxResults=10)["UserPools"]
    pool = cognito.describe_user_pool(UserPoolId=listed["Id"])["UserPool"]
    assert (pool["AliasAttributes"], pool["UsernameConfiguration"]) == (["email"], {"CaseSensitive": False})
    assert (pool["DeletionProtection"], pool["MfaConfiguration"]) == ("ACTIVE", "OPTIONAL")
    assert [one["Name"] for one in pool["SchemaAttributes"] if one.get("Required") and one["Name"] != "sub"] == []
    (client,) = cognito.list_user_pool_clients(UserPoolId=listed["Id"], MaxResults=10)["UserPoolClients"]
    told = cognito.describe_user_pool_client(UserPoolId=listed["Id"], ClientId=client["ClientId"])["UserPoolClient"]
    assert told["PreventUserExistenceErrors"] == "ENABLED"
    assert told["ClientSecret"] == cloud.secret("ClientSecret", "Identity")


def test_the_balancer_is_inside_and_listens_to_three_kinds_of_callers(cloud: Cloud) -> None:
    elb = cloud.emulator.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    assert balancer["Scheme"] == "internal"
    assert {one["SubnetId"] for one in balancer["AvailabilityZones"]} == {
        one["SubnetId"] for one in subnets(cloud)["Private"]
    }
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert sorted(one["Port"] for one in listeners) == [CALLS, STREAMS, INSIDE]
    for listener in listeners:
        rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
        (default,) = [one for one in rules if one["IsDefault"]]
        refused = "404" if listener["Port"] == INSIDE else "403"
        assert default["Actions"][0]["FixedResponseConfig"]["StatusCode"] == refused


def test_every_service_has_two_tasks_and_the_balancer_knows_where_they_are(cloud: Cloud) -> None:
    ecs, elb = cloud.emulator.client("ecs"), cloud.emulator.client("elbv2")
    cluster = cloud.outputs["Cluster"]["ClusterName"]
    services = ecs.describe_services(cluster=cluster, services=[*SERVICES])["services"]
    assert sorted(one["serviceName"] for one in services) == sorted(SERVICES)
    for service in services:
        assert (service["desiredCount"], service["runningCount"]) == (2, 2)
        (target,) = service["loadBalancers"]
        known = elb.describe_target_health(TargetGroupArn=target["targetGroupArn"])["TargetHealthDescriptions"]
        assert {one["Target"]["Id"] for one in known} == {
            cloud.address(task) for task in cloud.tasks(service["serviceName"])
        }


def test_tasks_are_real_containers_of_the_project_s_image(cloud: Cloud) -> None:
    running = [one for one in cloud.emulator.containers() if one["State"] == "running"]
    serving = [(one["Image"], *one["Command"]) for one in running if one["Command"][0] == "serve"]
    assert sorted(serving) == sorted((cloud.place.image, "serve", service) for service in SERVICES for _ in range(2))


def test_the_migration_was_done_before_any_service_began(cloud: Cloud) -> None:
    ecs, cluster = cloud.emulator.client("ecs"), cloud.outputs["Cluster"]["ClusterName"]
    (arn,) = ecs.list_tasks(cluster=cluster, family="noughts-migration", desiredStatus="STOPPED")["taskArns"]
    (migration,) = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
    assert [one["exitCode"] for one in migration["containers"]] == [0]
    begun = [task["createdAt"] for service in SERVICES for task in cloud.tasks(service)]
    assert migration["stoppedAt"] <= min(begun)
    assert "noughts_games: made" in cloud.said("/noughts/migration")


def test_what_is_left_out_is_what_the_emulator_refuses_and_nothing_else(cloud: Cloud) -> None:
    formation = cloud.emulator.client("cloudformation")

    def is_refused(kind: str) -> bool:
        try:
            formation.validate_template(TemplateBody=json.dumps({"Resources": {"One": {"Type": kind}}}))
        except ClientError as error:
            return "Unrecognized resource types" in str(error)
        return False

    kinds = {one["Type"] for stack in cloud.described.values() for one in stack.template["Resources"].values()}
    assert {kind for kind in kinds if is_refused(kind)} == LACKING

"""The deployment as it is described: the same each time, clean by two judges, and right in what matters most."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from noughts.compose.settings import read_settings
from tests.aws.templates import NEEDED, ROOT, Json, Templates, found, leads_to, synthesise

pytestmark = NEEDED
SERVICES: Final = ("users", "auth", "games", "gateway")
TEMPLATE_LIMIT: Final = 51_200
RULE_VALUES: Final = 5


@pytest.fixture(scope="module")
def templates() -> Templates:
    """What was synthesised."""
    return found()


# As a whole.


def test_the_same_templates_come_out_twice_and_cfn_lint_finds_nothing_in_them(
    templates: Templates, tmp_path: Path
) -> None:
    assert synthesise(tmp_path / "again").returncode == 0
    assert Templates(tmp_path / "again").texts == templates.texts

    program, files = Path(sys.executable).parent / "cfn-lint", (tmp_path / "again").glob("*.template.json")
    command = [str(program), "--regions", "eu-central-1", "us-east-1", "--", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_cdk_nag_finds_nothing_but_what_is_exempted_with_a_reason(templates: Templates, tmp_path: Path) -> None:
    """Without the exemptions it fails, and names exactly the rules that are exempted: none is there for nothing."""
    bare = "import sys; sys.path.insert(0, 'infra/aws'); import exemptions; exemptions.exempt = lambda *_: None; import runpy; runpy.run_path('infra/aws/app.py', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", bare], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"CDK_OUTDIR": str(tmp_path / "bare"), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    told = set(re.findall(r"Acknowledge with 'AwsSolutions::([^']+)'", done.stdout + done.stderr))
    sources = "".join(file.read_text() for file in (ROOT / "infra/aws").glob("*.py"))

    assert done.returncode != 0
    assert told == set(re.findall(r'"(AwsSolutions-[^"]+)"', sources))
    assert all(report["conclusion"] == "success" for report in templates.report["pluginReports"])


def test_every_template_fits_into_a_call_of_the_api(templates: Templates) -> None:
    sizes = {name: len(json.dumps(one, separators=(",", ":"))) for name, one in templates.stacks.items()}

    assert max(sizes.values()) < TEMPLATE_LIMIT, sizes


def test_values_come_from_the_environment(tmp_path: Path) -> None:
    many = json.dumps({"cpu": 2048, "memory": 4096, "least": 4, "most": 40})
    zones = json.dumps(["us-east-1b", "us-east-1d"])
    settings = {"name": "tictac", "region": "us-east-1", "zones": zones, "auth": many, "domain": "play.example.org"}
    assert synthesise(tmp_path / "cdk.out", **settings).returncode == 0
    made = Templates(tmp_path / "cdk.out")

    assert made.only("AWS::CloudFront::Distribution")["DistributionConfig"]["Aliases"] == ["play.example.org"]
    assert {one["AvailabilityZone"] for _, one in made.of("AWS::EC2::Subnet")} == {"us-east-1b", "us-east-1d"}
    assert (4, 40) in {
        (one["MinCapacity"], one["MaxCapacity"]) for _, one in made.of("AWS::ApplicationAutoScaling::ScalableTarget")
    }
    assert "noughts-" not in json.dumps([*made.of("AWS::RDS::DBProxy"), *made.of("AWS::CloudWatch::Alarm")])


@pytest.mark.parametrize("setting", [{"domian": "play.example.com"}, {"identity": "somebody"}, {"name": "No Name"}])
def test_a_setting_that_is_none_ends_it(tmp_path: Path, setting: dict[str, str]) -> None:
    assert synthesise(tmp_path / "cdk.out", **setting).returncode != 0


# The database and secrets.


def test_the_database_is_private_encrypted_doubled_and_backed_up(templates: Templates) -> None:
    database = templates.only("AWS::RDS::DBInstance")

    assert database["PubliclyAccessible"] is False
    assert database["StorageEncrypted"] is True
    assert database["MultiAZ"] is True
    assert database["DeletionProtection"] is True
    assert database["BackupRetentionPeriod"] >= 14
    assert database["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in database
    assert templates.only("AWS::RDS::DBParameterGroup")["Parameters"]["rds.force_ssl"] == "1"


def test_what_holds_data_outlives_its_stack(templates: Templates) -> None:
    kept = ("AWS::RDS::DBInstance", "AWS::SecretsManager::Secret", "AWS::Cognito::UserPool", "AWS::ECR::Repository")
    found = [one for stack in templates.stacks.values() for one in stack["Resources"].values() if one["Type"] in kept]

    assert {one["Type"] for one in found} == set(kept)
    assert {one["DeletionPolicy"] for one in found if not is_the_clients(one)} <= {"Retain", "Snapshot"}


def is_the_clients(resource: Json) -> bool:
    """Return whether it is the copy of the app client's secret, which goes with the client."""
    return "SecretString" in resource.get("Properties", {})


def test_no_secret_stands_in_a_template(templates: Templates) -> None:
    told = {one["Name"] for container in templates.containers() for one in container.get("Environment", ())}
    held = {one["Name"] for container in templates.containers() for one in container.get("Secrets", ())}
    literal = [
        one for _, one in templates.of("AWS::SecretsManager::Secret") if isinstance(one.get("SecretString"), str)
    ]

    assert not [name for name in told if re.search("SECRET|PASSWORD", name)]
    assert {"NOUGHTS_SECRET", "NOUGHTS_ORIGIN_SECRET", "PGPASSWORD", "NOUGHTS_SMTP_PASSWORD"} <= held
    assert literal == []
    assert not re.search('postgresql://[^@"]*:', json.dumps(templates.stacks["Services"]))


def test_the_installations_secret_is_64_hex_digits(templates: Templates) -> None:
    (made,) = [
        one["GenerateSecretString"]
        for name, one in templates.of("AWS::SecretsManager::Secret")
        if "Installation" in name
    ]
    left = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") - set(made["ExcludeCharacters"])

    assert left == set("0123456789abcdefABCDEF")
    assert (made["PasswordLength"], made["ExcludePunctuation"]) == (64, True)


def test_news_goes_round_the_proxy_and_statements_through_it(templates: Templates) -> None:
    for name in ("users", "auth", "games"):
        told = settings_of(templates, name)
        assert "Proxy" in json.dumps(told["NOUGHTS_DATABASE"])
        assert "verify-full" in json.dumps(told["NOUGHTS_DATABASE"])
        assert "Proxy" not in json.dumps(told["NOUGHTS_EVENTS"])
        assert f"noughts_{name}@" in json.dumps(told["NOUGHTS_DATABASE"])
    assert "NOUGHTS_DATABASE" not in settings_of(templates, "gateway")


# Tasks.


def settings_of(templates: Templates, service: str) -> Json:
    """Return a service's plain settings."""
    (found,) = [one for one in templates.containers() if one["Name"] == service]
    return {one["Name"]: one["Value"] for one in found["Environment"]}


def test_nobody_is_root_and_nothing_is_written(templates: Templates) -> None:
    found = list(templates.containers())

    assert Counter(one["Name"] for one in found) == Counter([*SERVICES, "migration", "gauges"])
    for container in found:
        assert container["User"] == "10001:10001"
        assert container["ReadonlyRootFilesystem"] is True
        assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
        assert not container.get("Privileged")


def test_every_setting_is_one_that_noughts_knows(templates: Templates) -> None:
    for container in templates.containers():
        given = {one["Name"]: "" for one in container.get("Environment", ()) if one["Name"].startswith("NOUGHTS_")}
        given |= {one["Name"]: "" for one in container.get("Secrets", ()) if one["Name"].startswith("NOUGHTS_")}
        known = {"NOUGHTS_WAIT_S": "60", "NOUGHTS_DRAIN_S": "5", "NOUGHTS_ADMIN_PORT": "9100"}
        known |= {"NOUGHTS_SIGNING_ALGORITHM": "RS256", "NOUGHTS_IDENTITY": "local"}
        read_settings({name: known.get(name, "") for name in given})
        assert "NOUGHTS_TRUSTED_PROXIES" not in given


def test_a_task_that_stops_is_given_longer_than_it_drains(templates: Templates) -> None:
    for name in SERVICES:
        (found,) = [one for one in templates.containers() if one["Name"] == name]
        assert found["StopTimeout"] >= int(settings_of(templates, name)["NOUGHTS_DRAIN_S"]) + 10 + 5
        assert found["HealthCheck"]["Command"][0] == "CMD"


def test_services_stay_private_and_roll_back_by_themselves(templates: Templates) -> None:
    found = dict(templates.of("AWS::ECS::Service"))

    assert {one["ServiceName"] for one in found.values()} == set(SERVICES)
    for service in found.values():
        rolled = service["DeploymentConfiguration"]
        assert rolled["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
        assert rolled["MinimumHealthyPercent"] == 100
        assert service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"


def test_sign_in_scales_by_its_hash_queue_and_everything_by_its_processor(templates: Templates) -> None:
    followed = [json.dumps(one) for _, one in templates.of("AWS::ApplicationAutoScaling::ScalingPolicy")]

    assert sum("ECSServiceAverageCPUUtilization" in one for one in followed) == len(SERVICES)
    assert sum('"hash_queue"' in one for one in followed) == 1


def test_tasks_may_ask_of_the_pool_what_the_documentation_lists_and_nothing_else_of_aws(templates: Templates) -> None:
    listed = re.findall(
        r"^\| `(users|auth)` \| (`cognito-idp:.*) \|$", (ROOT / "docs/cognito.md").read_text(), re.MULTILINE
    )
    policies = {name: one for name, one in templates.of("AWS::IAM::Policy") if "TaskRole" in name}
    may = {leads_to(one["Roles"], "TaskRole"): one["PolicyDocument"]["Statement"] for one in policies.values()}

    assert {name: [statement["Action"] for statement in some] for name, some in may.items()} == {
        name: [sorted(re.findall(r"`([^`]+)`", actions))] for name, actions in listed
    }
    assert all("Pool" in json.dumps(statement["Resource"]) for some in may.values() for statement in some)


# The network.


def test_groups_let_in_what_must_and_nobody_from_anywhere(templates: Templates) -> None:
    groups = dict(templates.of("AWS::EC2::SecurityGroup"))
    inline = [(name, rule) for name, one in groups.items() for rule in one.get("SecurityGroupIngress", ())]
    between = Counter(
        (group_name(one["SourceSecurityGroupId"]), group_name(one["GroupId"]), one["FromPort"])
        for _, one in templates.of("AWS::EC2::SecurityGroupIngress")
    )

    assert [(rule["CidrIp"], rule["FromPort"]) for _, rule in inline] == [
        ("10.20.16.0/20", 8001),
        ("10.20.32.0/20", 8001),
    ]
    assert between == Counter(
        [("Link", "Balancer", 8000)]
        + [("Balancer", name.capitalize(), 8000) for name in SERVICES]
        + [(name.capitalize(), "Balancer", 8002) for name in SERVICES]
        + [(name, target, 5432) for name in ("Users", "Auth", "Games") for target in ("Proxy", "Database")]
        + [("Migration", "Database", 5432), ("Proxy", "Database", 5432), ("Users", "Endpoints", 587)]
        + [(name, "Endpoints", 443) for name in ("Users", "Auth", "Games", "Gateway", "Migration")]
    )


def group_name(reference: Json) -> str:
    """Return which group a reference leads to."""
    return re.match("[A-Z][a-z]+", reference["Fn::GetAtt"][0])[0]  # type: ignore[index]


def test_nothing_has_a_public_address_and_nothing_leads_out(templates: Templates) -> None:
    assert not list(templates.of("AWS::EC2::NatGateway"))
    assert not any(one["MapPublicIpOnLaunch"] for _, one in templates.of("AWS::EC2::Subnet"))
    assert templates.only("AWS::ElasticLoadBalancingV2::LoadBalancer")["Scheme"] == "internal"


def test_each_zone_has_a_public_a_private_and_an_isolated_subnet(templates: Templates) -> None:
    found = Counter(one["AvailabilityZone"] for _, one in templates.of("AWS::EC2::Subnet"))

    assert found == {"eu-central-1a": 3, "eu-central-1b": 3}

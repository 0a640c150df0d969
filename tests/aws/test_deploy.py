"""Deploying, against an emulated CloudFormation: what would change is shown first, and asked for once."""

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests import servers
from tests.aws.templates import NEEDED, ROOT, found

pytestmark = NEEDED
REGION: Final = "eu-central-1"


@pytest.fixture(scope="module")
def formation() -> Iterator[ModuleType]:
    """What deploys a stack."""
    spec = importlib.util.spec_from_file_location("formation", ROOT / "infra/aws/formation.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["formation"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["formation"]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an emulator that runs nothing, and keeps what it is told."""
    port, log = servers.free_port(), tmp_path_factory.mktemp("ministack") / "log"
    own = {
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "NO_PROXY": "*",
        "LOG_LEVEL": "WARNING",
    }
    own |= {"GATEWAY_PORT": str(port), "EDGE_PORT": str(port), "MINISTACK_REGION": REGION}
    given = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DOCKER_"))} | own
    with (
        log.open("wb") as file,
        subprocess.Popen([sys.executable, "-m", "ministack"], env=given, stdout=file, stderr=file) as process,
    ):
        try:
            for _ in range(600):
                with contextlib.suppress(httpx.TransportError):
                    if httpx.get(f"http://127.0.0.1:{port}/_ministack/health", trust_env=False).is_success:
                        break
                time.sleep(0.1)
            else:
                pytest.fail(f"ministack does not answer: {log.read_text()}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture
def client(emulator: str, request: pytest.FixtureRequest) -> Any:
    """A CloudFormation in which there is nothing yet: each test's account is its own."""
    account = f"{abs(hash(request.node.name)) % 10**12:012}"
    return _client(emulator, "cloudformation", account)


def _client(emulator: str, service: str, account: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]  # the tests name it
        region_name=REGION, endpoint_url=emulator, aws_access_key_id=account, aws_secret_access_key="nothing",
        config=Config(proxies={}),
    )  # fmt: skip


def template(**more: Any) -> str:
    """Return the registry's template, with whatever else."""
    found_ = found().stacks["Registry"]
    return json.dumps(found_ | {"Resources": found_["Resources"] | more})


def test_a_stack_is_shown_made_and_then_there_is_nothing_to_change(formation: ModuleType, client: Any) -> None:
    stack = formation.Stack(client, "noughts-registry", poll_s=0.01)

    assert stack.outputs() == {}
    assert [line.split()[:2] for line in stack.propose(template(), {})] == [["add", "AWS::ECR::Repository"]]
    assert any("CREATE_COMPLETE" in line for line in stack.execute())
    assert stack.outputs()["Address"].endswith("/noughts")
    assert stack.propose(template(), {}) == []


def test_what_is_declined_is_not_done_and_may_be_proposed_again(formation: ModuleType, client: Any) -> None:
    stack = formation.Stack(client, "noughts-registry", poll_s=0.01)
    assert stack.propose(template(), {})
    stack.decline()
    assert stack.outputs() == {}

    assert stack.propose(template(), {})
    assert list(stack.execute())


def test_a_change_shows_what_is_changed_and_nothing_else(formation: ModuleType, client: Any) -> None:
    stack = formation.Stack(client, "noughts-registry", poll_s=0.01)
    stack.propose(template(), {})
    list(stack.execute())

    lines = stack.propose(template(More={"Type": "AWS::SNS::Topic"}), {})

    assert [line.split() for line in lines] == [["add", "AWS::SNS::Topic", "More"]]
    assert any("More" in line for line in stack.execute())


def test_a_stack_that_cannot_be_made_says_so(formation: ModuleType, client: Any) -> None:
    stack = formation.Stack(client, "noughts-registry", poll_s=0.01)
    broken = template(More={"Type": "AWS::Nowhere::Nothing"})

    def deploy() -> None:
        stack.propose(broken, {})
        list(stack.execute())

    with pytest.raises((formation.Failed, ClientError), match="Nowhere"):
        deploy()


@pytest.mark.parametrize(
    ("words", "said"), [(["Everything"], "Everything is no stack"), ([], "DEPLOY_DOMAIN"), (["--yes"], "DEPLOY_DOMAIN")]
)
def test_an_example_is_deployed_by_nobody(words: list[str], said: str) -> None:
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("DEPLOY_", "AWS_"))}
    command = [sys.executable, str(ROOT / "infra/aws/deploy.py"), *words]
    done = subprocess.run(command, env=mine, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1

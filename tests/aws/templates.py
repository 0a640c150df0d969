"""The deployment's templates, synthesised once for all tests, and what to ask of them."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
APP: Final = ROOT / "infra" / "aws" / "app.py"
Json = dict[str, Any]
NEEDED: Final = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("aws_cdk") is None, reason="aws-cdk-lib is not installed: `make test` installs it"
    ),
]
"""The marks of tests that look at templates."""


def synthesise(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the application, as an operator would."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("DEPLOY_", "CDK_", "AWS_"))}
    mine |= {"CDK_OUTDIR": str(folder), "PYTHONPATH": str(ROOT / "src")}
    mine |= {f"DEPLOY_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, str(APP)],
        cwd=folder.parent,
        env=mine,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


class Templates:
    """What was synthesised into a folder."""

    def __init__(self, folder: Path) -> None:
        self.texts = {file.name.split(".")[0]: file.read_bytes() for file in sorted(folder.glob("*.template.json"))}
        self.stacks: dict[str, Json] = {name: json.loads(text) for name, text in self.texts.items()}
        self.report: Json = json.loads((folder / "validation-report.json").read_text())

    def of(self, kind: str) -> Iterator[tuple[str, Json]]:
        """Yield logical id and properties of each resource of this type, whichever stack it is in."""
        for stack in self.stacks.values():
            for name, resource in stack["Resources"].items():
                if resource["Type"] == kind:
                    yield name, resource.get("Properties", {})

    def only(self, kind: str) -> Json:
        """Return the properties of the only resource of this type."""
        ((_, found),) = self.of(kind)
        return found

    def containers(self) -> Iterator[Json]:
        """Yield every container of every task."""
        for _, task in self.of("AWS::ECS::TaskDefinition"):
            yield from task["ContainerDefinitions"]


@cache
def found() -> Templates:
    """Return what the application synthesises."""
    with tempfile.TemporaryDirectory(prefix="noughts-") as name:
        folder = Path(name) / "cdk.out"
        done = synthesise(folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return Templates(folder)


def leads_to(reference: object, kind: str) -> str:
    """Return which one of a kind a reference leads to, in its own stack or another: `Users` of `UsersTargets4F2A`."""
    match = re.search(rf"(?:OutputRef|OutputFnGetAtt|\")([A-Z][a-z]+){kind}", json.dumps(reference))
    assert match is not None, reference
    return match[1].lower()

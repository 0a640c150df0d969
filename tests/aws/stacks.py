"""The deployment's stacks: synthesised as an operator would, and created by what `make deploy` creates them with."""

import importlib.util
import json
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

from tests.aws.templates import ROOT, synthesise

_NEEDS: Final = {"Edge": {"Firewall"}, "Calls": {"Services"}}
"""What no reference in the templates says: the other region's access list, and that the issuer answers."""
_POLL_S: Final = 0.05


class Stack(NamedTuple):
    """A synthesised stack: its id in the application, its name, its region, and its template."""

    id: str
    name: str
    region: str
    template: dict[str, Any]


def synthesised(folder: Path) -> list[Stack]:
    """Return what `infra/aws/app.py` makes, in an order in which it can be deployed."""
    done = synthesise(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    found = {name: one for name, one in artifacts.items() if one["type"] == "aws:cloudformation:stack"}
    needs = {name: {*one.get("dependencies", ()), *_NEEDS.get(name, ())} & found.keys() for name, one in found.items()}
    return [_stack(folder, name, found[name]) for name in TopologicalSorter(needs).static_order()]


def _stack(folder: Path, name: str, artifact: dict[str, Any]) -> Stack:
    told = artifact["properties"]
    template = json.loads((folder / told["templateFile"]).read_text())
    return Stack(name, told["stackName"], artifact["environment"].rpartition("/")[2], template)


def create(client: Any, name: str, template: dict[str, Any], parameters: dict[str, str]) -> dict[str, str]:
    """Create a stack and return its outputs; raises RuntimeError with what failed."""
    formation = _formation()
    stack = formation.Stack(client, name, poll_s=_POLL_S)
    stack.propose(json.dumps(template, separators=(",", ":")), parameters)
    try:
        for _ in stack.execute():
            pass
    except formation.Failed as error:
        events = client.describe_stack_events(StackName=name)["StackEvents"]
        failed = [f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason')}"
                  for one in events if one["ResourceStatus"].endswith("FAILED")]  # fmt: skip
        raise RuntimeError(f"{error} {'; '.join(failed)}") from None
    return dict(stack.outputs())


def _formation() -> ModuleType:
    """Return the module: `infra/aws` is a folder of scripts, no package."""
    spec = importlib.util.spec_from_file_location("formation", ROOT / "infra/aws/formation.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

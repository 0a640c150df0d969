"""The Kubernetes manifests, read: what they declare, and what their network lets through."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import yaml

from tests.containers.images import ROOT

FOLDER: Final = ROOT / "infra/kubernetes"
NAME: Final = "app.kubernetes.io/name"
Manifest = dict[str, Any]


def manifests(*kinds: str) -> list[Manifest]:
    """Return the manifests of these kinds, or all."""
    return [manifest for manifest in _all() if not kinds or manifest["kind"] in kinds]


@cache
def _all() -> list[Manifest]:
    files = sorted(set(FOLDER.glob("*.yaml")) - {FOLDER / "kustomization.yaml"})
    return [manifest for file in files for manifest in yaml.safe_load_all(file.read_text())]


def named(kind: str, name: str) -> Manifest:
    """Return one manifest."""
    (found,) = [manifest for manifest in manifests(kind) if manifest["metadata"]["name"] == name]
    return found


def title(manifest: Manifest) -> str:
    """Return how a manifest is called."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def workloads() -> list[Manifest]:
    """Return what makes pods."""
    return manifests("Deployment", "Job")


def containers(workload: Manifest) -> list[Manifest]:
    """Return every container of its pods."""
    pod = workload["spec"]["template"]["spec"]
    return [*pod.get("initContainers", ()), *pod["containers"]]


def labels(workload: Manifest) -> dict[str, str]:
    """Return the labels of its pods."""
    return dict(workload["spec"]["template"]["metadata"]["labels"])


def selects(selector: Manifest, of: dict[str, str]) -> bool:
    """Return whether a selector chooses pods with these labels."""
    exactly = all(of.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    rules = selector.get("matchExpressions", ())
    return exactly and all(rule["operator"] == "In" and of.get(rule["key"]) in rule["values"] for rule in rules)


def flows(direction: str) -> set[tuple[str, str, int]]:
    """Return what policies let pass among the pods: (from, to, port), as the `Egress` or the `Ingress` side has it."""
    return set(_flows(direction))


def _flows(direction: str) -> Iterator[tuple[str, str, int]]:
    rules, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    for policy in manifests("NetworkPolicy"):
        here = [pod for pod in workloads() if selects(policy["spec"]["podSelector"], labels(pod))]
        for rule in policy["spec"].get(rules, ()):
            there = [
                pod
                for peer in rule.get(peers, ())
                if "namespaceSelector" not in peer
                for pod in workloads()
                if selects(peer["podSelector"], labels(pod))
            ]
            for one in here:
                for other in there:
                    ends = (labels(one)[NAME], labels(other)[NAME])
                    yield from ((*(ends if rules == "egress" else ends[::-1]), port["port"]) for port in rule["ports"])

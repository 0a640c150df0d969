"""The Kubernetes manifests: valid, on the shortest leash Kubernetes has, and of one piece."""

import os
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml

from noughts import compose
from tests.containers.manifests import (
    FOLDER,
    NAME,
    Manifest,
    containers,
    flows,
    labels,
    manifests,
    named,
    selects,
    title,
    workloads,
)

VERSIONS = ("1.31", kubernetes_validate.latest_version())
DEPLOYMENTS = {"users", "auth", "games", "gateway", "envoy"}
GRACE_S = 10


def environment(container: Manifest) -> dict[str, str]:
    """Return what a container is told, but for what stands in files."""
    told = dict(named("ConfigMap", "noughts")["data"])
    told |= {one["name"]: one["value"] for one in container.get("env", ())}
    return {name: value for name, value in told.items() if not name.endswith("_FILE")}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", manifests(), ids=title)
def test_every_manifest_is_valid(manifest: Manifest, version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_a_manifest_that_is_wrong_is_found_out() -> None:
    wrong = named("Deployment", "users") | {"spec": named("Deployment", "users")["spec"] | {"replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_all_of_them_are_applied_together() -> None:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    assert set(listed["resources"]) == {file.name for file in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    images = {container["image"] for workload in workloads() for container in containers(workload)}
    assert {image["name"] for image in listed["images"]} == images == {"noughts", "noughts-envoy"}


@pytest.mark.parametrize("workload", workloads(), ids=title)
def test_no_container_runs_as_root_or_may_do_what_it_need_not(workload: Manifest) -> None:
    pod = workload["spec"]["template"]["spec"]
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == context["runAsGroup"] == 10001
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert named("ServiceAccount", pod["serviceAccountName"])["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert not [volume for volume in pod["volumes"] if "hostPath" in volume]
    for container in containers(workload):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"].keys() == container["resources"]["requests"].keys() == {"cpu", "memory"}


def test_the_namespace_itself_refuses_less() -> None:
    told = named("Namespace", "noughts")["metadata"]["labels"]
    assert told["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("deployment", manifests("Deployment"), ids=title)
def test_every_deployment_scales_survives_drained_nodes_and_is_replaced_without_a_gap(deployment: Manifest) -> None:
    name, spec = deployment["metadata"]["name"], deployment["spec"]
    scaler, budget = named("HorizontalPodAutoscaler", name)["spec"], named("PodDisruptionBudget", name)["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    assert 2 <= scaler["minReplicas"] < scaler["maxReplicas"]
    assert "replicas" not in spec  # it is the autoscaler's to say
    assert selects(budget["selector"], labels(deployment))
    assert budget["maxUnavailable"] < scaler["minReplicas"]
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    spread = spec["template"]["spec"]["topologySpreadConstraints"]
    assert all(selects(one["labelSelector"], labels(deployment)) for one in spread)
    assert {one["topologyKey"] for one in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    (container,) = containers(deployment)
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()


@pytest.mark.parametrize("deployment", manifests("Deployment"), ids=title)
def test_every_pod_has_the_time_to_drain_before_it_is_killed(deployment: Manifest) -> None:
    pod = deployment["spec"]["template"]["spec"]
    (container,) = containers(deployment)
    ahead = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["0"])
    drain = float(ahead[-1]) or float(environment(container)["NOUGHTS_DRAIN_S"])
    assert 0 < drain <= pod["terminationGracePeriodSeconds"] - GRACE_S


def test_a_pod_may_wait_for_the_migration_before_it_is_given_up() -> None:
    for deployment in manifests("Deployment"):
        (container,) = containers(deployment)
        probe = container["startupProbe"]
        assert probe["periodSeconds"] * probe["failureThreshold"] > float(environment(container)["NOUGHTS_WAIT_S"])


def test_there_is_a_deployment_of_each_service_and_they_take_their_settings() -> None:
    assert {deployment["metadata"]["name"] for deployment in manifests("Deployment")} == DEPLOYMENTS
    for workload in workloads():
        for container in containers(workload):
            compose.read_settings(environment(container))
            if container["args"][0] == "serve":
                assert container["args"] == ["serve", workload["metadata"]["name"]]


def test_envoy_writes_a_configuration_from_what_it_is_told() -> None:
    (container,) = containers(named("Deployment", "envoy"))
    command = [sys.executable, "-m", "noughts", "envoy", *container["args"]]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("NOUGHTS_")}
    told = subprocess.run(command, env=environ | environment(container), capture_output=True, text=True, check=True)
    assert '"0.0.0.0"' in told.stdout


def ports(container: Manifest) -> dict[str, int]:
    """Return the ports of a container by their names."""
    return {port["name"]: port["containerPort"] for port in container.get("ports", ())}


@pytest.mark.parametrize("service", manifests("Service"), ids=title)
def test_every_service_leads_to_a_port_that_is_there(service: Manifest) -> None:
    (deployment,) = [
        one for one in manifests("Deployment") if selects({"matchLabels": service["spec"]["selector"]}, labels(one))
    ]
    (container,) = containers(deployment)
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports(container).keys()


def test_probes_ask_ports_that_are_there() -> None:
    for deployment in manifests("Deployment"):
        (container,) = containers(deployment)
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container[probe].get("httpGet") or container[probe].get("tcpSocket") or {"port": "https"}
            assert asked["port"] in ports(container)


def test_addresses_name_services_at_their_ports() -> None:
    offered = {
        f"{service['metadata']['name']}:{port['port']}"
        for service in manifests("Service")
        for port in service["spec"]["ports"]
    }
    settings = named("ConfigMap", "noughts")["data"]
    asked = {urlsplit(settings[f"NOUGHTS_{part}_URL"]).netloc for part in ("USERS", "AUTH", "GAMES")}
    (envoy,) = containers(named("Deployment", "envoy"))
    asked |= {word.partition("=")[2] for word in envoy["args"] if ":8000" in word or "peers" in word}
    assert asked <= offered
    assert len(asked) == 8


def test_every_secret_that_is_mounted_is_one_the_operations_say_how_to_make() -> None:
    def secrets(volume: Any) -> set[str]:
        if "secret" in volume:
            return {volume["secret"].get("secretName") or volume["secret"]["name"]}
        return {name for source in volume.get("projected", {}).get("sources", ()) for name in secrets(source)}

    mounted = {
        name for one in workloads() for volume in one["spec"]["template"]["spec"]["volumes"] for name in secrets(volume)
    }
    databases = {f"database-{role}" for role in ("owner", "users", "auth", "games")}
    assert mounted == {"noughts", "noughts-tls"} | databases


def test_nobody_may_speak_to_anybody_unless_it_is_said() -> None:
    nobody = named("NetworkPolicy", "nobody")["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    policies = {policy["metadata"]["name"] for policy in manifests("NetworkPolicy")}
    assert {labels(workload)[NAME] for workload in workloads()} <= policies


def test_exactly_those_speak_to_each_other_who_have_to() -> None:
    allowed = {
        "envoy": {"users", "auth", "games", "gateway"},
        "gateway": {"users", "auth", "games"},
        "users": {"auth", "games"},
        "auth": {"users"},
        "games": {"users", "auth"},
    }
    expected = {(asking, asked, 8000) for asking, those in allowed.items() for asked in those}
    assert flows("Egress") == expected
    assert flows("Ingress") == expected


def test_the_database_is_reached_by_those_alone_who_have_its_address() -> None:
    reach = {
        policy["metadata"]["name"]
        for policy in manifests("NetworkPolicy")
        for rule in policy["spec"].get("egress", ())
        if {"protocol": "TCP", "port": 5432} in rule["ports"]
    }
    have = {
        workload["metadata"]["name"]
        for workload in workloads()
        if "database-" in yaml.safe_dump(workload["spec"]["template"]["spec"]["volumes"])
    }
    assert reach == have == {"users", "auth", "games", "migrate"}


def test_only_envoy_is_reached_from_outside() -> None:
    outside = {
        policy["metadata"]["name"]
        for policy in manifests("NetworkPolicy")
        for rule in policy["spec"].get("ingress", ())
        if "from" not in rule
    }
    assert outside == {"envoy"}
    assert [title(one) for one in manifests("Service") if one["spec"].get("type", "ClusterIP") != "ClusterIP"] == [
        "Service envoy"
    ]

"""The services' replicas: who is asked, who is left out, and how much they are sent."""

from typing import Final

from noughts.gateway.envoy.plan import Json, Plan, any_of, is_name, socket_address

BY_ADDRESS: Final = "auth-by-address"
"""The same replicas as `auth`, always the same one for the same address: what it counts by address holds for all."""
ADMIN: Final = "own-admin"
PEERS: Final = "gateways"
_IDLE_S: Final = 20
"""Shorter than the services' 30 s: no request is sent on a connection they are just closing."""


def clusters(plan: Plan) -> list[Json]:
    """Return a cluster for each service."""
    plain = [_cluster(name, addresses, "LEAST_REQUEST") for name, addresses in plan.clusters.items()]
    others = [_unasked(ADMIN, (plan.admin,))] if plan.metrics else []
    others += [_unasked(PEERS, plan.peers)] if plan.peers else []
    return [*plain, _cluster(BY_ADDRESS, plan.auth, "MAGLEV"), *others]


def _cluster(name: str, addresses: tuple[str, ...], balancing: str) -> Json:
    return {
        "name": name,
        **_found(name, addresses),
        "connect_timeout": "1s",
        "lb_policy": balancing,
        # Where none says that it is ready, those that drain still answer.
        "common_lb_config": {"healthy_panic_threshold": {"value": 1}},
        "health_checks": [_health_check()],
        "ignore_health_on_host_removal": True,
        "outlier_detection": _ejection(),
        "circuit_breakers": {"thresholds": [_threshold()]},
        "per_connection_buffer_limit_bytes": 65_536,
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _protocol()},
    }


def _unasked(name: str, addresses: tuple[str, ...]) -> Json:
    """Return a cluster of gateways, about whose health nobody asks."""
    return {"name": name, "connect_timeout": "1s", **_found(name, addresses)}


def _found(name: str, addresses: tuple[str, ...]) -> Json:
    """Return how the members of a cluster are found."""
    endpoints = [{"endpoint": {"address": socket_address(address)}} for address in addresses]
    named = any(is_name(address) for address in addresses)
    return {
        **({"cluster_type": _looked_up()} if named else {"type": "STATIC"}),
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    }


def _looked_up() -> Json:
    """Return that names are looked up each second, and every address found is a replica."""
    often = any_of(
        "envoy.extensions.clusters.dns.v3.DnsCluster",
        dns_refresh_rate="1s",
        dns_lookup_family="V4_PREFERRED",
        dns_failure_refresh_rate={"base_interval": "0.5s", "max_interval": "2s"},
    )
    return {"name": "envoy.clusters.dns", "typed_config": often}


def _health_check() -> Json:
    """Return the check that leaves out whoever drains at once, and whoever is gone after two tries."""
    return {
        "http_health_check": {"path": "/readyz"},
        "interval": "0.5s",
        "no_traffic_interval": "0.5s",
        "unhealthy_interval": "0.5s",
        "timeout": "1s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
    }


def _ejection() -> Json:
    """Return when a replica is left out between checks: for failing to answer, never for what it answers."""
    return {
        "interval": "1s",
        "base_ejection_time": "2s",
        "max_ejection_time": "10s",
        "max_ejection_percent": 50,
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 3,
        "enforcing_consecutive_local_origin_failure": 100,
        "enforcing_consecutive_5xx": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
    }


def _threshold() -> Json:
    """Return how much is sent to one service at once; each live connection is a connection and a request for as long as it lasts."""
    return {
        "max_connections": 10_000,
        "max_pending_requests": 2_000,
        "max_requests": 12_000,
        "retry_budget": {"budget_percent": {"value": 20}, "min_retry_concurrency": 20},
    }


def _protocol() -> Json:
    return any_of(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        common_http_protocol_options={"idle_timeout": f"{_IDLE_S}s"},
        explicit_http_config={"http_protocol_options": {}},
    )

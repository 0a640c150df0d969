"""The whole configuration of one gateway."""

from typing import Final

from noughts.gateway.envoy.clusters import PEERS, clusters
from noughts.gateway.envoy.listeners import listeners
from noughts.gateway.envoy.plan import Json, Plan, any_of, socket_address
from noughts.gateway.envoy.routing import Tables

_RUNTIME: Final = {
    # HTTP/2 streams that are opened to be reset (CVE-2023-44487): a connection with too many is closed.
    "overload.premature_reset_total_stream_count": 200,
    "overload.premature_reset_min_stream_lifetime_seconds": 1,
    "http.max_requests_per_io_cycle": 4,
}


def bootstrap(tables: Tables, plan: Plan) -> Json:
    """Return Envoy's bootstrap configuration for the public routes of these tables."""
    return {
        "node": {"id": "gateway", "cluster": "noughts"},
        "admin": {"address": socket_address(plan.admin)},
        "static_resources": {"listeners": listeners(tables, plan), "clusters": clusters(plan)},
        **({"cluster_manager": {"local_cluster_name": PEERS}} if plan.peers else {}),
        "overload_manager": _overload(plan),
        "layered_runtime": {"layers": [{"name": "noughts", "static_layer": _RUNTIME}]},
    }


def _overload(plan: Plan) -> Json:
    """Return when it takes no more: connections past their number, requests when memory runs short."""
    most = any_of(
        "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=plan.connections,
    )
    heap = any_of(
        "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig", max_heap_size_bytes=plan.memory_mib * 2**20
    )
    shedding = (("shrink_heap", 0.9), ("disable_http_keepalive", 0.92), ("stop_accepting_requests", 0.95))
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            {"name": "envoy.resource_monitors.global_downstream_max_connections", "typed_config": most},
            {"name": "envoy.resource_monitors.fixed_heap", "typed_config": heap},
        ],
        "actions": [
            {
                "name": f"envoy.overload_actions.{action}",
                "triggers": [{"name": "envoy.resource_monitors.fixed_heap", "threshold": {"value": share}}],
            }
            for action, share in shedding
        ],
    }

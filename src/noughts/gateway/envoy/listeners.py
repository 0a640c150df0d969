"""Where people come in: sizes, deadlines, TLS, and what their requests walk through."""

from typing import Final
from urllib.parse import urlsplit

from noughts.gateway.envoy import cors, headers, limits, replies, signed_in
from noughts.gateway.envoy.clusters import ADMIN
from noughts.gateway.envoy.logs import access_log
from noughts.gateway.envoy.plan import Json, Plan, any_of, socket_address, split
from noughts.gateway.envoy.routing import Tables, route_config
from noughts.kit.edge.reading import HEADER_COUNT, HEADER_LIMIT
from noughts.kit.edge.requests import BODY_LIMIT

_NOBODY: Final = {"address_prefix": "255.255.255.255", "prefix_len": 32}
"""Whose requests are an insider's; an empty list would mean every private address."""
_MANAGER: Final = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_CIPHERS: Final = (
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]",
    "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)


def listeners(tables: Tables, plan: Plan) -> list[Json]:
    """Return the listeners; the plain one, where there is one, refuses what the routes refuse."""
    tls = _tls(plan) if plan.certificate else None
    main = _listener("main", plan.listen, _manager("main", tables, plan), tls)
    plain = [_listener("plain", plan.plain, _manager("plain", tables, plan))] if plan.plain else []
    metrics = [_listener("metrics", plan.metrics, _metrics())] if plan.metrics else []
    return [main, *plain, *metrics]


def _listener(name: str, address: str, manager: Json, tls: Json | None = None) -> Json:
    manager = {"name": "http", "typed_config": manager}
    chain = {
        "filters": [manager],
        **({"transport_socket": tls} if tls else {}),
        "transport_socket_connect_timeout": "10s",
    }
    return {
        "name": name,
        "address": _both(address),
        "per_connection_buffer_limit_bytes": 32_768,
        "filter_chains": [chain],
        "listener_filters_timeout": "10s",
    }


def _both(address: str) -> Json:
    """Return an address to listen on; `[::]` is every address of IPv4, too."""
    found = socket_address(address)
    if split(address)[0] == "::":
        found["socket_address"]["ipv4_compat"] = True
    return found


def _manager(name: str, tables: Tables, plan: Plan) -> Json:
    return any_of(
        _MANAGER,
        stat_prefix=name,
        codec_type="AUTO",
        **_whose(plan),
        **_paths(),
        **_deadlines(),
        common_http_protocol_options={
            "idle_timeout": "30s",
            "max_headers_count": HEADER_COUNT,
            "max_requests_per_connection": 10_000,
            "headers_with_underscores_action": "DROP_HEADER",
        },
        max_request_headers_kb=HEADER_LIMIT // 1_024,
        http_protocol_options={"accept_http_10": True, "default_host_for_http_10": urlsplit(plan.base_url).netloc},
        http2_protocol_options=_http2(),
        local_reply_config={"mappers": replies.mappers(plan)},
        upgrade_configs=[{"upgrade_type": "websocket", "enabled": False}],
        http_filters=_filters(tables, plan),
        route_config=route_config(tables, plan),
        access_log=access_log() if plan.access_log else [],
    )


def _metrics() -> Json:
    """Return what shows the metrics and nothing else of the admin pages."""
    shown = {"match": {"path": "/stats/prometheus"}, "route": {"cluster": ADMIN}}
    hosts = [{"name": "metrics", "domains": ["*"], "routes": [shown]}]
    router = {"name": "router", "typed_config": any_of("envoy.extensions.filters.http.router.v3.Router")}
    return any_of(_MANAGER, stat_prefix="metrics", route_config={"virtual_hosts": hosts}, http_filters=[router])


def _whose(plan: Plan) -> Json:
    """Return how a caller's address and a request's id are found."""
    return {
        "use_remote_address": True,
        "xff_num_trusted_hops": plan.trusted_hops,
        "internal_address_config": {"cidr_ranges": [_NOBODY]},
        "early_header_mutation_extensions": headers.cleaned(plan),
        "generate_request_id": True,
        "preserve_external_request_id": True,
        "always_set_request_id_in_response": True,
        "server_header_transformation": "PASS_THROUGH",
    }


def _paths() -> Json:
    """Return that paths stay as they are written: what could be read two ways is refused by the routes."""
    return {"normalize_path": False, "merge_slashes": False, "path_with_escaped_slashes_action": "KEEP_UNCHANGED"}


def _deadlines() -> Json:
    return {
        "request_headers_timeout": "10s",
        "request_timeout": "15s",
        "stream_idle_timeout": "60s",
        "drain_timeout": "5s",
        "delayed_close_timeout": "0.5s",
    }


def _http2() -> Json:
    return {
        "max_concurrent_streams": 100,
        "initial_stream_window_size": 65_536,
        "initial_connection_window_size": 1_048_576,
        "connection_keepalive": {"interval": "30s", "timeout": "10s"},
    }


def _filters(tables: Tables, plan: Plan) -> list[Json]:
    """Return the walk: who is calling, how often, whether they may without a token, and only then the body."""
    buffered = any_of("envoy.extensions.filters.http.buffer.v3.Buffer", max_request_bytes=BODY_LIMIT)
    return [
        *cors.filters(plan),
        signed_in.look(plan),
        *(limits.filters(tables, plan) if plan.limited else []),
        *signed_in.requirements(),
        {"name": "buffer", "typed_config": buffered},
        {
            "name": "router",
            "typed_config": any_of("envoy.extensions.filters.http.router.v3.Router", suppress_envoy_headers=True),
        },
    ]


def _tls(plan: Plan) -> Json:
    files = {"certificate_chain": {"filename": plan.certificate}, "private_key": {"filename": plan.key}}
    context = any_of(
        "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "cipher_suites": list(_CIPHERS)},
            "tls_certificates": [files],
            "alpn_protocols": ["h2", "http/1.1"],
        },
    )
    return {"name": "tls", "typed_config": context}

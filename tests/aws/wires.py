"""What leads to the emulator where names and ports do on AWS: a listener of its own for each of them.

The emulator has one port, and tells by the name in `Host` whom a request is for; nothing resolves the names.
"""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from noughts.gateway import envoy

_WHOLE: Final = "function envoy_on_response(handle) handle:body() end"


class Detour(NamedTuple):
    """Where one path goes instead: another path, of another name."""

    path: str
    to: str
    name: str


class Wire(NamedTuple):
    """From an address here, `host:port`, to a name the emulator answers to, with its port where it has one."""

    listen: str
    name: str
    headers: tuple[tuple[str, str], ...] = ()
    """What is added to requests."""
    detours: tuple[Detour, ...] = ()
    whole: bool = False
    """Whether an answer is handed on once all of it has come."""


@contextmanager
def wired(emulator: str, wires: Sequence[Wire], folder: Path) -> Iterator[None]:
    """Lead the wires to the emulator, `host:port`, for the length of a block."""
    file = folder / "wires.json"
    file.write_bytes(msgspec.json.encode(_configuration(emulator, wires)))
    command = envoy.command(file, drain_s=0, workers=1)
    with (folder / "wires.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def _configuration(emulator: str, wires: Sequence[Wire]) -> dict[str, Any]:
    endpoint = {"lb_endpoints": [{"endpoint": {"address": _address(emulator)}}]}
    assignment = {"cluster_name": "emulator", "endpoints": [endpoint]}
    cluster = {"name": "emulator", "type": "STATIC", "connect_timeout": "5s", "load_assignment": assignment}
    return {"static_resources": {"clusters": [cluster], "listeners": [_listener(wire) for wire in wires]}}


def _listener(wire: Wire) -> dict[str, Any]:
    added = [
        {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for name, value in wire.headers
    ]
    routes = [_route({"path": one.path}, one.name, one.to) for one in wire.detours]
    host = {"name": "all", "domains": ["*"], "routes": [*routes, _route({"prefix": "/"}, wire.name)]}
    filters = [_filter("lua", "lua.v3.Lua", default_source_code={"inline_string": _WHOLE})] if wire.whole else []
    manager = {
        "@type": _type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "wire",
        "route_config": {"virtual_hosts": [host], "request_headers_to_add": added},
        "http_filters": [*filters, _filter("router", "router.v3.Router")],
        # Who asks is for those behind to find out, as it is on a wire.
        "skip_xff_append": True,
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    return {"name": wire.listen, "address": _address(wire.listen), "filter_chains": [chain]}


def _filter(name: str, kind: str, **configuration: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": _type(f"filters.http.{kind}"), **configuration}}


def _route(match: dict[str, str], name: str, to: str | None = None) -> dict[str, Any]:
    action = {"cluster": "emulator", "host_rewrite_literal": name, "timeout": "0s"}
    return {"match": match, "route": action | ({} if to is None else {"prefix_rewrite": to})}


def _address(text: str) -> dict[str, Any]:
    host, _, port = text.rpartition(":")
    return {"socket_address": {"address": host, "port_value": int(port)}}


def _type(name: str) -> str:
    return f"type.googleapis.com/envoy.extensions.{name}"

"""`noughts envoy`."""

import sys
from dataclasses import dataclass
from typing import Annotated

import msgspec
from cyclopts import Parameter

from noughts import compose
from noughts.cli.installation import chosen
from noughts.gateway.envoy import Plan, bootstrap


def _said(text: str, name: str | None = None) -> Parameter:
    return Parameter(help=text, name=name)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Services:
    """Where the services are: host:port, several with commas between; a name may stand for all of its addresses."""

    users: Annotated[str, _said("The User Service: host:port, replicas with commas between; a name may stand for all.")]
    auth: Annotated[str, _said("The Authentication Service.")]
    games: Annotated[str, _said("The Game Service.")]
    gateway: Annotated[str, _said("The service of the page, the documents and the composed calls.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Entrance:
    """Where people come in, and from where."""

    listen: Annotated[str, _said("Address to listen on.")] = "127.0.0.1:8080"
    plain: Annotated[str, _said("Another, where people are told to come with https.")] = ""
    admin: Annotated[str, _said("Loopback address of the admin pages.")] = "127.0.0.1:9901"
    peers: Annotated[str, _said("All gateways, this one too, as for services: they share the limits.")] = ""
    metrics: Annotated[str, _said("Address of the metrics alone, for Prometheus, at /stats/prometheus.")] = ""
    certificate: Annotated[str, _said("File of the TLS certificate with its chain.", "--tls-certificate")] = ""
    key: Annotated[str, _said("File of its private key.", "--tls-key")] = ""
    origins: Annotated[
        tuple[str, ...], _said("Site whose pages may read answers; repeat for more.", "--cors-origin")
    ] = ()
    hosts: Annotated[
        tuple[str, ...], _said("Host that is answered for; repeat for more. None: any.", "--host-allow")
    ] = ()
    hops: Annotated[int, _said("Proxies before it whose X-Forwarded-… is believed.", "--trusted-hops")] = 0


def print_envoy(*, services: Services, entrance: Entrance | None = None, base_url: str | None = None) -> None:
    """Print the configuration of the gateway of a cluster, for `envoy -c`.

    Parameters
    ----------
    services
        Where the services are.
    entrance
        Where people come in.
    base_url
        Where people reach it, as every service is told, too (NOUGHTS_BASE_URL; http://localhost and the port).
    """
    at = entrance or Entrance()
    found = chosen(base_url=base_url, port=at.listen.rpartition(":")[2] or None)
    plan = Plan(
        users=_several(services.users),
        auth=_several(services.auth),
        games=_several(services.games),
        gateway=_several(services.gateway),
        base_url=found.server.origin,
        listen=at.listen,
        plain=at.plain,
        admin=at.admin,
        metrics=at.metrics,
        peers=_several(at.peers),
        certificate=at.certificate,
        key=at.key,
        origins=at.origins,
        hosts=at.hosts,
        trusted_hops=at.hops,
        limited=found.gateway.rate_limits == "on",
    )
    document = msgspec.json.encode(bootstrap(compose.TABLES, plan))
    sys.stdout.buffer.write(msgspec.json.format(document, indent=1) + b"\n")


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())

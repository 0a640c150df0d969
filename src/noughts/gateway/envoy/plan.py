"""What the gateway of one cluster is to be like."""

import ipaddress
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from noughts.kit.errors import Refusal

Json = dict[str, Any]
GATEWAY: Final = "gateway"
TYPES: Final = "type.googleapis.com/"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Where the services are, where people come from, and how much is allowed.

    Addresses are `host:port`; a service with several has several replicas, and a name may stand for all of them.
    Raises Refusal where it contradicts itself.
    """

    users: tuple[str, ...]
    auth: tuple[str, ...]
    games: tuple[str, ...]
    gateway: tuple[str, ...]
    base_url: str
    """The issuer of tokens; where it is `https:`, requests over plain HTTP are refused."""
    listen: str = "127.0.0.1:8080"
    plain: str = ""
    """Another address, for those who come over plain HTTP to be told that they should not."""
    admin: str = "127.0.0.1:9901"
    """Whoever reaches this may stop the gateway: on loopback alone."""
    metrics: str = ""
    """Another address with nothing but the metrics for Prometheus, at /stats/prometheus."""
    certificate: str = ""
    key: str = ""
    origins: tuple[str, ...] = ()
    """Sites whose pages may read answers."""
    hosts: tuple[str, ...] = ()
    """The only hosts answered for; none: any."""
    trusted_hops: int = 0
    """How many proxies stand before the gateway, whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    limited: bool = True
    peers: tuple[str, ...] = ()
    """Every gateway there is, itself among them: they share the limits evenly."""
    connections: int = 20_000
    """How many people may be connected at once."""
    memory_mib: int = 1_024
    """Past 95 % of this heap new requests are answered with 503."""
    access_log: bool = True

    def __post_init__(self) -> None:
        if bool(self.certificate) != bool(self.key):
            raise Refusal("A certificate and its key come together.")
        if self.secure and not self.certificate and not self.trusted_hops:
            raise Refusal(
                f"{self.base_url} needs TLS: name a certificate and its key, or say how many proxies with TLS stand before."
            )
        if self.plain and not self.secure:
            raise Refusal("A second, plain address is for a base URL with https.")
        services = (*self.users, *self.auth, *self.games, *self.gateway, *self.peers)
        for address in (self.listen, self.admin, *filter(None, (self.plain, self.metrics)), *services):
            split(address)
        if not all(self.clusters.values()):
            raise Refusal("Every service has an address.")
        if is_name(self.admin) or not ipaddress.ip_address(split(self.admin)[0]).is_loopback:
            raise Refusal(
                "The admin pages can stop the gateway: they are for loopback alone; metrics have their own address."
            )
        for origin in self.origins:
            _require_origin(origin)

    @property
    def secure(self) -> bool:
        """Whether people reach it by TLS alone."""
        return self.base_url.startswith("https:")

    @property
    def issuer(self) -> str:
        """The base URL without a slash at its end."""
        return self.base_url.rstrip("/")

    @property
    def clusters(self) -> dict[str, tuple[str, ...]]:
        """The addresses of each service."""
        return {"users": self.users, "auth": self.auth, "games": self.games, GATEWAY: self.gateway}


def split(address: str) -> tuple[str, int]:
    """Return host and port of an address; raises Refusal when it is none."""
    host, _, port = address.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise Refusal(f"{address!r} is no address: write host:port.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def socket_address(address: str) -> Json:
    """Return an address as Envoy writes it."""
    host, port = split(address)
    return {"socket_address": {"address": host, "port_value": port}}


def is_name(address: str) -> bool:
    """Return whether the host of an address has to be looked up."""
    try:
        ipaddress.ip_address(split(address)[0])
    except ValueError:
        return True
    return False


def any_of(kind: str, **members: object) -> Json:
    """Return a message of a named type."""
    return {"@type": TYPES + kind, **members}


def _require_origin(origin: str) -> None:
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
        raise Refusal(f"{origin!r} is no origin: write https://host, without a path.")

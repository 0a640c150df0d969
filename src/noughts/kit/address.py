"""Whose request it is, as far as a network address can tell."""

import ipaddress
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from noughts.kit.errors import Refusal

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
UNKNOWN: Final = "unknown"


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks in a comma-separated list; raises Refusal for anything else."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise Refusal(f"NOUGHTS_TRUSTED_PROXIES: {error}.") from None


def resolver(trusted: Sequence[Network]) -> Callable[[Any], str]:
    """Return the function that tells a connection scope's client.

    It is the peer, or, when the peer is a trusted proxy, the rightmost hop of X-Forwarded-For that is none.
    """

    @lru_cache(4096)
    def is_trusted(address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in trusted)

    def client(scope: Any) -> str:  # noqa: ANN401 - an ASGI scope
        peer = scope["client"][0] if scope.get("client") else UNKNOWN
        if not trusted or not is_trusted(peer):
            return str(peer)
        forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        hops = b",".join(forwarded).decode("latin-1").split(",")
        for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
            if not is_trusted(hop):
                return str(hop)
        return str(peer)

    return client


@lru_cache(16_384)
def host_and_network(address: str) -> tuple[str, str]:
    """Return what limits are counted by: the host (/32 or /64) and its neighbourhood (/24 or /48)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN, UNKNOWN
    if parsed.version == 6 and (mapped := parsed.ipv4_mapped) is not None:
        parsed = mapped
    host, neighbourhood = (32, 24) if parsed.version == 4 else (64, 48)
    return (
        str(ipaddress.ip_network(f"{parsed}/{host}", strict=False)),
        str(ipaddress.ip_network(f"{parsed}/{neighbourhood}", strict=False)),
    )

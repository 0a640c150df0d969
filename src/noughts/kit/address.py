"""Whose request it is, as far as a network address can tell."""

import ipaddress
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from noughts.kit.errors import Refusal

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
UNKNOWN: Final = "unknown"


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks in a comma-separated list; raises Refusal for anything else."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise Refusal(f"NOUGHTS_TRUSTED_PROXIES: {error}.") from None


def resolver(trusted: Sequence[Network]) -> Callable[[str, bytes], str]:
    """Return the function that tells the client, given the peer and the X-Forwarded-For header (or nothing).

    It is the peer, or, when the peer is a trusted proxy, the rightmost hop of the header that is none.
    """

    @lru_cache(4096)
    def is_trusted(address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in trusted)

    def client(peer: str, forwarded: bytes) -> str:
        if not trusted or not is_trusted(peer):
            return peer
        hops = [hop.strip() for hop in forwarded.decode("latin-1").split(",")]
        return next((hop for hop in reversed(hops) if hop and not is_trusted(hop)), peer)

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

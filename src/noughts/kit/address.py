"""Whose request it is, as far as a network address can tell."""

import hmac
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from noughts.kit.errors import Refusal

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Client = Callable[[str, Mapping[bytes, bytes]], str]
"""Tells whose request it is, given the peer and the request's headers."""
UNKNOWN: Final = "unknown"
_ORIGIN, _VIEWER = b"x-noughts-origin", b"cloudfront-viewer-address"


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks in a comma-separated list; raises Refusal for anything else."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise Refusal(f"NOUGHTS_TRUSTED_PROXIES: {error}.") from None


def resolver(trusted: Sequence[Network], origin_secret: str = "") -> Client:
    """Return the function that tells the client.

    Whoever shows the secret in X-Noughts-Origin is the CDN, and says it in CloudFront-Viewer-Address. Else it is the peer, or,
    when the peer is a trusted proxy, the rightmost hop of X-Forwarded-For that is none.
    """
    secret = origin_secret.encode()

    @lru_cache(4096)
    def is_trusted(address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in trusted)

    def client(peer: str, headers: Mapping[bytes, bytes]) -> str:
        if secret and hmac.compare_digest(headers.get(_ORIGIN, b""), secret):
            return _viewer(headers.get(_VIEWER, b"")) or peer
        if not trusted or not is_trusted(peer):
            return peer
        hops = [hop.strip() for hop in headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")]
        return next((hop for hop in reversed(hops) if hop and not is_trusted(hop)), peer)

    return client


def _viewer(text: bytes) -> str | None:
    """Return the address in `address:port`, which for IPv6 may stand in brackets or not; None where there is none."""
    address = text.decode("latin-1").rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


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

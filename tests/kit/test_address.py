"""Whose request it is, as far as a network address can tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noughts.kit.address import UNKNOWN, host_and_network, networks, resolver
from noughts.kit.errors import Refusal

PROXIES = networks("10.0.0.0/8, fd00::/8")


SECRET = "s" * 32


def joined(*forwarded: str) -> dict[bytes, bytes]:
    """Return these X-Forwarded-For headers as they reach the resolver."""
    return {b"x-forwarded-for": ", ".join(forwarded).encode("latin-1")}


def seen(viewer: str, shown: str = SECRET) -> dict[bytes, bytes]:
    """Return the headers of a request that says it comes from CloudFront."""
    return {b"x-noughts-origin": shown.encode(), b"cloudfront-viewer-address": viewer.encode()}


def test_without_trusted_proxies_it_is_the_peer_whatever_is_claimed() -> None:
    assert resolver(())("198.51.100.7", joined("203.0.113.9")) == "198.51.100.7"


def test_a_peer_that_is_no_trusted_proxy_is_not_believed() -> None:
    assert resolver(PROXIES)("198.51.100.7", joined("203.0.113.9")) == "198.51.100.7"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["192.0.2.1, 203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9, 10.1.1.1, fd00::5"], "203.0.113.9"),
        (["192.0.2.1", "203.0.113.9"], "203.0.113.9"),
        (["10.2.2.2"], "10.0.0.1"),
        ([], "10.0.0.1"),
        ([" , ,"], "10.0.0.1"),
    ],
)
def test_behind_trusted_proxies_it_is_the_rightmost_hop_that_is_none(forwarded: list[str], client: str) -> None:
    assert resolver(PROXIES)("10.0.0.1", joined(*forwarded)) == client


@pytest.mark.parametrize(
    ("viewer", "client"),
    [
        ("203.0.113.9:46532", "203.0.113.9"),
        ("2001:db8::9:46532", "2001:db8::9"),
        ("[2001:db8::9]:46532", "2001:db8::9"),
        ("203.0.113.9", "10.0.0.1"),
        ("203.0.113.9:1, 192.0.2.1:2", "10.0.0.1"),
        ("nonsense", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_whoever_knows_the_origins_secret_says_who_is_asking(viewer: str, client: str) -> None:
    assert resolver(PROXIES, SECRET)("10.0.0.1", seen(viewer) | joined("192.0.2.1")) == client


@pytest.mark.parametrize("shown", ["", "S" * 32, SECRET + "s"])
def test_whoever_does_not_know_it_is_not_believed(shown: str) -> None:
    headers = seen("203.0.113.9:46532", shown) | joined("192.0.2.1")
    assert resolver(PROXIES, SECRET)("10.0.0.1", headers) == "192.0.2.1"


def test_without_a_secret_nobody_is_believed_for_showing_none() -> None:
    assert resolver((), "")("198.51.100.7", seen("203.0.113.9:46532", "")) == "198.51.100.7"


@pytest.mark.parametrize(
    ("address", "host", "network"),
    [
        ("198.51.100.7", "198.51.100.7/32", "198.51.100.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("::ffff:198.51.100.7", "198.51.100.7/32", "198.51.100.0/24"),
        ("nonsense", UNKNOWN, UNKNOWN),
    ],
)
def test_limits_count_hosts_and_neighbourhoods(address: str, host: str, network: str) -> None:
    assert host_and_network(address) == (host, network)


@pytest.mark.parametrize("text", ["10.0.0.0/33", "everyone", "10.0.0.1/8"])
def test_what_is_no_list_of_networks_is_no_setting(text: str) -> None:
    with pytest.raises(Refusal, match="NOUGHTS_TRUSTED_PROXIES"):
        networks(text)


@given(st.text(st.characters(max_codepoint=0xFF), max_size=40))
def test_whatever_a_proxy_passes_on_is_counted_somehow(claimed: str) -> None:
    client = resolver(PROXIES)("10.0.0.1", joined(claimed))
    assert len(host_and_network(client)) == 2

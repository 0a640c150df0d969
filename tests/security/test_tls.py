"""TLS at the gateway: old and weak kinds are refused, and whoever comes without is not served."""

import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests import gateways, servers
from tests.gateways import Gateway
from tests.security.attacks import PASSWORD, some_name

SITE = "https://play.example"


def certificate(folder: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> dict[str, str]:
    """Return the files of a certificate for this machine, signed by itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(days=1)
        )
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return {"certificate": str(files[0]), "key": str(files[1])}


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Process]:
    """A server that people reach by TLS, through its gateway."""
    data = tmp_path_factory.mktemp("behind") / "data"
    with servers.serving(data, rate_limits="off", trusted_proxies="127.0.0.0/8", base_url=SITE) as process:
        yield process


@pytest.fixture(scope="module", params=["ECDSA", "RSA"])
def gateway(
    request: pytest.FixtureRequest, behind: servers.Process, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """The gateway, with a certificate of either kind, and a second address for plain HTTP."""
    folder = tmp_path_factory.mktemp("tls")
    key = (
        ec.generate_private_key(ec.SECP256R1()) if request.param == "ECDSA" else rsa.generate_private_key(65_537, 2_048)
    )
    files = certificate(folder, key)
    plan = gateways.plan(behind, limited=False, plain=f"127.0.0.1:{servers.free_port()}", **files)
    with gateways.standing(folder, plan) as found:
        yield found


@pytest.fixture
def client(gateway: Gateway) -> Iterator[httpx.Client]:
    """A client that trusts the certificate."""
    with gateway.client(verify=trusting(gateway)) as found:
        yield found


@pytest.fixture
def plain(gateway: Gateway) -> Iterator[httpx.Client]:
    """A client without TLS."""
    with httpx.Client(base_url=f"http://{gateway.plan.plain}", trust_env=False) as found:
        yield found


def trusting(gateway: Gateway) -> ssl.SSLContext:
    """Return a TLS context that trusts the gateway's certificate."""
    return ssl.create_default_context(cafile=gateway.plan.certificate)


def shaken(gateway: Gateway, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Return a connection after the handshake; raises SSLError where there is none."""
    connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=5)
    try:
        return context.wrap_socket(connection, server_hostname="localhost")
    except ssl.SSLError:
        connection.close()
        raise


def willing(gateway: Gateway) -> ssl.SSLContext:
    """Return a context that itself would take anything, however old or weak."""
    context = trusting(gateway)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_of_tls_are_refused(gateway: Gateway, version: ssl.TLSVersion) -> None:
    context = willing(gateway)
    context.minimum_version = context.maximum_version = version

    with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
        shaken(gateway, context)


@pytest.mark.parametrize(
    "suites",
    [
        "AES128-SHA",
        "AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA",
        "ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA384",
        "DHE-RSA-AES256-GCM-SHA384",
        "aNULL:eNULL",
    ],
)
def test_weak_suites_are_refused(gateway: Gateway, suites: str) -> None:
    context = willing(gateway)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{suites}:@SECLEVEL=0")

    with pytest.raises(ssl.SSLError, match="ALERT_HANDSHAKE_FAILURE"):
        shaken(gateway, context)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_today_s_versions_are_spoken_with_forward_secrecy(gateway: Gateway, version: ssl.TLSVersion) -> None:
    context = trusting(gateway)
    context.minimum_version = context.maximum_version = version

    with shaken(gateway, context) as connection:
        cipher = connection.cipher()
    assert cipher is not None
    assert cipher[0].startswith(("ECDHE-", "TLS_"))


@pytest.mark.parametrize(
    ("offered", "chosen"), [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (["h3"], None)]
)
def test_http_2_is_agreed_on_in_the_handshake(gateway: Gateway, offered: list[str], chosen: str | None) -> None:
    context = trusting(gateway)
    context.set_alpn_protocols(offered)

    with shaken(gateway, context) as connection:
        assert connection.selected_alpn_protocol() == chosen


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/", 200), ("/users/me", 401), ("/internal/x", 404), ("/a//b", 404)]
)
def test_browsers_are_told_to_come_with_tls_for_a_year(client: httpx.Client, path: str, status: int) -> None:
    answer = client.get(path)

    assert answer.status_code == status
    assert answer.headers.get_list("Strict-Transport-Security") == ["max-age=31536000; includeSubDomains"]


def test_cookies_are_bound_to_the_host_and_the_connection(client: httpx.Client) -> None:
    answer = client.post("/guests", json={"cookie": True}, headers={"Origin": str(client.base_url).rstrip("/")})

    assert answer.status_code == 201, answer.text
    assert all(line.startswith("__Host-") and "; Secure" in line for line in answer.headers.get_list("Set-Cookie"))


@pytest.mark.parametrize(
    "more", [{}, {"X-Forwarded-Proto": "https"}, {"Forwarded": "proto=https"}, {"X-Forwarded-Ssl": "on"}]
)
def test_nobody_signs_in_without_tls(plain: httpx.Client, behind: servers.Process, more: dict[str, str]) -> None:
    heard = behind.log.read_text().count('"/login"')

    answer = plain.post("/login", json={"username": some_name(), "password": PASSWORD}, headers=more)

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")
    assert "Location" not in answer.headers
    assert behind.log.read_text().count('"/login"') == heard


@pytest.mark.parametrize("path", ["/users/me", "/healthz", "/lobby", "/.well-known/jwks.json", "/play/x"])
def test_nothing_else_is_served_without_it(plain: httpx.Client, path: str) -> None:
    answer = plain.get(path)

    assert (answer.status_code, answer.is_redirect) == (403, False)


def test_who_types_the_name_of_the_site_is_shown_the_way(plain: httpx.Client) -> None:
    answer = plain.get("/", headers={"Host": "evil.example"})

    assert (answer.status_code, answer.headers["Location"]) == (308, f"{SITE}/")


def test_a_plain_request_to_the_port_of_tls_is_not_answered(gateway: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        connection.settimeout(5)
        with suppress(ConnectionResetError):
            assert not connection.recv(4_096).startswith(b"HTTP")


@pytest.mark.parametrize(("scheme", "status"), [("https", 200), ("http", 403)])
def test_where_a_proxy_of_ones_own_speaks_tls_its_word_counts(
    behind: servers.Process, tmp_path: Path, scheme: str, status: int
) -> None:
    with (
        gateways.standing(tmp_path, gateways.plan(behind, limited=False, trusted_hops=1)) as found,
        found.client() as client,
    ):
        answer = client.get("/healthz", headers={"X-Forwarded-Proto": scheme, "X-Forwarded-For": "203.0.113.7"})

    assert answer.status_code == status

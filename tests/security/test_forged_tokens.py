"""Access tokens nobody was given: forged, bent, stolen from elsewhere."""

import base64
import json
import time
from typing import Any, Final

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests import servers
from tests.security.attacks import Person, claims, guest, me, private_key

NOBODY: Final = "00000000-0000-7000-8000-00000000dead"
COMPUTER: Final = "00000000-0000-7000-8000-000000000001"


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def header_of(token: str) -> dict[str, Any]:
    return jwt.get_unverified_header(token)


def signed(
    server: servers.Process, token: str, *, without: str = "", header: dict[str, Any] | None = None, **changed: Any
) -> str:
    """Return what the server itself would have signed, with other claims or another header."""
    _, key = private_key(server)
    says = claims(token) | changed
    says.pop(without, None)
    return jwt.encode(says, key, "ES256", header_of(token) | (header or {}))


def refused(client: httpx.Client, token: str) -> bool:
    answer = me(client, token)
    return answer.status_code == 401 and answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_the_forger_of_these_tests_can_sign_what_holds(
    server: servers.Process, client: httpx.Client, alice: Person
) -> None:
    assert me(client, signed(server, alice.access)).status_code == 200


def test_bent_tokens_are_refused(client: httpx.Client, alice: Person) -> None:
    head, body, signature = alice.access.split(".")
    flipped = signature[:-5] + ("A" if signature[-5] != "A" else "B") + signature[-4:]
    bent = [
        f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.{signature[:-4]}", f"{head}.{body}.{flipped}", f"{head}..{signature}",
        f".{body}.{signature}", f"{head}.{body}.{signature}=", f"{head}.{body}.{signature}.", f"{head}. {body}.{signature}",
        f"{head}.{body}.{signature}\u00e9".encode("latin-1").decode("latin-1"), f"{head}=.{body}.{signature}", "a.b.c", "..", "null",
        json.dumps({"protected": head, "payload": body, "signature": signature}), alice.access * 3, alice.access[::-1], alice.id,
        f"{head}.{body}.{signature[:-1]}{chr(ord(signature[-1]) + 1)}", alice.access.replace("-", "+").replace("_", "/") + "+",
    ]  # fmt: skip
    answers = {
        token: client.get("/users/me", headers=[(b"Authorization", b"Bearer " + token.encode("latin-1"))])
        for token in bent
    }

    assert {answer.status_code for answer in answers.values()} == {401}
    assert {answer.headers["WWW-Authenticate"] for answer in answers.values()} == {'Bearer error="invalid_token"'}


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "nOnE", "", None, [], ["ES256"], {"alg": "ES256"}, 0, "ES256K", "RS256", "EdDSA"]
)
def test_no_other_algorithm_is_believed(client: httpx.Client, alice: Person, algorithm: object) -> None:
    _, body, signature = alice.access.split(".")
    head = part(header_of(alice.access) | {"alg": algorithm})

    assert refused(client, f"{head}.{body}.")
    assert refused(client, f"{head}.{body}.{signature}")


def test_a_token_without_an_algorithm_is_refused(client: httpx.Client, alice: Person) -> None:
    head = header_of(alice.access)
    head.pop("alg")

    assert refused(client, ".".join([part(head), *alice.access.split(".")[1:]]))


@pytest.mark.parametrize("form", [serialization.PublicFormat.SubjectPublicKeyInfo])
@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
def test_the_public_key_is_no_shared_secret(
    server: servers.Process, client: httpx.Client, alice: Person,
    form: serialization.PublicFormat, encoding: serialization.Encoding,
) -> None:  # fmt: skip
    import hashlib
    import hmac

    _, key = private_key(server)
    secret = key.public_key().public_bytes(encoding, form)
    message = part(header_of(alice.access) | {"alg": "HS256"}) + "." + part(claims(alice.access) | {"role": "admin"})
    mac = base64.urlsafe_b64encode(hmac.digest(secret, message.encode(), hashlib.sha256)).rstrip(b"=").decode()

    assert refused(client, f"{message}.{mac}")


def test_an_expensive_algorithm_costs_nothing(client: httpx.Client, alice: Person) -> None:
    head = part(
        {"alg": "PBES2-HS512+A256KW", "p2c": 10**9, "p2s": "AAAA", "enc": "A256GCM", "typ": "at+jwt", "kid": "x"}
    )
    started = time.perf_counter()

    assert refused(client, f"{head}.{part(claims(alice.access))}.AAAA")
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("name", ["jku", "x5u"])
def test_a_token_sends_the_server_nowhere_for_a_key(client: httpx.Client, alice: Person, name: str) -> None:
    import socket

    attacker = ec.generate_private_key(ec.SECP256R1())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        assert refused(
            client, jwt.encode(claims(alice.access), attacker, "ES256", header_of(alice.access) | {name: address})
        )
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize(
    "more",
    [
        {"jwk": {"kty": "oct", "k": "AA"}}, {"x5c": ["AAAA"]}, {"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"cty": "JWT"},
        {"zip": "DEF"}, {"typ": "JWT"}, {"typ": "service+jwt"}, {"typ": "AT+JWT"}, {"typ": "application/at+jwt"}, {"typ": None},
        {"kid": "../../dev/null"}, {"kid": "' OR 1=1--"}, {"kid": "http://127.0.0.1/key"}, {"kid": "a" * 1_000}, {"kid": ""},
        {"kid": NOBODY}, {"kid": 1}, {"kid": None}, {"kid": ["a"]},
    ],
)  # fmt: skip
def test_a_header_beside_the_three_members_is_refused_even_when_signed(
    server: servers.Process, client: httpx.Client, alice: Person, more: dict[str, Any]
) -> None:
    head, body = part(header_of(alice.access) | more), alice.access.split(".")[1]
    _, key = private_key(server)
    signature = base64.urlsafe_b64encode(jwt.get_algorithm_by_name("ES256").sign(f"{head}.{body}".encode(), key))

    assert refused(client, f"{head}.{body}.{signature.rstrip(b'=').decode()}")


def test_another_key_under_the_servers_id_is_refused(client: httpx.Client, alice: Person) -> None:
    attacker = ec.generate_private_key(ec.SECP256R1())

    assert refused(
        client, jwt.encode(claims(alice.access) | {"role": "admin"}, attacker, "ES256", header_of(alice.access))
    )


def test_an_rsa_key_under_the_servers_id_is_refused(client: httpx.Client, alice: Person) -> None:
    attacker = rsa.generate_private_key(65_537, 2_048)

    assert refused(
        client, jwt.encode(claims(alice.access), attacker, "RS256", {**header_of(alice.access), "alg": "RS256"})
    )


def test_the_signature_of_another_token_proves_nothing(client: httpx.Client, alice: Person, mallory: Person) -> None:
    head, _, signature = mallory.access.split(".")

    assert refused(client, f"{head}.{alice.access.split('.')[1]}.{signature}")


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 1}, {"exp": -1}, {"exp": "9999999999"}, {"exp": 9999999999.5}, {"exp": None}, {"exp": True},
        {"iat": 9_999_999_999}, {"nbf": 9_999_999_999}, {"nbf": 1}, {"iat": "1"},
        {"aud": ""}, {"aud": "nought"}, {"aud": "noughts-services"}, {"aud": ["noughts"]}, {"aud": None}, {"aud": ["noughts", "x"]},
        {"iss": ""}, {"iss": "http://localhost"}, {"iss": "http://evil.example"}, {"sub": 1}, {"sub": None},
        {"sub": ["a"]}, {"epoch": "1"}, {"epoch": None}, {"role": "root"}, {"role": None}, {"sid": None}, {"scope": "users"},
    ],
)  # fmt: skip
def test_wrong_claims_are_refused_even_when_signed(
    server: servers.Process, client: httpx.Client, alice: Person, changed: dict[str, Any]
) -> None:
    assert refused(client, signed(server, alice.access, **changed))


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "iat", "exp", "jti", "sid", "auth_time", "role", "epoch"])
def test_every_claim_is_needed(server: servers.Process, client: httpx.Client, alice: Person, name: str) -> None:
    assert refused(client, signed(server, alice.access, without=name))


def test_expiry_has_a_leeway_of_thirty_seconds(server: servers.Process, client: httpx.Client, alice: Person) -> None:
    now = int(time.time())

    assert me(client, signed(server, alice.access, exp=now - 10)).status_code == 200
    assert refused(client, signed(server, alice.access, exp=now - 40))


def test_the_issuer_is_compared_whole(server: servers.Process, client: httpx.Client, alice: Person) -> None:
    assert refused(client, signed(server, alice.access, iss=claims(alice.access)["iss"] + ".evil.example"))


@pytest.mark.parametrize("subject", [NOBODY, "x", "' OR 1=1--", "../me"])
def test_a_token_of_nobody_finds_nobody(
    server: servers.Process, client: httpx.Client, alice: Person, subject: str
) -> None:
    token = {"Authorization": f"Bearer {signed(server, alice.access, sub=subject)}"}

    answers = [
        client.get("/users/me", headers=token),
        client.put("/users/me", json={"username": "whoever"}, headers=token),
        client.delete("/users/me", headers=token),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_a_token_of_nobody_starts_no_game(server: servers.Process, client: httpx.Client, alice: Person) -> None:
    token = {"Authorization": f"Bearer {signed(server, alice.access, sub=NOBODY)}"}

    answer = client.post("/games", json={"opponent": {"kind": "anyone"}}, headers=token)

    assert 400 <= answer.status_code < 500, answer.text


def test_the_computer_stays_as_it_is_whatever_one_holds(
    server: servers.Process, client: httpx.Client, alice: Person
) -> None:
    token = {"Authorization": f"Bearer {signed(server, alice.access, sub=COMPUTER)}"}

    answers = [
        client.put("/users/me", json={"username": "overlord"}, headers=token),
        client.delete("/users/me", headers=token),
        client.post("/login", json={"username": "computer-1", "password": ""}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 401]


def test_a_refresh_token_is_no_access_token_nor_the_other_way_round(client: httpx.Client, visitor: Person) -> None:
    assert refused(client, visitor.refresh)
    assert client.post("/token", json={"refresh_token": visitor.access}).status_code == 401


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearer:", "JWT", "DPoP", ""])
def test_a_token_under_another_scheme_signs_nobody_in(client: httpx.Client, alice: Person, scheme: str) -> None:
    answer = client.get("/users/me", headers={"Authorization": f"{scheme} {alice.access}".strip()})

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_token_of_another_installation_is_refused(
    client: httpx.Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with servers.serving(tmp_path_factory.mktemp("other") / "data") as other, other.client() as elsewhere:
        assert refused(client, guest(elsewhere).access)


def test_a_verified_token_is_remembered_by_all_its_bytes(client: httpx.Client, visitor: Person) -> None:
    assert me(client, visitor.access).status_code == 200
    head, body, signature = visitor.access.split(".")

    assert all(refused(client, token) for token in (f"{head}.{body}.{signature[:-2]}AA", f"{head}.{body}A.{signature}"))

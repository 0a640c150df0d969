"""Tokens of a user pool: which are believed, and above all which are not."""

import base64
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from tests.cognito.answering import Answer, Service, answering

from noughts.kit import ids
from noughts.kit.cognito.keys import READ_AGAIN_S, TRIED_AGAIN_S, AccessTokens, NotBelieved, PoolKeys
from noughts.kit.errors import Unavailable

POOLS, STRANGERS = (rsa.generate_private_key(65537, 2048) for _ in range(2))
SHORT = rsa.generate_private_key(65537, 1024)
PERSON = ids.new()
CLIENT = "client"


def listed(key: rsa.RSAPrivateKey, key_id: str, **different: str) -> dict[str, Any]:
    """Return a key as a pool publishes it."""
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {"kty": "RSA", "n": jwk["n"], "e": jwk["e"], "alg": "RS256", "use": "sig", "kid": key_id} | different


def document(*keys: dict[str, Any]) -> Answer:
    """Return the document of these keys."""
    return Answer(200, msgspec.json.encode({"keys": keys}))


def claims(service: Service, **different: object) -> dict[str, Any]:
    """Return what a right access token says; None leaves a claim out."""
    now = int(time.time())
    said = {
        "sub": ids.new(),
        "iss": service.settings.issuer,
        "client_id": CLIENT,
        "token_use": "access",
        "username": PERSON,
        "iat": now,
        "auth_time": now,
        "exp": now + 300,
        "jti": ids.new(),
        "scope": "aws.cognito.signin.user.admin",
    } | different
    return {name: value for name, value in said.items() if value is not None}


def token(said: dict[str, Any], key: Any = POOLS, *, algorithm: str = "RS256", **header: Any) -> str:
    """Return a signed token."""
    return jwt.encode(said, key, algorithm, headers={"kid": "1"} | header)


def by_hand(head: dict[str, Any], said: dict[str, Any], key: rsa.RSAPrivateKey = POOLS) -> str:
    """Return a token rightly signed with RS256, whatever stands in its header."""
    parts = [base64.urlsafe_b64encode(msgspec.json.encode(part)).rstrip(b"=") for part in (head, said)]
    signature = key.sign(b".".join(parts), padding.PKCS1v15(), hashes.SHA256())
    return b".".join((*parts, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """A service that publishes the pool's key."""
    async with answering() as found:
        found.answers = lambda _: document(listed(POOLS, "1"))
        yield found


@pytest.fixture
def tokens(service: Service) -> AccessTokens:
    """What checks the pool's tokens."""
    return AccessTokens(service.settings, PoolKeys(service.settings.jwks_url))


async def test_a_right_token_is_believed_and_the_keys_are_read_once(tokens: AccessTokens, service: Service) -> None:
    for _ in range(3):
        await tokens.require(token(claims(service)), PERSON)
    assert service.asked == ["json"]


@pytest.mark.parametrize(
    "different",
    [
        {"token_use": "id", "aud": CLIENT, "client_id": None},
        {"token_use": "id"},
        {"token_use": None},
        {"client_id": "another"},
        {"client_id": None},
        {"client_id": [CLIENT]},
        {"iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Another"},
        {"iss": None},
        {"username": ids.new()},
        {"username": PERSON.upper()},
        {"username": None, "sub": PERSON},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"exp": "never"},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"sub": None},
    ],
)
async def test_a_token_that_says_something_else_is_not_believed(
    tokens: AccessTokens, service: Service, different: dict[str, object]
) -> None:
    with pytest.raises(NotBelieved):
        await tokens.require(token(claims(service, **different)), PERSON)


async def test_a_token_signed_by_another_key_is_not_believed(tokens: AccessTokens, service: Service) -> None:
    for key_id in ("1", "2"):
        with pytest.raises(NotBelieved):
            await tokens.require(token(claims(service), STRANGERS, kid=key_id), PERSON)


@pytest.mark.parametrize(
    "head", [{}, {"kid": None}, {"kid": 1}, {"kid": ["1"]}, {"kid": "1", "crit": ["b64"], "b64": False}]
)
async def test_a_right_token_whose_key_is_not_named_is_not_believed(
    tokens: AccessTokens, service: Service, head: dict[str, Any]
) -> None:
    await tokens.require(by_hand({"alg": "RS256", "kid": "1"}, claims(service)), PERSON)
    with pytest.raises(NotBelieved):
        await tokens.require(by_hand({"alg": "RS256"} | head, claims(service)), PERSON)


async def test_a_public_key_is_no_secret_to_sign_with(tokens: AccessTokens, service: Service) -> None:
    pem = POOLS.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    jws = jwt.api_jws.PyJWS()
    jws._algorithms["HS256"].prepare_key = lambda key: key  # PyJWT would not sign with it
    made = jws.encode(msgspec.json.encode(claims(service)), pem, "HS256", {"kid": "1"})
    with pytest.raises(NotBelieved):
        await tokens.require(made, PERSON)


async def test_a_token_without_a_signature_is_not_believed(tokens: AccessTokens, service: Service) -> None:
    unsigned = jwt.encode(claims(service), None, "none", headers={"kid": "1"})
    _, body, _ = token(claims(service)).split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"NONE","kid":"1"}').rstrip(b"=").decode()
    for made in (unsigned, f"{head}.{body}.", f"{token(claims(service)).rpartition('.')[0]}."):
        with pytest.raises(NotBelieved):
            await tokens.require(made, PERSON)


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
async def test_another_algorithm_is_not_believed_though_the_key_is_right(
    tokens: AccessTokens, service: Service, algorithm: str
) -> None:
    with pytest.raises(NotBelieved):
        await tokens.require(token(claims(service), algorithm=algorithm), PERSON)


async def test_a_key_of_another_kind_is_not_believed(tokens: AccessTokens, service: Service) -> None:
    with pytest.raises(NotBelieved):
        await tokens.require(token(claims(service), ec.generate_private_key(ec.SECP256R1()), algorithm="ES256"), PERSON)


@pytest.mark.parametrize("nonsense", ["", ".", "..", "a.b.c", "x" * 100_000, "\ud800.a.b", "é.é.é"])
async def test_nonsense_is_not_believed(tokens: AccessTokens, nonsense: str) -> None:
    with pytest.raises(NotBelieved):
        await tokens.require(nonsense, PERSON)


async def test_a_key_brought_along_is_not_looked_at(tokens: AccessTokens, service: Service) -> None:
    jwk = listed(STRANGERS, "1")
    with pytest.raises(NotBelieved):
        await tokens.require(token(claims(service), STRANGERS, jwk=jwk, jku=service.settings.jwks_url), PERSON)


@pytest.mark.parametrize("different", [{"use": "enc"}, {"alg": "RS512"}, {"kty": "oct"}, {"n": "nonsense!"}])
async def test_a_listed_key_for_something_else_is_not_used(
    tokens: AccessTokens, service: Service, different: dict[str, str]
) -> None:
    service.answers = lambda _: document(listed(POOLS, "1", **different))
    with pytest.raises(NotBelieved):
        await tokens.require(token(claims(service)), PERSON)


async def test_a_listed_key_that_is_too_short_is_not_used(tokens: AccessTokens, service: Service) -> None:
    service.answers = lambda _: document(listed(SHORT, "1"))
    with pytest.raises(NotBelieved):
        await tokens.require(token(claims(service)), PERSON)


async def test_an_unknown_key_has_them_read_again_but_not_for_every_token(service: Service) -> None:
    at = 1_000.0
    keys = PoolKeys(service.settings.jwks_url, lambda: at)
    tokens = AccessTokens(service.settings, keys)
    await tokens.require(token(claims(service)), PERSON)
    service.answers = lambda _: document(listed(POOLS, "1"), listed(STRANGERS, "2"))
    rolled = token(claims(service), STRANGERS, kid="2")
    for _ in range(3):
        with pytest.raises(NotBelieved):
            await tokens.require(rolled, PERSON)
    assert len(service.asked) == 1
    at += READ_AGAIN_S
    await tokens.require(rolled, PERSON)
    await tokens.require(token(claims(service)), PERSON)
    assert len(service.asked) == 2


@pytest.mark.parametrize("answer", [Answer(500, b""), Answer(200, b"<html>"), Answer(200, b'{"keys": 1}'), b""])
async def test_keys_that_cannot_be_read_are_no_reason_to_refuse_anybody(
    service: Service, answer: Answer | bytes
) -> None:
    at = 1_000.0
    tokens = AccessTokens(service.settings, PoolKeys(service.settings.jwks_url, lambda: at))
    service.answers = lambda _: answer
    for _ in range(3):
        with pytest.raises(Unavailable):
            await tokens.require(token(claims(service)), PERSON)
    assert len(service.asked) == 1
    service.answers = lambda _: document(listed(POOLS, "1"))
    at += TRIED_AGAIN_S
    await tokens.require(token(claims(service)), PERSON)


async def test_known_keys_go_on_while_new_ones_cannot_be_read(service: Service) -> None:
    at = 1_000.0
    tokens = AccessTokens(service.settings, PoolKeys(service.settings.jwks_url, lambda: at))
    await tokens.require(token(claims(service)), PERSON)
    service.answers = lambda _: Answer(500, b"")
    at += READ_AGAIN_S
    with pytest.raises(Unavailable):
        await tokens.require(token(claims(service), STRANGERS, kid="2"), PERSON)
    await tokens.require(token(claims(service)), PERSON)

"""The keys that sign access tokens: made here, sealed at rest, published for everyone to check with."""

from datetime import datetime
from typing import Any, Final, Literal

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from noughts.auth.store import KeyStore, StoredKey
from noughts.kit import ids, sealing
from noughts.kit.errors import Refusal
from noughts.kit.tokens import AUDIENCE, LIFETIME_S, TOKEN_TYPE, Claims, VerifyingKey

Algorithm = Literal["ES256", "RS256"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_RSA_BITS: Final = 2_048


class SigningKey(msgspec.Struct, frozen=True):
    """A private key under its id."""

    id: str
    algorithm: str
    private: Any


class Signer:
    """Signs access tokens with the newest key of the algorithm in use, and knows the public part of all."""

    def __init__(self, keys: list[SigningKey], algorithm: Algorithm, issuer: str) -> None:
        self._active = [key for key in keys if key.algorithm == algorithm][-1]
        self._issuer = issuer
        self.verifying: dict[str, VerifyingKey] = {
            key.id: VerifyingKey(key.private.public_key(), key.algorithm) for key in keys
        }

    @classmethod
    async def load(cls, store: KeyStore, secret: bytes, algorithm: Algorithm, issuer: str, at: datetime) -> "Signer":
        """Return a signer with the stored keys, the first one made on the way.

        Raises Refusal when the secret is not the one the keys were sealed with.
        """
        sealing_key = sealing.derive(secret, "signing keys")
        stored = await store.all()
        if not any(key.algorithm == algorithm for key in stored):
            stored.append(_new_key(algorithm, sealing_key, at))
            await store.add(stored[-1])
        return cls([_opened(key, sealing_key) for key in stored], algorithm, issuer)

    def sign(self, claims: dict[str, Any], at: datetime) -> str:
        """Return an access token with these claims that holds for 10 minutes."""
        issued_at = int(at.timestamp())
        full = Claims(
            iss=self._issuer, aud=AUDIENCE, iat=issued_at, exp=issued_at + LIFETIME_S, jti=ids.request_id(), **claims
        )
        headers = {"typ": TOKEN_TYPE, "kid": self._active.id}
        return jwt.encode(msgspec.structs.asdict(full), self._active.private, self._active.algorithm, headers)

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a JSON Web Key Set (RFC 7517)."""
        return {"keys": [_jwk(key_id, key) for key_id, key in self.verifying.items()]}


def _new_key(algorithm: Algorithm, sealing_key: bytes, at: datetime) -> StoredKey:
    private: PrivateKey
    if algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
    else:
        private = rsa.generate_private_key(65_537, _RSA_BITS)
    plain = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return StoredKey(ids.new(), algorithm, sealing.seal(sealing_key, plain), at)


def _opened(key: StoredKey, sealing_key: bytes) -> SigningKey:
    plain = sealing.unseal(sealing_key, key.sealed)
    if plain is None:
        raise Refusal("The secret is not the one this database was set up with: restore the file `secret`.")
    return SigningKey(key.id, key.algorithm, serialization.load_der_private_key(plain, None))


def _jwk(key_id: str, key: VerifyingKey) -> dict[str, Any]:
    writer = ECAlgorithm if key.algorithm == "ES256" else RSAAlgorithm
    public: dict[str, Any] = writer.to_jwk(key.key, as_dict=True)
    return public | {"kid": key_id, "use": "sig", "alg": key.algorithm}

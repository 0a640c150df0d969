"""The keys that sign access tokens: made here, sealed at rest, published for everyone to check with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from noughts.auth.model import keys
from noughts.auth.model.keys import Algorithm, StoredKey
from noughts.kit import ids, sealing
from noughts.kit.errors import Refusal
from noughts.kit.tokens import AUDIENCE, LIFETIME_S, TOKEN_TYPE, Claims, PublicKey, VerifyingKey

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_RSA_BITS: Final = 2_048
_PURPOSE: Final = "signing keys"


class Signer:
    """Signs access tokens with the key whose time it is, and knows the public part of all: `verifying` is kept up to date."""

    def __init__(self, secret: bytes, algorithm: Algorithm, issuer: str) -> None:
        self._sealing_key = sealing.derive(secret, _PURPOSE)
        self.issuer = issuer
        self._stored: Sequence[StoredKey] = ()
        self._private: dict[str, Any] = {}
        self.algorithm = algorithm
        self.verifying: dict[str, VerifyingKey] = {}

    def make(self, generation: int, signs_from: datetime, at: datetime) -> StoredKey:
        """Return a new key of the algorithm in use. Takes a tenth of a second for RS256."""
        private: PrivateKey
        if self.algorithm == "ES256":
            private = ec.generate_private_key(ec.SECP256R1())
        else:
            private = rsa.generate_private_key(65_537, _RSA_BITS)
        plain = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return StoredKey(ids.new(), self.algorithm, sealing.seal(self._sealing_key, plain), generation, signs_from, at)

    def take(self, stored: Sequence[StoredKey], at: datetime) -> None:
        """Go on with these keys, of which those nobody can need any more are left out.

        Raises Refusal when the secret is not the one they were sealed with.
        """
        alive = [key for key in stored if not keys.is_over(key, stored, at)]
        private = {key.id: self._private.get(key.id) or self._opened(key) for key in alive}
        self._stored, self._private = alive, private
        self.verifying.clear()
        for key in reversed(alive):
            ends = keys.retires_at(key, alive)
            until = None if ends is None else ends.timestamp()
            self.verifying[key.id] = VerifyingKey(private[key.id].public_key(), key.algorithm, until)

    def sign(self, claims: dict[str, Any], at: datetime) -> str:
        """Return an access token with these claims that holds for 10 minutes."""
        key = keys.signing(self._stored, self.algorithm, at)
        issued_at = int(at.timestamp())
        full = Claims(
            iss=self.issuer, aud=AUDIENCE, iat=issued_at, exp=issued_at + LIFETIME_S, jti=ids.request_id(), **claims
        )
        headers = {"typ": TOKEN_TYPE, "kid": key.id}
        return jwt.encode(msgspec.structs.asdict(full), self._private[key.id], key.algorithm, headers)

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a JSON Web Key Set (RFC 7517): next, active and retired ones, the newest first."""
        return {"keys": [_jwk(key_id, key) for key_id, key in self.verifying.items()]}

    def public_keys(self) -> list[PublicKey]:
        """Return the same keys for the other services, with the end of each."""
        return [
            PublicKey(id=key_id, algorithm=key.algorithm, jwk=_jwk(key_id, key), until=key.until)
            for key_id, key in self.verifying.items()
        ]

    def _opened(self, key: StoredKey) -> Any:  # noqa: ANN401 - whichever kind of private key it is
        plain = sealing.unseal(self._sealing_key, key.sealed)
        if plain is None:
            raise Refusal("The secret is not the one this database was set up with: restore the file `secret`.")
        return serialization.load_der_private_key(plain, None)


def opens(secret: bytes, sealed: bytes) -> bool:
    """Return whether a stored key was sealed with this secret."""
    return sealing.unseal(sealing.derive(secret, _PURPOSE), sealed) is not None


def _jwk(key_id: str, key: VerifyingKey) -> dict[str, Any]:
    writer = ECAlgorithm if key.algorithm == "ES256" else RSAAlgorithm
    public: dict[str, Any] = writer.to_jwk(key.key, as_dict=True)
    public.pop("key_ops", None)  # `use` says it already, and they should not both (RFC 7517, 4.3)
    return public | {"kid": key_id, "use": "sig", "alg": key.algorithm}

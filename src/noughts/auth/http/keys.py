"""What everyone needs to check our tokens."""

from typing import Final

import msgspec

from noughts.auth.service import AuthService
from noughts.kit.edge import Answer, Ask, NoQuery, Route, Who
from noughts.kit.tokens import Claims


class Jwks(msgspec.Struct, frozen=True):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, str]]


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """What a verifier must know of us (OpenID Connect Discovery 1.0, RFC 8414).

    ID tokens are not issued, and the token endpoint takes JSON: sign-in itself is our own.
    """

    issuer: str
    jwks_uri: str
    token_endpoint: str
    grant_types_supported: tuple[str, ...] = ("refresh_token",)
    response_types_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("none",)
    subject_types_supported: tuple[str, ...] = ("public",)
    claims_supported: tuple[str, ...] = Claims.__struct_fields__
    service_documentation: str


async def jwks(auth: AuthService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(auth.signer.jwks(), caching="public, max-age=300")


async def openid_configuration(auth: AuthService, ask: Ask[None, NoQuery]) -> Answer:
    origin = auth.signer.issuer
    found = Discovery(
        issuer=origin,
        jwks_uri=f"{origin}/.well-known/jwks.json",
        token_endpoint=f"{origin}/token",
        service_documentation=f"{origin}/docs",
    )
    return Answer(found, caching="public, max-age=300")


ROUTES: Final = (
    Route("GET", "/.well-known/jwks.json", jwks, "The public keys of access tokens: those in use, the next, and those retired lately.",
          who=Who.ANYONE, answer=Jwks),
    Route("GET", "/.well-known/openid-configuration", openid_configuration, "Where the keys and the tokens are.",
          who=Who.ANYONE, answer=Discovery),
)  # fmt: skip

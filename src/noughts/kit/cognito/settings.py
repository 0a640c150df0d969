"""Who keeps the passwords, and which user pool, as an operator chooses it."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from noughts.kit.errors import Refusal

_ADDRESS: Final = "^(https?://|$)"


class CognitoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may set about identity."""

    identity: Annotated[
        Literal["local", "cognito"],
        Meta(description="Who keeps passwords and second factors: local, or cognito for an Amazon Cognito user pool."),
    ] = "local"
    cognito_pool: Annotated[
        str,
        Meta(
            description="Id of the user pool: eu-central-1_AbCdEfGhI.",
            pattern=r"^([\w-]+_[0-9A-Za-z]+|)$",
        ),
    ] = ""
    cognito_client: Annotated[str, Meta(description="Id of its app client.", pattern=r"^[\w+]*$")] = ""
    cognito_client_secret: Annotated[str, Meta(description="The app client's secret, if it has one.")] = ""
    cognito_endpoint: Annotated[
        str, Meta(description="Where Cognito is; empty: AWS in the region of the pool.", pattern=_ADDRESS)
    ] = ""
    cognito_issuer: Annotated[
        str, Meta(description="Issuer of the pool's tokens; empty: AWS's of that pool.", pattern=_ADDRESS)
    ] = ""
    cognito_jwks: Annotated[
        str, Meta(description="Where the pool's keys are; empty: <issuer>/.well-known/jwks.json.", pattern=_ADDRESS)
    ] = ""

    @property
    def region(self) -> str:
        """The region the pool is in."""
        return self.cognito_pool.partition("_")[0]

    @property
    def issuer(self) -> str:
        """Who the pool's tokens say they are from."""
        return self.cognito_issuer or f"https://cognito-idp.{self.region}.amazonaws.com/{self.cognito_pool}"

    @property
    def jwks_url(self) -> str:
        """Where the public keys of the pool's tokens are."""
        return self.cognito_jwks or f"{self.issuer.rstrip('/')}/.well-known/jwks.json"


def require_complete(chosen: CognitoSettings) -> None:
    """Raise Refusal where the pool keeps the passwords and nobody said which one."""
    if chosen.identity == "local":
        return
    for name, value in (
        ("NOUGHTS_COGNITO_POOL", chosen.cognito_pool),
        ("NOUGHTS_COGNITO_CLIENT", chosen.cognito_client),
    ):
        if not value:
            raise Refusal(f"NOUGHTS_IDENTITY=cognito needs {name}.")

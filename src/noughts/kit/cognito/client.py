"""An app client of a user pool: what goes with each of its calls, and which of its tokens are believed."""

import base64
import hmac
from typing import Any

from noughts.kit.cognito.answers import SignedIn
from noughts.kit.cognito.calls import Calls
from noughts.kit.cognito.errors import NoSuchUser, Refused
from noughts.kit.cognito.keys import AccessTokens, NotBelieved, PoolKeys
from noughts.kit.cognito.meanings import Said
from noughts.kit.cognito.settings import CognitoSettings
from noughts.kit.errors import Unavailable
from noughts.kit.logging import log


class AppClient:
    """The pool's side of every question. Its errors are those of `noughts.kit.cognito.errors`, and Unavailable."""

    def __init__(self, chosen: CognitoSettings) -> None:
        self._chosen = chosen
        self.calls = Calls(chosen)
        self._tokens = AccessTokens(chosen, PoolKeys(chosen.jwks_url))

    @property
    def id(self) -> str:
        """The id of the app client."""
        return self._chosen.cognito_client

    async def believed(self, told: dict[str, Any], user_id: str) -> SignedIn:
        """Return the token of an answer; that it is not to be believed means that a setting is wrong, and is told."""
        token = told.get("AuthenticationResult", {}).get("AccessToken", "")
        try:
            await self._tokens.require(token, user_id)
        except NotBelieved as error:
            log.error("cognito_token_not_believed", reason=str(error), issuer=self._chosen.issuer)
            raise Unavailable("The user pool's answer cannot be believed.", retry_after=60) from None
        return SignedIn(token)

    async def require_of(self, access_token: str, user_id: str) -> None:
        """Raise Refused unless this is a current access token of that person."""
        try:
            await self._tokens.require(access_token, user_id)
        except NotBelieved:
            raise Refused from None

    async def anyone(self, operation: str, user_id: str, **given: Any) -> None:  # noqa: ANN401
        """Make a call of the app client's, which takes no credentials."""
        if secret := self._secret_hash(user_id):
            given["SecretHash"] = secret
        await self.ask(operation, ClientId=self.id, Username=user_id, **given)

    async def about(self, operation: str, user_id: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the answer to an administrator's call about somebody: signed, and harmless when repeated."""
        given |= {"UserPoolId": self._chosen.cognito_pool, "Username": user_id}
        return await self.ask(operation, signed=True, repeatable=True, **given)

    async def if_there(self, operation: str, user_id: str) -> None:
        """Make such a call; nobody of that id is fine."""
        try:
            await self.about(operation, user_id)
        except NoSuchUser:
            return

    async def ask(
        self,
        operation: str,
        *,
        signed: bool = False,
        repeatable: bool = False,
        **given: Any,  # noqa: ANN401 - as many shapes as operations
    ) -> dict[str, Any]:
        """Return the answer to a call; an error is raised as what it means."""
        try:
            return await self.calls.ask(operation, signed=signed, repeatable=repeatable, **given)
        except Said as said:
            raise said.meaning() from None

    def named(self, user_id: str) -> dict[str, str]:
        """Return what says in a sign-in whom it is about, and proves who asks."""
        secret = self._secret_hash(user_id)
        return {"USERNAME": user_id} | ({"SECRET_HASH": secret} if secret else {})

    def _secret_hash(self, user_id: str) -> str:
        """Return what proves that the app client asks, for somebody; empty where it has no secret."""
        secret = self._chosen.cognito_client_secret
        if not secret:
            return ""
        proof = hmac.digest(secret.encode(), (user_id + self._chosen.cognito_client).encode(), "sha256")
        return base64.b64encode(proof).decode()

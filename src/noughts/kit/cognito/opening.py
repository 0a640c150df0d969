"""Loading what speaks to AWS, where it is installed."""

from typing import TYPE_CHECKING

from noughts.kit.cognito.settings import CognitoSettings
from noughts.kit.errors import Refusal

if TYPE_CHECKING:
    from noughts.kit.cognito.client import AppClient


def app_client(chosen: CognitoSettings) -> "AppClient":
    """Return what asks the pool; raises Refusal where the extra `cognito` is not installed."""
    try:
        from noughts.kit.cognito.client import AppClient
    except ModuleNotFoundError:
        raise Refusal("A user pool takes packages that are missing: pip install 'noughts[cognito]'.") from None
    return AppClient(chosen)

"""The secret in an invitation: derived from the game's id, so that it can be shown again and is stored nowhere."""

import base64
import hmac

import msgspec

from noughts.games.model.games import GameId
from noughts.kit import sealing


class Invites(msgspec.Struct, frozen=True):
    """Makes invitations under a key of their own, to be followed at an origin (`https://…`, no slash at its end)."""

    key: bytes
    origin: str

    def digest(self, game_id: GameId) -> str:
        """Return what is stored of a game's secret."""
        return sealing.digest(self._secret(game_id))

    def url(self, game_id: GameId) -> str:
        """Return the link to hand on; the secret stands in the fragment, which no server gets to see."""
        return f"{self.origin}/play/{game_id}#invite={self._secret(game_id)}"

    def _secret(self, game_id: GameId) -> str:
        """Return 256 bits nobody can tell without the key."""
        return base64.urlsafe_b64encode(hmac.digest(self.key, game_id.encode(), "sha256")).rstrip(b"=").decode()

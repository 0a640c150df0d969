"""Everything an operator may set, and which services a process runs."""

from collections.abc import Collection, Mapping
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

import msgspec

from noughts.auth.service import AuthSettings
from noughts.games.service import GameSettings
from noughts.gateway.limits import GatewaySettings
from noughts.kit import settings
from noughts.kit.broadcast import EventSettings
from noughts.kit.cognito import CognitoSettings, require_complete
from noughts.kit.errors import Refusal
from noughts.kit.mail import MailSettings
from noughts.kit.passwords import Hashing
from noughts.kit.settings import Neighbours, Server
from noughts.users.service import UserSettings

Part = Literal["users", "auth", "games", "gateway"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)


class Settings(msgspec.Struct, frozen=True):
    """Everything an operator may set."""

    server: Server
    users: UserSettings
    auth: AuthSettings
    games: GameSettings
    gateway: GatewaySettings
    hashing: Hashing
    mail: MailSettings
    neighbours: Neighbours
    events: EventSettings
    identity: CognitoSettings


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return what the environment says, or its defaults; raises Refusal."""
    chosen = Settings(*settings.read(environ, *(field.type for field in msgspec.structs.fields(Settings))))
    require_complete(chosen.identity)
    if chosen.identity.identity == "cognito" and chosen.users.conceals:
        raise Refusal(
            "NOUGHTS_DUPLICATE_EMAIL=conceal: a user pool writes to new members itself, and tells who is known."
        )
    return chosen


def require_apart(chosen: Settings, parts: Collection[Part]) -> None:
    """Raise Refusal unless these services, which are not all, can find the others and share what they must share."""
    missing = {
        "NOUGHTS_BASE_URL": not chosen.server.base_url and "links and tokens name one address for all of them",
        "NOUGHTS_SECRET": not chosen.server.secret and "they trust each other by it",
        "NOUGHTS_DATABASE": set(parts) != {"gateway"}
        and not chosen.server.database
        and "one SQLite file has one process",
        "NOUGHTS_INTERNAL_PORT": "gateway" in parts
        and set(parts) != {"gateway"}
        and not chosen.server.internal_port
        and "what they ask each other is answered at no port of the gateway's",
    }
    for name, reason in missing.items():
        if reason:
            raise Refusal(f"Services that run apart need {name}: {reason}.")


def urls(neighbours: Neighbours, part: Part) -> list[str]:
    """Return where a service's replicas are; raises Refusal where nobody said."""
    found = [url.strip() for url in str(getattr(neighbours, f"{part}_url", "")).split(",") if url.strip()]
    name = f"NOUGHTS_{part.upper()}_URL"
    if not found:
        raise Refusal(f"The service `{part}` runs elsewhere: say where with {name}, or let it run here too.")
    if strange := [url for url in found if not _leads_somewhere(url)]:
        raise Refusal(f"{name}: {strange[0]} is no address like http://host:port.")
    return found


def _leads_somewhere(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # its port is no number
        return False

"""What each service is told: plain settings, and secrets, which ECS fetches as a task starts."""

from typing import Final

from aws_cdk import aws_ecs as ecs

from balancer import Balancer
from data import Data
from deployment import Deployment
from identity import Identity

ADMIN_PORT: Final = 9100
_AUTHORITIES: Final = "/etc/ssl/certs/ca-certificates.crt"


def environment(
    deployment: Deployment, data: Data, identity: Identity, balancer: Balancer
) -> dict[str, dict[str, str]]:
    """Return each service's settings."""
    everybody = {
        "NOUGHTS_BASE_URL": deployment.base_url,
        "NOUGHTS_WAIT_S": "60",
        "NOUGHTS_DRAIN_S": "5",
        "NOUGHTS_ADMIN_PORT": str(ADMIN_PORT),
        # The balancer tells where the others are: it knows which of their tasks are well.
        "NOUGHTS_USERS_URL": balancer.inside_url,
        "NOUGHTS_AUTH_URL": balancer.inside_url,
        "NOUGHTS_GAMES_URL": balancer.inside_url,
    }
    pool = {
        "NOUGHTS_IDENTITY": deployment.identity,
        "NOUGHTS_COGNITO_POOL": identity.pool.ref,
        "NOUGHTS_COGNITO_CLIENT": identity.client.ref,
    }
    mail = {
        "NOUGHTS_SMTP_HOST": f"email-smtp.{deployment.region}.amazonaws.com",
        "NOUGHTS_MAIL_FROM": f"Noughts <{deployment.mail_from}>",
    }
    # API Gateway's authorizers know no ES256.
    keys = {"NOUGHTS_SIGNING_ALGORITHM": "RS256"}
    return {
        "users": everybody | _database("users", data) | pool | mail,
        "auth": everybody | _database("auth", data) | pool | keys,
        "games": everybody | _database("games", data),
        "gateway": everybody,
    }


def secrets(data: Data, identity: Identity) -> dict[str, dict[str, ecs.Secret]]:
    """Return each service's secrets."""
    everybody = {
        "NOUGHTS_SECRET": ecs.Secret.from_secrets_manager(data.installation),
        "NOUGHTS_ORIGIN_SECRET": ecs.Secret.from_secrets_manager(data.origin),
    }
    pool = {"NOUGHTS_COGNITO_CLIENT_SECRET": ecs.Secret.from_secrets_manager(identity.client_secret)}
    mail = {
        "NOUGHTS_SMTP_USERNAME": ecs.Secret.from_secrets_manager(data.mail, "username"),
        "NOUGHTS_SMTP_PASSWORD": ecs.Secret.from_secrets_manager(data.mail, "password"),
    }
    # The driver takes the password of either address from there.
    roles = {
        name: {"PGPASSWORD": ecs.Secret.from_secrets_manager(secret, "password")} for name, secret in data.roles.items()
    }
    return {
        "users": everybody | roles["users"] | pool | mail,
        "auth": everybody | roles["auth"] | pool,
        "games": everybody | roles["games"],
        "gateway": everybody,
    }


def _database(name: str, data: Data) -> dict[str, str]:
    """Return where statements go, the proxy, and where news do: LISTEN would hold a connection of the proxy's for itself."""
    role = f"postgresql://noughts_{name}"
    proved = f"sslmode=verify-full&sslrootcert={_AUTHORITIES}"
    return {
        "NOUGHTS_DATABASE": f"{role}@{data.proxy.attr_endpoint}:5432/noughts?{proved}",
        # The proxy's certificate is from an authority that everybody knows, the instance's from RDS's own.
        "NOUGHTS_EVENTS": f"{role}@{data.address}?sslmode=require",
    }

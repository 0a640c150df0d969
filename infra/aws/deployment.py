"""What one deployment is like: every value that is not the same for everybody, read once from the environment."""

import node  # noqa: F401 - before what starts it

# isort: split

import os
from typing import Annotated, Any, Literal, Self

import msgspec
from aws_cdk import BootstraplessSynthesizer, Environment
from msgspec import Meta

PREFIX = "DEPLOY_"
FRONT = "us-east-1"
"""Where AWS keeps what stands before CloudFront, wherever the rest is."""


class Size(msgspec.Struct, frozen=True):
    """What a service's tasks are given: 1024 CPU units are a core, memory is in MiB, and so many there may be."""

    cpu: int
    memory: int
    least: int = 2
    most: int = 6


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment. The defaults are an example that nobody can deploy: its domain is nobody's."""

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{1,20}$")] = "noughts"
    region: str = "eu-central-1"
    zones: tuple[str, str] = ("eu-central-1a", "eu-central-1b")
    cidr: str = "10.20.0.0/16"
    nat_gateways: int = 0
    """Ways out to the internet: none is needed where mail goes through SES."""
    image: str = "000000000000.dkr.ecr.eu-central-1.amazonaws.com/noughts@sha256:" + 64 * "0"
    domain: str = "noughts.example.com"
    certificate: str = "arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-0000-0000-000000000000"
    """For the domain, in us-east-1: CloudFront's."""
    certificate_here: str = "arn:aws:acm:eu-central-1:000000000000:certificate/00000000-0000-0000-0000-000000000000"
    """For the domain, in the region: the API's."""
    mail_domain: str = "example.com"
    """Verified in SES; mails come from noughts@ it."""
    alarm_mail: str = "operator@example.com"
    budget_usd: int = 500
    """A month's money, of which somebody is told when 80 % are spent."""
    database_class: str = "db.t4g.medium"
    database_gib: int = 20
    database_most_gib: int = 200
    backup_days: int = 14
    origin_version: str = ""
    """Which version of the origin's secret is shown and asked for; empty: the current one."""
    identity: Literal["local", "cognito"] = "cognito"
    users: Size = Size(256, 512)
    auth: Size = Size(1024, 2048, most=20)
    games: Size = Size(256, 512, most=12)
    gateway: Size = Size(256, 512)

    @classmethod
    def read(cls) -> Self:
        """Return what `DEPLOY_…` variables say, or the defaults; raises msgspec.ValidationError, ValueError."""
        given = {key.removeprefix(PREFIX).lower(): text for key, text in os.environ.items() if key.startswith(PREFIX)}
        if strangers := sorted(given.keys() - {*cls.__struct_fields__}):
            raise ValueError(f"{PREFIX}{strangers[0].upper()} is nothing a deployment knows.")
        return msgspec.convert({key: _read(text) for key, text in given.items()}, cls, strict=False)

    def with_image(self, image: str) -> Self:
        """Return the same, of another image."""
        return msgspec.structs.replace(self, image=image)

    @property
    def base_url(self) -> str:
        """Where people reach it, and the issuer of tokens."""
        return f"https://{self.domain}"

    @property
    def sizes(self) -> dict[str, Size]:
        """Each service's."""
        return {"users": self.users, "auth": self.auth, "games": self.games, "gateway": self.gateway}

    @property
    def mail_from(self) -> str:
        """Whose mails they are."""
        return f"noughts@{self.mail_domain}"

    def stack(self, part: str, region: str | None = None) -> dict[str, Any]:
        """Return how a stack is named and placed. It brings no files along, so that no bucket has to be there first."""
        return {
            "stack_name": f"{self.name}-{part}",
            "env": Environment(region=region or self.region),
            "synthesizer": BootstraplessSynthesizer(),
            "analytics_reporting": False,
            "description": f"Noughts: {part}",
        }


def _read(text: str) -> object:
    """Return lists and objects as what they are, anything else as it stands."""
    return msgspec.json.decode(text) if text[:1] in "[{" else text

"""`noughts envoy`."""

import os
import sys
from dataclasses import KW_ONLY, dataclass
from typing import Annotated

import msgspec
from cyclopts import Parameter

from noughts import compose
from noughts.gateway.envoy import Plan, bootstrap

Several = tuple[str, ...]


@Parameter(name="*")
@dataclass(frozen=True)
class Services:
    """Where the services are.

    Parameters
    ----------
    users
        The User Service: host:port, several separated by commas; a name may stand for all of its addresses.
    auth
        The Authentication Service.
    games
        The Game Service.
    gateway
        The service of the page, the documents and the composed calls.
    """

    _: KW_ONLY
    users: str
    auth: str
    games: str
    gateway: str

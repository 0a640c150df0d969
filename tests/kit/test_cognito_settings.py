"""Which user pool an operator chooses."""

from collections.abc import Mapping

import pytest

from noughts.kit import settings
from noughts.kit.cognito import CognitoSettings, require_complete
from noughts.kit.errors import Refusal

POOL, CLIENT = "eu-central-1_AbCdEfGhI", "1h57kf5cpq17m0eml12EXAMPLE"


def read(environ: Mapping[str, str]) -> CognitoSettings:
    """Return what an environment says."""
    found: CognitoSettings = settings.read(environ, CognitoSettings)[0]
    return found


def test_without_settings_passwords_are_kept_here() -> None:
    require_complete(read({}))
    assert read({}).identity == "local"


def test_a_pools_id_says_its_region_its_issuer_and_its_keys() -> None:
    found = read({"NOUGHTS_COGNITO_POOL": POOL})
    assert found.region == "eu-central-1"
    assert found.issuer == f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL}"
    assert found.jwks_url == f"{found.issuer}/.well-known/jwks.json"


def test_issuer_and_keys_may_be_elsewhere_each_for_itself() -> None:
    there = "http://localhost:9229/local_1"
    found = read({"NOUGHTS_COGNITO_POOL": POOL, "NOUGHTS_COGNITO_ISSUER": there})
    assert (found.issuer, found.jwks_url) == (there, f"{there}/.well-known/jwks.json")
    found = read({"NOUGHTS_COGNITO_POOL": POOL, "NOUGHTS_COGNITO_JWKS": f"{there}/keys"})
    assert (found.issuer.startswith("https://cognito-idp."), found.jwks_url) == (True, f"{there}/keys")


@pytest.mark.parametrize(
    ("given", "missing"),
    [({"COGNITO_CLIENT": CLIENT}, "COGNITO_POOL"), ({"COGNITO_POOL": POOL}, "COGNITO_CLIENT"), ({}, "COGNITO_POOL")],
)
def test_without_pool_or_client_one_line_names_what_is_missing(given: dict[str, str], missing: str) -> None:
    chosen = read({"NOUGHTS_IDENTITY": "cognito"} | {f"NOUGHTS_{name}": value for name, value in given.items()})
    with pytest.raises(Refusal, match=f"^NOUGHTS_IDENTITY=cognito needs NOUGHTS_{missing}.$"):
        require_complete(chosen)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NOUGHTS_IDENTITY", "ldap"),
        ("NOUGHTS_COGNITO_POOL", "arn:aws:cognito-idp:eu-central-1:1:userpool/eu-central-1_A"),
        ("NOUGHTS_COGNITO_POOL", "pool"),
        ("NOUGHTS_COGNITO_ENDPOINT", "localhost:9229"),
        ("NOUGHTS_COGNITO_CLIENT", "a b"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(Refusal, match=name):
        read({name: value})

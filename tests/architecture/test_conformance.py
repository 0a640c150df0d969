"""Whatever is sent to it, the running program answers as its OpenAPI document says."""

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests import servers

from noughts import VERSION
from noughts.compose import TABLES
from noughts.kit import openapi

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
DOCUMENT = openapi.document(TABLES, VERSION)
API = schemathesis.openapi.from_dict(DOCUMENT)
RIGHT, WRONG = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
OPERATIONS = [
    (path, method, mode)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    for mode in (RIGHT, WRONG)
    # Where nothing but text can be sent nothing of the wrong kind can.
    if mode is RIGHT or "requestBody" in operation or any(one["in"] == "query" for one in operation["parameters"])
]
EXAMPLES = 8
ENDLESS = {route.path for table in TABLES.values() for route in table if route.live == "lines"}
"""Calls whose answer ends with whoever listens: asked without a token alone."""


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_every_answer_is_as_described(
    server: servers.Process, path: str, method: str, mode: schemathesis.GenerationMode
) -> None:
    url = f"http://127.0.0.1:{server.port}"
    guest = httpx.post(f"{url}/guests", json={}, trust_env=False).json()

    @given(API[path][method.upper()].as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def conforms(case: schemathesis.Case) -> None:
        signed = [] if path in ENDLESS else [{"Authorization": f"Bearer {guest['access_token']}"}]
        for headers in ({}, *signed):
            case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

    conforms()

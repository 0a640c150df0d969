"""docs/cognito.md says what is so."""

import inspect
import re
from pathlib import Path

import msgspec
import pytest

from noughts import compose
from noughts.kit import settings
from noughts.kit.cognito import Pool
from tests.cognito.differences import DIFFERENCES, Difference
from tests.cognito.emulators import EMULATORS, FLOWS, WRONG

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cognito.md").read_text()
SIGNED = re.compile(r'_client\.(?:about|if_there)\("(\w+)"')


def emulators() -> str:
    """Return the table of emulators as the page has it."""
    lines = [f"| | {' | '.join(EMULATORS)} |", "|---|" + "---|" * len(EMULATORS)]
    for flow in FLOWS:
        wrong = WRONG.get(flow, {})
        lines.append(f"| {flow} | {' | '.join(wrong.get(one, 'as AWS') for one in EMULATORS)} |")
    return "\n".join(lines)


def rights(service: str) -> set[str]:
    """Return the signed calls that the code of a service leads to."""
    code = "".join(file.read_text() for file in (ROOT / "src" / "noughts" / service).rglob("*.py"))
    used = {name for name in re.findall(r"_?pool\.(\w+)", code) if callable(getattr(Pool, name, None))}
    return {call for name in used for call in SIGNED.findall(inspect.getsource(getattr(Pool, name)))}


def test_the_table_of_emulators_is_the_one_tests_go_by() -> None:
    assert f"<!-- emulators -->\n{emulators()}\n<!-- /emulators -->" in PAGE, emulators()


@pytest.mark.parametrize("different", DIFFERENCES)
def test_what_is_different_with_a_pool_is_on_the_page(different: Difference) -> None:
    assert f"| {' | '.join(different)} |" in PAGE


@pytest.mark.parametrize("service", ["users", "auth"])
def test_a_service_is_given_the_rights_its_code_uses_and_no_others(service: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{service}` |"))
    assert rights(service)
    assert {right.removeprefix("cognito-idp:") for right in re.findall(r"cognito-idp:\w+", row)} == rights(service)


@pytest.mark.parametrize("service", ["users", "auth"])
def test_the_deployment_gives_a_service_the_rights_its_code_uses_and_no_others(service: str) -> None:
    described = (ROOT / "infra" / "aws" / "identity.py").read_text().partition("_ASKED")[2].partition('"""')[0]
    row = next(line for line in described.splitlines() if f'"{service}":' in line).partition(":")[2]
    assert {f"Admin{operation}" for operation in re.findall(r'"(\w+)"', row)} == rights(service)


def test_every_metric_of_the_pool_is_explained() -> None:
    gauges = inspect.getsource(Pool.gauges), (ROOT / "src/noughts/kit/cognito/calls.py").read_text()
    named = set(re.findall(r"noughts_cognito_\w+", "".join(gauges)))
    assert named == set(re.findall(r"noughts_cognito_\w+", PAGE))


def test_every_setting_the_page_names_is_one() -> None:
    known = {row[0] for field in msgspec.structs.fields(compose.Settings) for row in settings.described(field.type)}
    named = set(re.findall(r"NOUGHTS_\w+", PAGE))
    assert {name.removesuffix("_FILE") for name in named} <= known

"""What each emulator of Amazon Cognito gets wrong: the one table that tests and docs go by.

A flow is what the program does with a pool. Where an emulator is not faithful its tests are expected to fail, and must: one that
passes fails the run, so that the table says no more than is true.
"""

from typing import Final, Literal, get_args

import pytest

Emulator = Literal["moto", "cognito-local", "ministack"]
Flow = Literal[
    "register", "weak password", "confirm", "confirm twice", "confirming verifies the address", "one address, one person",
    "resend", "sign in", "unconfirmed", "recover", "recover without an address", "set password", "set email",
    "look up", "disable", "sign out everywhere", "delete", "second factor", "second factor's session",
    "remove second factor", "tokens are checked", "reset by an operator", "app client's secret", "list people", "import people",
]  # fmt: skip

EMULATORS: Final[tuple[Emulator, ...]] = get_args(Emulator)
FLOWS: Final[tuple[Flow, ...]] = get_args(Flow)
_NO_SUCH_CALL: Final = "the call is missing"

WRONG: Final[dict[Flow, dict[Emulator, str]]] = {
    "weak password": {"cognito-local": "any password is taken"},
    "confirm": {"moto": "any code is taken, and none is sent"},
    "confirm twice": {"moto": "a second time is fine", "cognito-local": "says that the code is too old"},
    "confirming verifies the address": {
        "moto": "`email_verified` stays away",
        "cognito-local": "`email_verified` stays away",
        "ministack": "`email_verified` stays away",
    },
    "one address, one person": {
        "moto": "two may confirm the same one",
        "cognito-local": "two may confirm the same one",
        "ministack": "two may confirm the same one",
    },
    "resend": {"moto": "breaks down (500)", "cognito-local": _NO_SUCH_CALL},
    "unconfirmed": {"ministack": "says so to a wrong password, too"},
    "recover": {"moto": "any code is taken, and none is sent"},
    "recover without an address": {
        "moto": "sends a code all the same",
        "cognito-local": "sends a code all the same",
        "ministack": "sends a code all the same",
    },
    "set email": {"cognito-local": "of nobody: no rights"},
    "disable": {"cognito-local": "who is disabled signs in"},
    "sign out everywhere": {"cognito-local": _NO_SUCH_CALL},
    "second factor": {"moto": "any code is taken, and the secret is the same for all"},
    "second factor's session": {
        "moto": "any code is taken",
        "cognito-local": "any session is taken",
        "ministack": "any session is taken",
    },
    "remove second factor": {"cognito-local": _NO_SUCH_CALL},
    "tokens are checked": {"cognito-local": "another error"},
    "reset by an operator": {"moto": "the old password goes on", "cognito-local": _NO_SUCH_CALL},
    "app client's secret": {"moto": "a wrong proof is fine", "cognito-local": "there are no secrets"},
    "list people": {"cognito-local": "all at once, however many were asked for"},
    "import people": {"moto": "breaks down (500)", "cognito-local": _NO_SUCH_CALL, "ministack": _NO_SUCH_CALL},
}
FAITHFUL: Final[dict[Flow, set[Emulator]]] = {flow: set(EMULATORS) - WRONG.get(flow, {}).keys() for flow in FLOWS}


def must_fail(emulator: Emulator, *flows: Flow) -> list[pytest.MarkDecorator]:
    """Return what marks a test of these flows to fail there, with what is wrong with one of them; nothing if none is."""
    wrong = [WRONG[flow][emulator] for flow in flows if emulator in WRONG.get(flow, {})]
    return [pytest.mark.xfail(strict=True, reason=f"{emulator}: {'; '.join(wrong)}")] if wrong else []

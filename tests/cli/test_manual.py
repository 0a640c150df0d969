"""The manual: every command, setting and file it names is there. (That the commands do what it says, people have looked.)"""

import contextlib
import re
import shlex
from pathlib import Path
from typing import Final

import cyclopts
import msgspec
import pytest

from noughts import compose
from noughts.cli import app
from noughts.kit import settings

ROOT: Final = Path(__file__).parents[2]
MANUAL: Final = (ROOT / "docs/operations.md").read_text()
_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE: Final = re.compile(r"`(noughts [^`]+)`")
_ASSIGNMENT: Final = re.compile(r"[A-Z_]+=")


def lines() -> list[str]:
    """Return what stands in the blocks, a command a line."""
    return [line for block in _BLOCK.findall(MANUAL) for line in block.replace("\\\n", " ").splitlines() if line]


def ours(line: str) -> list[str] | None:
    """Return the words after `noughts` of a line of a shell, if it runs it: no settings before, nothing of the shell's after."""
    words = shlex.split(line, comments=True)
    while words and _ASSIGNMENT.match(words[0]):
        words.pop(0)
    if words[:1] != ["noughts"]:
        return None
    end = next((place for place, word in enumerate(words) if word in {">", "&", "|", ";"}), len(words))
    return words[1:end]


WRITTEN_OUT: Final = [words for line in lines() if (words := ours(line)) is not None]
NAMED: Final = sorted({text.removeprefix("noughts ").replace(" …", "") for text in _INLINE.findall(MANUAL)})


def understood(words: list[str]) -> None:
    """Let the command line read some words, and do nothing; raises CycloptsError."""
    app.parse_args(words, print_error=False, exit_on_error=False)


def test_the_manual_was_found() -> None:
    assert len(WRITTEN_OUT) > 20
    assert len(NAMED) > 10


@pytest.mark.parametrize("words", WRITTEN_OUT, ids=" ".join)
def test_every_command_written_out_is_understood(words: list[str]) -> None:
    understood(words)


@pytest.mark.parametrize("text", NAMED)
def test_every_command_named_is_there_and_takes_what_it_is_given(text: str) -> None:
    with contextlib.suppress(cyclopts.MissingArgumentError):  # whom it is about is left to the reader
        understood(shlex.split(text))


def test_a_command_that_is_not_there_would_be_found_out() -> None:
    for line in ("NOUGHTS_DATA=x noughts users promot ada   # a slip", "noughts serve --prot 8080 &"):
        words = ours(line)
        assert words is not None
        with pytest.raises(cyclopts.CycloptsError):
            understood(words)


def test_every_setting_named_is_one_of_the_program_or_of_its_compose_file() -> None:
    known = {
        variable
        for field in msgspec.structs.fields(compose.Settings)
        for variable, _, _ in settings.described(field.type)
    }
    known |= set(re.findall(r"\${(NOUGHTS_\w+)", (ROOT / "infra/compose.yaml").read_text()))
    named = {name.removesuffix("_FILE") for name in re.findall(r"NOUGHTS_[A-Z_]*[A-Z]", MANUAL)}
    assert named - known == set()


def test_every_file_named_is_there() -> None:
    named = set(re.findall(r"\b(?:infra|docs|tests|decisions)/[\w./-]*\w", MANUAL))
    named -= {"infra/.env", "infra/secrets", "infra/secrets/smtp_password"}  # made by whoever reads it
    missing = {name for name in named if not (ROOT / name).exists() and not (ROOT / "docs" / name).exists()}
    assert missing == set()

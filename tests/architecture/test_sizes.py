"""What is read on one screen stays so."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "noughts"
FILES = sorted(SOURCE.rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "base", "misc"}


def functions(file: Path) -> Iterator[tuple[str, int]]:
    """Yield each function of a file with the lines of its body, the docstring left out."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_there_are_files_to_look_at() -> None:
    assert len(FILES) > 50


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_file_has_at_most_300_lines(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 300


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_function_has_at_most_30_lines(file: Path) -> None:
    assert {name: lines for name, lines in functions(file) if lines > 30} == {}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_file_says_in_its_first_line_what_it_is_for(file: Path) -> None:
    said = ast.get_docstring(ast.parse(file.read_text())) or ""
    assert said.partition("\n")[0].endswith((".", "?"))


def test_no_room_is_named_for_nothing() -> None:
    assert not {file.stem for file in FILES} & FORBIDDEN_NAMES
    assert not {folder.name for file in FILES for folder in file.parents} & FORBIDDEN_NAMES


def test_nine_functions_of_ten_have_at_most_twelve_lines() -> None:
    sizes = sorted(lines for file in FILES for _, lines in functions(file))
    assert sizes[len(sizes) * 9 // 10] <= 12


def test_compose_can_be_read_from_top_to_bottom() -> None:
    assert max(len(file.read_text().splitlines()) for file in (SOURCE / "compose").glob("*.py")) <= 200

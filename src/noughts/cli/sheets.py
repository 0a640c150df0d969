"""The files of people who move into a user pool: one for each kind of hash, in a folder for the owner alone."""

import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from noughts.cli.people import created
from noughts.kit.cognito.files import Algorithm, Mover, Sheet, Written, algorithm_of
from noughts.kit.errors import Refusal

LEFT_BEHIND: Final = "left-behind.tsv"
_WITHOUT: Final = "without-hash"


class Sheets:
    """The files of a folder."""

    def __init__(self, folder: Path, columns: Sequence[str], hash_column: str, stack: ExitStack) -> None:
        self._folder, self._hash_column, self._stack = folder, hash_column, stack
        self._columns = tuple(column for column in columns if column != hash_column)
        self._open: dict[str, Sheet] = {}
        self._written: list[tuple[Path, Algorithm | None, Sheet]] = []
        self._left: io.TextIOWrapper | None = None

    def add(self, mover: Mover) -> bool:
        """Write somebody into the file of their hash; return whether they keep their password."""
        algorithm = algorithm_of(mover.password_hash)
        sheet = self._open.get(algorithm or _WITHOUT)
        if sheet is None or sheet.is_full:
            sheet = self._begin(algorithm)
        sheet.add(mover if algorithm else Mover(mover.id, mover.email, None))
        return algorithm is not None

    def leave(self, *facts: str) -> None:
        """Write down who stays behind, and why."""
        if self._left is None:
            self._left = self._made(LEFT_BEHIND)
        self._left.write("\t".join(facts) + "\n")

    @property
    def written(self) -> list[Written]:
        """The files, in the order they were begun; whole once this is left."""
        return [Written(path, algorithm, sheet.people) for path, algorithm, sheet in self._written]

    def _begin(self, algorithm: Algorithm | None) -> Sheet:
        kind = algorithm or _WITHOUT
        number = sum(1 for _, other, _ in self._written if other == algorithm)
        name = f"{kind.lower().replace('_', '-')}{f'-{number + 1}' if number else ''}.csv"
        columns = (*self._columns, self._hash_column) if algorithm else self._columns
        self._open[kind] = sheet = Sheet(self._made(name), columns, self._hash_column)
        self._written.append((self._folder / name, algorithm, sheet))
        return sheet

    def _made(self, name: str) -> io.TextIOWrapper:
        out = self._stack.enter_context(created(self._folder / name))
        text = io.TextIOWrapper(out, "utf-8", newline="")
        self._stack.callback(text.detach)
        self._stack.callback(text.flush)
        return text


@contextmanager
def sheets(folder: Path, columns: Sequence[str], hash_column: str) -> Iterator[Sheets]:
    """Make a folder of files: all whole at the end of the block, or no folder at all; raises Refusal."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise Refusal(f"{folder} is there already: choose another name.") from None
    except OSError as error:
        raise Refusal(f"{folder}: {error.strerror}.") from None
    try:
        with ExitStack() as stack:
            yield Sheets(folder, columns, hash_column, stack)
    except BaseException:
        with suppress(OSError):
            folder.rmdir()
        raise

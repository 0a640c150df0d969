"""Files that hold what nobody else may read: whole and on the disk, or not there."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from noughts.kit.errors import Refusal


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Yield an empty draft for the owner alone, which bears its name at the end of the block; raises Refusal if that is taken."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            if path.exists():
                raise FileExistsError
            yield draft
            _to_the_disk(draft)
            os.link(draft, path)
        finally:
            for left in path.parent.glob(f"{draft.name}*"):  # SQLite's own files beside it as well
                left.unlink()
        _to_the_disk(path.parent)
    except FileExistsError:
        raise Refusal(f"{path} is there already: choose another name.") from None
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror or error}.") from None


def copied(source: Path, path: Path) -> None:
    """Copy a file; raises Refusal when there is one of that name, unless it is the same."""
    if path.exists() and source.read_bytes() == path.read_bytes():
        return
    with appearing(path) as draft:
        shutil.copyfile(source, draft)


def _to_the_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

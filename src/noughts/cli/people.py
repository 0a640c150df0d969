"""`noughts users import` and `noughts users export`: many people at a time, one a line."""

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec
from cyclopts import Parameter

from noughts import compose
from noughts.cli.installation import Data, chosen, with_house
from noughts.kit.errors import Refusal
from noughts.users.model.newcomers import Complaint, Newcomer, line_of
from noughts.users.service.transfer import Taken, Transfer
from noughts.users.store.people import BATCH

_LONGEST_LINE: Final = 64 * 1024
_MOST_SHOWN: Final = 100
Numbered = tuple[int, bytes]


def import_users(
    file: Annotated[Path, Parameter(allow_leading_hyphen=True)], *, dry_run: bool = False, data: Data = None
) -> None:
    """Add the people in a file, one JSON object a line; whoever is here already stays as they are.

    A line has `username` and `email`, and may have `email_verified`, `password_hash`, `role`, `status`, `created_at` and
    `id`. 250 lines at a time are added together, or none of them where one is wrong: correct it, import the file again.

    Parameters
    ----------
    file
        The file; `-`: standard input.
    dry_run
        Only say what would happen.
    """

    async def work(house: compose.House) -> list[Taken]:
        with _opened(file) as lines:
            return [await _take_in(house.users.transfer, batch, dry=dry_run) for batch in _batches(lines)]

    outcomes = with_house(work, data, begin=True)
    if chosen(data=data).identity.identity == "cognito":
        print("They cannot sign in until they are in the user pool, too: `noughts users to-cognito` brings them there.")
    _report(outcomes, file.name, dry=dry_run)


def export_users(file: Path, *, without_hashes: bool = False, data: Data = None) -> None:
    """Write every member to a new file that only you can read, as `import` reads it.

    Guests, games and second factors stay behind.

    Parameters
    ----------
    file
        The file; it must not be there yet.
    without_hashes
        Leave the password hashes out: then people need a recovery mail to sign in elsewhere.
    """

    async def work(house: compose.House) -> int:
        with created(file) as out:
            count = 0
            async for account in house.users.transfer.members():
                out.write(msgspec.json.encode(line_of(account, with_hash=not without_hashes)) + b"\n")
                count += 1
            return count

    print(f"{with_house(work, data)} people are in {file} now.")


def _opened(file: Path) -> BinaryIO:
    if str(file) == "-":
        return sys.stdin.buffer
    try:
        return file.open("rb")
    except OSError as error:
        raise Refusal(f"{file}: {error.strerror}.") from None


@contextmanager
def created(file: Path) -> Iterator[BinaryIO]:
    """Make a file for the owner alone: whole and on the disk at the end of the block, or not there."""
    try:
        out = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise Refusal(f"{file} is there already: choose another name.") from None
    except OSError as error:
        raise Refusal(f"{file}: {error.strerror}.") from None
    try:
        with out:
            yield out
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _batches(file: BinaryIO) -> Iterator[list[Numbered]]:
    """Yield the lines that are not empty, numbered from 1, as many together as are added together."""
    lines = (line for line in enumerate(_lines(file), 1) if line[1].strip())
    while batch := list(islice(lines, BATCH)):
        yield batch


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file, one that is too long cut off: whatever the file, only so much of it is in memory."""
    while line := file.readline(_LONGEST_LINE):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(_LONGEST_LINE)
        yield line


async def _take_in(transfer: Transfer, batch: list[Numbered], *, dry: bool) -> Taken:
    """Return what became of some lines; nobody of them is added where one cannot even be read."""
    people: list[tuple[int, Newcomer]] = []
    unread: list[Complaint] = []
    for number, line in batch:
        try:
            people.append((number, msgspec.json.decode(line.removeprefix(codecs.BOM_UTF8), type=Newcomer)))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            unread.append(Complaint(number, f"{str(error).replace(' - at `$`', '')}."))
    taken = await transfer.take_in(people, compose.OPERATOR, dry=dry or bool(unread))
    if sys.stderr.isatty():
        print(f"\r{batch[-1][0]} lines", end="", file=sys.stderr, flush=True)
    if not unread:
        return taken
    complaints = sorted([*unread, *taken.complaints], key=lambda complaint: complaint.line)
    return Taken(present=taken.present, complaints=tuple(complaints))


def _report(outcomes: list[Taken], name: str, *, dry: bool) -> None:
    complaints = [complaint for outcome in outcomes for complaint in outcome.complaints]
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    for complaint in complaints[:_MOST_SHOWN]:
        print(f"{name}:{complaint.line}: {complaint.detail}", file=sys.stderr)
    if len(complaints) > _MOST_SHOWN:
        print(f"… and {len(complaints) - _MOST_SHOWN} more.", file=sys.stderr)
    added, administrators, present = (
        sum(getattr(outcome, what) for outcome in outcomes) for what in ("added", "administrators", "present")
    )
    would = "would be " if dry else ""
    print(f"{added} {would}added, {administrators} of them administrators; {present} are here already.")
    if complaints:
        sys.exit(1)

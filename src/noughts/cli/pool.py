"""`noughts users to-cognito` and `noughts users from-cognito`: moving into a user pool, and out of one."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from noughts import compose
from noughts.cli.installation import Data, with_house
from noughts.cli.sheets import LEFT_BEHIND, sheets
from noughts.kit.cognito import Listed
from noughts.kit.cognito.files import HASH_COLUMN, HEADER, Mover, Written
from noughts.kit.errors import Refusal
from noughts.users.model import pooled
from noughts.users.model.accounts import Account
from noughts.users.model.newcomers import Complaint, Newcomer
from noughts.users.service.transfer import Taken, Transfer

if TYPE_CHECKING:
    from noughts.kit.cognito.moving import Moving, Outcome

_AT_ONCE: Final = 500


class Moved(msgspec.Struct):
    """Who is in the files, and who is not."""

    files: list[Written] = []
    disabled: list[str] = []
    left_behind: int = 0
    guests: int = 0


class Came(msgspec.Struct):
    """What became of the people of a pool, how many have another id here, and who never confirmed an address."""

    outcomes: list[Taken] = []
    others: int = 0
    unconfirmed: int = 0


def to_cognito(
    folder: Path,
    *,
    run: bool = False,
    role_arn: str = "",
    hash_column: str = "",
    data: Data = None,
) -> None:
    """Write the members to files for Cognito's user import, password hashes and ids kept, and import them if wanted.

    One file for each kind of hash, for you alone. Whose hash no pool takes asks for a new password by mail. Guests stay behind, and
    so do second factors and whoever never verified an address: `left-behind.tsv` names them. Who is in the pool already is
    skipped, so it may be repeated.

    Parameters
    ----------
    folder
        Where the files go; it must not be there yet.
    run
        Import them into NOUGHTS_COGNITO_POOL, too: send each file, wait, tell what became of it.
    role_arn
        With --run: the IAM role by which Cognito writes its log of the import.
    hash_column
        The column of the hash, where the pool's own list does not say.
    """
    if run and not role_arn:
        raise Refusal("--run takes --role-arn: the IAM role by which Cognito writes its log of the import.")

    async def work(house: compose.House) -> bool:
        if not run:
            _tell(await _write(house, folder, HEADER, hash_column or HASH_COLUMN), folder)
            print(
                "Compare the columns with the pool's own (GetCSVHeader) first; that of the hash may be called otherwise."
            )
            return True
        async with _moving(house.settings) as moving:
            columns = await moving.columns()
            moved = await _write(house, folder, columns, hash_column or _column_of(columns))
            _tell(moved, folder)
            return await _bring(moving, moved, role_arn)

    if not with_house(work, data):
        sys.exit(1)


def from_cognito(*, dry_run: bool = False, data: Data = None) -> None:
    """Add the people in NOUGHTS_COGNITO_POOL who are not here; whoever is here already stays as they are.

    Who never confirmed an address stays behind: it may be anybody's, and perhaps they registered a second time.

    They keep the pool's `Username` as their id where it is a UUID. Cognito gives no passwords away: they ask for a new one by mail.
    Who has no name that fits gets one they may change (`player-…`).

    Parameters
    ----------
    dry_run
        Only say what would happen.
    """

    async def work(house: compose.House) -> Came:
        came, seen = Came(), 0
        async with _moving(house.settings) as moving:
            async for page in moving.pages():
                people = [person for person in page if person.confirmed]
                came.outcomes.append(await _take_in(house.users.transfer, people, seen, dry=dry_run))
                came.others += sum(not pooled.keeps_id(person) for person in people)
                came.unconfirmed += len(page) - len(people)
                seen += len(page)
                _progress(f"{seen} people")
        return came

    _report(with_house(work, data, begin=True), dry=dry_run)


@asynccontextmanager
async def _moving(chosen: compose.Settings) -> "AsyncIterator[Moving]":
    from noughts.kit.cognito.moving import Moving

    moving = Moving(chosen.identity)
    try:
        yield moving
    finally:
        await moving.close()


def _column_of(columns: tuple[str, ...]) -> str:
    """Return which of a pool's columns is that of the hash; raises Refusal."""
    found = [column for column in columns if "password" in column]
    if len(found) != 1:
        raise Refusal("The pool does not say in which column hashes stand: name it with --hash-column.")
    return found[0]


async def _write(house: compose.House, folder: Path, columns: tuple[str, ...], hash_column: str) -> Moved:
    moved, after = Moved(), None
    with sheets(folder, columns, hash_column) as files:
        while batch := await house.users.administration.page(after, _AT_ONCE):
            for account in batch:
                if why := _stays(account, moved):
                    files.leave(account.id, account.username, why)
                elif account.kind == "member" and account.status != "deleting":
                    files.add(Mover(account.id, account.email or "", account.password))
                    moved.disabled += [account.id] if account.status == "disabled" else []
            after = batch[-1].id
        moved.files = files.written
    return moved


def _stays(account: Account, moved: Moved) -> str:
    """Return why somebody cannot move, and count them; nothing where they can, or are nobody's business."""
    if account.kind == "guest":
        moved.guests += 1
    if account.kind != "member" or account.status == "deleting" or account.email_verified_at:
        return ""
    moved.left_behind += 1
    return "The address was never verified." if account.email else "There is no address."


def _tell(moved: Moved, folder: Path) -> None:
    for file in moved.files:
        how = f"hashes of {file.algorithm}" if file.algorithm else "no hash a pool takes: they ask for a new password"
        print(f"{file.people} people are in {file.path} ({how}).")
    if not moved.files:
        print("There is nobody who could move.")
    if moved.left_behind:
        print(f"{moved.left_behind} stay behind without a verified address: {folder / LEFT_BEHIND} names them.")
    if moved.guests:
        print(f"{moved.guests} guests stay here: they have no address.")
    if moved.disabled:
        print(f"{len(moved.disabled)} of those in the files are disabled here; a file cannot say so.")


async def _bring(moving: "Moving", moved: Moved, role_arn: str) -> bool:
    """Import the files, one after the other; return whether everybody is in the pool."""
    good = True
    for file in moved.files:
        outcome = await moving.bring(file.path, file.algorithm, role_arn, lambda now: _progress(_words(now)))
        _progress("")
        print(f"{file.path.name}: {_words(outcome)}")
        good &= outcome.is_good
    for user_id in moved.disabled:
        await moving.disable(user_id)
    if not good:
        print("What failed stands in CloudWatch Logs under /aws/cognito/userpools. Repeat it: who is there is skipped.")
    return good


def _words(outcome: "Outcome") -> str:
    counts = f"{outcome.imported} imported, {outcome.skipped} skipped, {outcome.failed} failed"
    return f"{outcome.status.lower()}: {counts}" + (f" ({outcome.message})" if outcome.message else "")


async def _take_in(transfer: Transfer, page: list[Listed], seen: int, *, dry: bool) -> Taken:
    """Return what became of some people: who cannot come is told of, and all the others are added.

    Whose name is another's here, or looks like it, gets one that tells nothing.
    """
    people = dict(enumerate(page, seen + 1))
    lines = {number: pooled.newcomer_of(person) for number, person in people.items()}
    wrong: list[Complaint] = []
    while True:
        taken = await transfer.take_in(list(lines.items()), compose.OPERATOR, dry=dry, by_id=True)
        if not taken.complaints:
            break
        wrong += [complaint for complaint in taken.complaints if not _is_settled(lines, people, complaint)]
    for complaint in wrong:
        _progress("")
        print(f"{people[complaint.line].id}: {complaint.detail}", file=sys.stderr)
    return msgspec.structs.replace(taken, complaints=tuple(wrong))


def _is_settled(lines: dict[int, Newcomer], people: dict[int, Listed], complaint: Complaint) -> bool:
    """Give a line another name where that is what was wrong with it; else leave it out. Return whether nothing is to be said."""
    line, person = lines.get(complaint.line), people[complaint.line]
    if line is not None and complaint.detail.startswith("username:") and line.username != pooled.neutral(person):
        lines[complaint.line] = pooled.renamed(line, person)
        return True
    lines.pop(complaint.line, None)
    return False


def _report(came: Came, *, dry: bool) -> None:
    _progress("")
    added, present = (sum(getattr(outcome, what) for outcome in came.outcomes) for what in ("added", "present"))
    print(f"{added} {'would be ' if dry else ''}added; {present} are here already.")
    if came.others:
        print(
            f"{came.others} have another id here than in the pool: with NOUGHTS_IDENTITY=cognito they could not sign in."
        )
    if came.unconfirmed:
        print(f"{came.unconfirmed} never confirmed an address, and were passed over.")
    if any(outcome.complaints for outcome in came.outcomes):
        sys.exit(1)


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

"""Moving people in from elsewhere, and out again."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import bcrypt
import msgspec
import pytest
from tests.kit.test_hashes import ARGON2ID, BCRYPT, EXPENSIVE
from tests.services import HERE, PASSWORD, Services

from noughts.auth.model.sessions import LoginFailed
from noughts.ports.users import computer_id
from noughts.users.model.accounts import Account
from noughts.users.model.newcomers import Holder, Newcomer, line_of
from noughts.users.service.transfer import Taken
from noughts.users.store.people import PeopleStore

HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


def newcomer(username: str = "alice", **different: object) -> Newcomer:
    """Return a line about somebody."""
    found = Newcomer(username=username, email=f"{username}@example.com", password_hash=HASH)
    return msgspec.structs.replace(found, **different)


async def take_in(house: Services, *lines: Newcomer, dry: bool = False) -> Taken:
    """Take some lines in."""
    return await house.users.transfer.take_in(list(enumerate(lines, 1)), HERE, dry=dry)


async def test_who_moves_in_signs_in_with_the_old_password_which_is_hashed_anew(house: Services) -> None:
    assert (await take_in(house, newcomer())).added == 1
    by = await house.sign_in()
    stored = await house.stored(by.user_id)
    assert stored.password is not None
    assert stored.password.startswith("$argon2id$")
    assert await house.sign_in()


async def test_everything_said_is_kept(house: Services) -> None:
    born = datetime(2019, 5, 4, 3, 2, 1, 999_999, tzinfo=UTC)
    line = newcomer(id="01890a5d-ac96-774b-bcce-b302099a8057", email_verified=True, role="admin", created_at=born)
    taken = await take_in(house, line, newcomer("bert", status="disabled"))
    assert (taken.added, taken.administrators) == (2, 1)
    alice = await house.sign_in()
    stored = await house.stored(alice.user_id)
    assert (stored.id, stored.created_at) == (line.id, born.replace(microsecond=999_000))
    assert (alice.is_admin, stored.email_verified_at, stored.version) == (True, house.clock(), 1)
    with pytest.raises(LoginFailed):
        await house.login("bert")


async def test_it_is_written_down(house: Services) -> None:
    await take_in(house, newcomer())
    happened = await house.fittings.audit.page((await house.sign_in()).user_id, None, 9)
    assert [row.event for row in happened] == ["login-succeeded", "user-imported"]


async def test_the_same_lines_again_add_nobody_and_change_nothing(house: Services) -> None:
    await take_in(house, newcomer())
    before = await house.users.administration.named("alice")
    again = await take_in(house, newcomer(password_hash=BCRYPT, role="admin"), newcomer("bert"), newcomer("bert"))
    assert (again.added, again.present) == (1, 2)
    assert await house.users.administration.named("alice") == before


async def test_two_imports_at_once_add_everybody_once(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [newcomer(f"person{n}") for n in range(120)]
    # Whoever looks who is here once the other has written finds everybody here, and has nothing to complain of: both look first.
    both_looked, look = asyncio.Barrier(2), PeopleStore.holders

    async def look_and_wait(store: PeopleStore, accounts: Sequence[Account]) -> list[Holder]:
        found = await look(store, accounts)
        await both_looked.wait()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(PeopleStore, "holders", look_and_wait)
        outcomes = await asyncio.gather(*[take_in(house, *lines) for _ in range(2)])
    assert sorted(outcome.added for outcome in outcomes) == [0, 120]
    assert [one.line for outcome in outcomes for one in outcome.complaints] == [1]
    assert (await take_in(house, *lines)).present == 120


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (newcomer("al"), "username: A username has 3 to 20 characters."),
        (newcomer("admin"), "username: That username is reserved."),
        (newcomer("guest-1234"), "username: That username is reserved."),
        (newcomer("carl", email="carl"), "email: This is not an email address."),
        (newcomer("carl", email="x@y.z\r\nBcc: a@b.c"), "email: This is not an email address."),
        (newcomer("carl", email=None, password_hash=None), "email: Without an address"),
        (newcomer("carl", email=None, email_verified=True), "email_verified: There is no address"),
        (newcomer("carl", password_hash="password"), "password_hash: It is no hash known here"),
        (newcomer("carl", created_at=datetime(2100, 1, 1, tzinfo=UTC)), "created_at: This lies in the future"),
        (newcomer("carl", created_at=datetime(1, 1, 1, tzinfo=UTC)), "created_at: This lies in the future"),
        (newcomer("Alice", email="other@example.com"), "username: That username is taken."),
        (newcomer("аlice", email="other@example.com"), "username: That username looks like one that is taken."),
        (newcomer("carl", email="ALICE@Example.com"), "email: That email address is taken."),
        (newcomer("carl", id=computer_id(1)), "id: That id is taken."),
        (newcomer("bert", email="other@example.com"), "username: That username is taken."),
        (newcomer("carl", email="bert@example.com"), "email: That email address is taken."),
        *((newcomer("carl", password_hash=dear), "password_hash: ") for dear in EXPENSIVE),
    ],
)
async def test_of_lines_with_a_wrong_one_nobody_is_added(house: Services, line: Newcomer, complaint: str) -> None:
    await house.member()
    taken = await take_in(house, newcomer("bert"), line)
    assert [(one.line, one.detail[: len(complaint)]) for one in taken.complaints] == [(2, complaint)]
    assert taken.added == 0
    with pytest.raises(LoginFailed):
        await house.login("bert")


async def test_everything_wrong_with_a_line_is_said_at_once(house: Services) -> None:
    taken = await take_in(house, newcomer("x", email="y", password_hash="z"))
    assert [one.detail.partition(":")[0] for one in taken.complaints] == ["username", "email", "password_hash"]


async def test_a_rehearsal_adds_nobody(house: Services) -> None:
    assert (await take_in(house, newcomer(), dry=True)).added == 1
    with pytest.raises(LoginFailed):
        await house.login()


async def test_somebody_without_a_hash_needs_an_address(house: Services) -> None:
    taken = await take_in(house, newcomer(password_hash=None), newcomer("bert", email=None))
    assert taken.added == 2
    with pytest.raises(LoginFailed):
        await house.login("alice", "")
    assert await house.login("bert")


async def test_members_move_out_as_they_could_move_in(house: Services) -> None:
    await house.guest()
    for username in ("alice", "bert", "carl"):
        await house.member(username)
    await house.promote("bert")
    gone = await house.users.administration.named("carl")
    await house.delete(gone.id, await house.sign_in("carl"))
    lines = [line_of(account, with_hash=True) async for account in house.users.transfer.members()]
    assert [(line.username, line.role) for line in lines] == [("alice", "player"), ("bert", "admin")]
    assert (await take_in(house, *lines)).present == 2
    assert line_of(await house.users.administration.named("bert"), with_hash=False).password_hash is None


async def test_hashes_of_our_own_making_move_in(house: Services) -> None:
    assert (await take_in(house, newcomer(password_hash=ARGON2ID))).added == 1
    assert await house.login("alice", "password")

"""What administrators do with other people's accounts, and what they cannot."""

import asyncio

import msgspec
import pytest
from tests.fakes import CHEAP, caller
from tests.services import HERE, PASSWORD, Services

from noughts.auth.model.sessions import InvalidRefreshToken, LoginFailed
from noughts.kit import sealing
from noughts.kit.conditions import EntityTags
from noughts.kit.database import Query
from noughts.kit.errors import (
    Forbidden,
    InsufficientUserAuthentication,
    Invalid,
    InvalidToken,
    NotFound,
    PreconditionFailed,
)
from noughts.kit.outbox import Letter
from noughts.kit.passwords import Passwords
from noughts.kit.tokens import Principal, UserId
from noughts.ports.users import computer_id
from noughts.users.model.accounts import LastAdministrator
from noughts.users.store import Search


class Sealed(msgspec.Struct, array_like=True):
    """A letter as it lies in the outbox."""

    sealed: bytes


async def administrator(house: Services, username: str = "edith") -> Principal:
    """Return an administrator who has just signed in."""
    await house.member(username)
    await house.promote(username)
    return await house.sign_in(username)


async def letters(house: Services) -> list[Letter]:
    """Return the letters on their way."""
    rows = await house.database.scan(Query("SELECT sealed FROM outbox ORDER BY id", Sealed))
    key = sealing.derive(house.fittings.secret, "outbox")
    return [msgspec.json.decode(sealing.unseal(key, row.sealed) or b"", type=Letter) for row in rows]


async def names(house: Services, by: Principal, **wanted: object) -> list[str]:
    """Return the names that a search finds."""
    found, _ = await house.users.administration.search(Search(**wanted), by)  # type: ignore[arg-type]
    return [account.username for account in found]


async def test_a_disabled_person_cannot_sign_in_go_on_or_act(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    grant, acting = await house.login(), await house.sign_in()
    disabled = await house.users.administration.set_status(alice.id, "disabled", edith, HERE)
    assert (disabled.status, disabled.version) == ("disabled", 2)
    with pytest.raises(LoginFailed):
        await house.login()
    with pytest.raises(InvalidRefreshToken):
        await house.refresh(grant.refresh_token)
    with pytest.raises(InvalidToken):
        house.revocations.check(acting)


async def test_who_is_enabled_again_signs_in_anew(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    grant = await house.login()
    for status in ("disabled", "active"):
        await house.users.administration.set_status(alice.id, status, edith, HERE)
    with pytest.raises(InvalidRefreshToken):
        await house.refresh(grant.refresh_token)
    assert await house.login()


async def test_a_role_taken_away_ends_the_tokens_that_have_it(house: Services) -> None:
    edith, second = await administrator(house), await administrator(house, "second")
    await house.users.administration.set_role(second.user_id, "player", edith, HERE)
    with pytest.raises(InvalidToken):
        house.revocations.check(second)
    assert not (await house.sign_in("second")).is_admin


async def test_another_process_hears_of_it(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    acting = await house.sign_in()
    other = await Services(house.database, house.clock, Passwords(CHEAP)).ready()
    await house.users.administration.set_status(alice.id, "disabled", edith, HERE)
    await other.revocations.follow()
    with pytest.raises(InvalidToken):
        other.revocations.check(acting)
    other.passwords.close()


@pytest.mark.parametrize("what", ["demoted", "disabled"])
async def test_the_last_administrator_stays_one(house: Services, what: str) -> None:
    edith = await administrator(house)
    with pytest.raises(LastAdministrator):
        await (
            house.users.administration.set_role(edith.user_id, "player", edith, HERE)
            if what == "demoted"
            else house.users.administration.set_status(edith.user_id, "disabled", edith, HERE)
        )
    assert (await house.stored(edith.user_id)).administers
    house.revocations.check(edith)


async def test_a_disabled_administrator_is_no_other_one(house: Services) -> None:
    edith, second = await administrator(house), await administrator(house, "second")
    await house.users.administration.set_status(second.user_id, "disabled", edith, HERE)
    with pytest.raises(LastAdministrator):
        await house.users.administration.set_role(edith.user_id, "player", edith, HERE)


async def test_two_who_demote_each_other_at_once_leave_one(house: Services) -> None:
    edith, second = await administrator(house), await administrator(house, "second")
    other = await Services(house.database, house.clock, Passwords(CHEAP)).ready()
    ended = await asyncio.gather(
        house.users.administration.set_role(second.user_id, "player", edith, HERE),
        other.users.administration.set_role(edith.user_id, "player", second, HERE),
        return_exceptions=True,
    )
    assert sum(isinstance(one, LastAdministrator) for one in ended) == 1
    left = [(await house.stored(one)).administers for one in (edith.user_id, second.user_id)]
    assert sorted(left) == [False, True]
    other.passwords.close()


async def test_operators_may_stop_the_only_administrator(house: Services) -> None:
    edith = await administrator(house)
    stopped = await house.users.administration.set_status(edith.user_id, "disabled", None, HERE)
    assert not stopped.administers


async def test_a_guest_is_disabled_but_never_made_an_administrator(house: Services) -> None:
    edith, guest = await administrator(house), (await house.guest()).user
    with pytest.raises(Invalid):
        await house.users.administration.set_role(guest.id, "admin", edith, HERE)
    assert (await house.users.administration.set_status(guest.id, "disabled", edith, HERE)).status == "disabled"


async def test_the_computer_is_nobodys_to_change(house: Services) -> None:
    edith = await administrator(house)
    with pytest.raises(Forbidden):
        await house.users.administration.set_status(computer_id(1), "disabled", edith, HERE)
    with pytest.raises(Forbidden):
        await house.users.administration.set_role(computer_id(1), "admin", edith, HERE)


async def test_nobody_else_administers(house: Services) -> None:
    alice = await house.member()
    await administrator(house)
    by, administration = await house.sign_in(), house.users.administration
    for attempt in (
        administration.set_role(alice.id, "admin", by, HERE),
        administration.set_status(alice.id, "active", by, HERE),
        administration.search(Search(), by),
        administration.by_email("alice@example.com", by),
    ):
        with pytest.raises(Forbidden):
            await attempt


async def test_it_takes_a_young_sign_in(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    old = msgspec.structs.replace(edith, auth_time=edith.auth_time - 901)
    with pytest.raises(InsufficientUserAuthentication):
        await house.users.administration.set_status(alice.id, "disabled", old, HERE)
    with pytest.raises(InsufficientUserAuthentication):
        await house.users.administration.set_role(alice.id, "admin", old, HERE)


async def test_ones_own_password_stands_for_it(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    old = msgspec.structs.replace(edith, auth_time=edith.auth_time - 901)
    change = house.users.administration.set_status
    with pytest.raises(Invalid):
        await change(alice.id, "disabled", old, HERE, current_password="not this one")
    assert (await change(alice.id, "disabled", old, HERE, current_password=PASSWORD)).status == "disabled"


async def test_a_state_that_has_passed_changes_nothing(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    stale = EntityTags.parse('"7-full"')
    with pytest.raises(PreconditionFailed):
        await house.users.administration.set_status(alice.id, "disabled", edith, HERE, condition=stale)
    with pytest.raises(NotFound):
        await house.users.administration.set_status(UserId(caller().user_id), "disabled", edith, HERE)
    assert (await house.stored(alice.id)).status == "active"


async def test_what_is_so_already_changes_nothing(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    acting = await house.sign_in()
    assert (await house.users.administration.set_status(alice.id, "active", edith, HERE)).version == 1
    house.revocations.check(acting)


async def test_it_is_written_down_who_did_it_and_the_person_is_told(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    for status in ("disabled", "active"):
        await house.users.administration.set_status(alice.id, status, edith, HERE)
    await house.users.administration.set_role(alice.id, "admin", edith, HERE)
    happened = await house.fittings.audit.page(alice.id, None, 3)
    assert {(row.event, row.actor_id) for row in happened} == {
        ("status-changed", edith.user_id),
        ("role-changed", edith.user_id),
    }
    told = [letter.kind for letter in await letters(house) if letter.to == "alice@example.com"]
    assert told[-3:] == ["account-disabled", "account-enabled", "role-changed"]


async def test_people_are_found_by_how_their_names_begin(house: Services) -> None:
    edith = await administrator(house)
    for username in ("anna", "Ann-e", "ann_z", "bert", "annémarie", "аня"):
        await house.member(username)
    assert await names(house, edith, prefix="ANN") == ["Ann-e", "ann_z", "anna", "annémarie"]
    assert await names(house, edith, prefix="анЯ"[:2]) == ["аня"]
    assert await names(house, edith, prefix="anna") == ["anna"]
    assert await names(house, edith) == ["Ann-e", "ann_z", "anna", "annémarie", "bert", "edith", "аня"]


@pytest.mark.parametrize("prefix", ["%", "_", "a%", "' OR 1=1--", "\0", "\x01", "\U0010ffff", "x" * 65, " "])
async def test_a_prefix_is_never_more_than_one(house: Services, prefix: str) -> None:
    edith = await administrator(house)
    assert await names(house, edith, prefix=prefix) == []


async def test_people_are_found_by_role_and_status(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    await house.member("bert")
    await house.users.administration.set_status(alice.id, "disabled", edith, HERE)
    assert await names(house, edith, role="admin") == ["edith"]
    assert await names(house, edith, status="disabled") == ["alice"]
    assert await names(house, edith, role="player", status="active") == ["bert"]
    assert await names(house, edith, role="admin", status="disabled") == []


async def test_a_list_goes_on_where_it_ended(house: Services) -> None:
    edith = await administrator(house)
    for username in ("anna", "bert", "carl"):
        await house.member(username)
    first, last = await house.users.administration.search(Search(limit=2), edith)
    rest, end = await house.users.administration.search(Search(limit=2, after=last), edith)
    assert [account.username for account in (*first, *rest)] == ["anna", "bert", "carl", "edith"]
    assert end is None


async def test_who_is_being_deleted_is_on_no_list(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    await house.delete(alice.id, await house.sign_in())
    assert await names(house, edith) == ["edith"]
    assert await house.users.administration.by_email("alice@example.com", edith) == []


async def test_an_address_is_found_whole_in_any_spelling(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    found = await house.users.administration.by_email("ALICE@EXAMPLE.COM", edith)
    assert [account.id for account in found] == [alice.id]
    assert await house.users.administration.by_email("alic@example.com", edith) == []
    with pytest.raises(Invalid):
        await house.users.administration.by_email("alice", edith)


async def test_an_old_sign_in_may_still_look(house: Services) -> None:
    edith = await administrator(house)
    house.clock.forward(hours=2)
    assert await names(house, msgspec.structs.replace(edith, auth_time=edith.auth_time - 7_200)) == ["edith"]

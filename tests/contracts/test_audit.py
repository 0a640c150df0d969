"""What happened to accounts, as it is written down and read back on both databases."""

import msgspec

from noughts.kit.audit import KEPT, Origin
from tests.fakes import caller
from tests.services import HERE, Services


async def test_what_happened_is_read_back_newest_first_and_page_by_page(house: Services) -> None:
    alice, audit = caller(), house.fittings.audit
    for event in ("login-succeeded", "username-changed", "session-ended"):
        await house.database.write(audit.row(event, alice.user_id, HERE, alice))
    first = await audit.page(alice.user_id, None, 2)
    rest = await audit.page(alice.user_id, first[-1].id, 2)
    assert [row.event for row in [*first, *rest]] == ["session-ended", "username-changed", "login-succeeded"]


async def test_it_says_who_when_and_from_where(house: Services) -> None:
    alice, admin = caller(), caller()
    await house.database.write(house.fittings.audit.row("status-changed", alice.user_id, HERE, admin))
    (row,) = await house.fittings.audit.page(alice.user_id, None, 9)
    assert (row.actor_id, row.session_id, row.created_at) == (admin.user_id, admin.session_id, house.clock())
    assert (row.address, row.device, row.request_id) == (HERE.address, HERE.device, HERE.request_id)


async def test_a_device_may_call_itself_anything(house: Services) -> None:
    alice, strange = caller(), Origin("203.0.113.7", "r", "a\0b" * 500)
    await house.database.write(house.fittings.audit.row("login-refused", alice.user_id, strange))
    (row,) = await house.fittings.audit.page(alice.user_id, None, 9)
    assert row.device == ("ab" * 500)[:200]


async def test_it_is_forgotten_after_a_year(house: Services) -> None:
    alice, audit = caller(), house.fittings.audit
    await house.database.write(audit.row("login-succeeded", alice.user_id, HERE))
    house.clock.forward(seconds=KEPT.total_seconds() + 1)
    await audit.purge()
    assert await audit.page(alice.user_id, None, 9) == []


async def test_an_erased_person_neither_has_a_history_nor_stays_in_others(house: Services) -> None:
    alice, bob, audit = caller(), caller(), house.fittings.audit
    await house.database.write(
        audit.row("login-succeeded", alice.user_id, HERE), audit.row("role-changed", bob.user_id, HERE, alice)
    )
    await house.database.write(*audit.erased(alice.user_id))
    (row,) = await audit.page(bob.user_id, None, 9)
    assert await audit.page(alice.user_id, None, 9) == []
    assert alice.user_id not in msgspec.json.encode(row).decode()

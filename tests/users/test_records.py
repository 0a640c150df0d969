"""What is on record about people, and who gets to see it."""

import pytest
from tests.fakes import caller
from tests.services import HERE, Services
from tests.users.test_administration import administrator

from noughts.auth.model.sessions import LoginFailed
from noughts.kit import ids
from noughts.kit.audit import Origin
from noughts.kit.errors import Forbidden, NotFound
from noughts.kit.tokens import UserId

DESK = Origin("198.51.100.9", "fedcba9876543210", "the desk")


async def test_people_see_what_happened_to_their_account_the_newest_first(house: Services) -> None:
    alice = await house.member()
    with pytest.raises(LoginFailed):
        await house.login("alice", "not this one")
    by = await house.sign_in()
    found, more = await house.users.records.happened(alice.id, by, None, 20)
    assert [row.event for row in found] == ["login-succeeded", "login-refused", "user-registered"]
    assert {row.address for row in found} == {HERE.address}
    assert more is None


async def test_it_is_read_page_by_page(house: Services) -> None:
    alice = await house.member()
    by = [await house.sign_in() for _ in range(3)][-1]
    first, last = await house.users.records.happened(alice.id, by, None, 3)
    rest, end = await house.users.records.happened(alice.id, by, last, 3)
    assert len({row.id for row in (*first, *rest)}) == 4
    assert end is None


async def test_nobody_reads_anothers(house: Services) -> None:
    alice = await house.member()
    with pytest.raises(Forbidden):
        await house.users.records.happened(alice.id, caller(), None, 20)


async def test_there_is_nothing_on_record_about_nobody(house: Services) -> None:
    edith = await administrator(house)
    with pytest.raises(NotFound):
        await house.users.records.happened(UserId(ids.new()), edith, None, 20)


async def test_where_an_administrator_sat_is_shown_to_administrators_alone(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    for status in ("disabled", "active"):
        await house.users.administration.set_status(alice.id, status, edith, DESK)
    seen, _ = await house.users.records.happened(alice.id, await house.sign_in(), None, 20)
    known, _ = await house.users.records.happened(alice.id, edith, None, 20)
    by_edith = [(row.actor_id, row.address, row.device) for row in seen if row.event == "status-changed"]
    assert by_edith == [(edith.user_id, None, None)] * 2
    assert {row.address for row in known if row.event == "status-changed"} == {DESK.address}


async def test_of_an_administrator_who_is_erased_nothing_stays_in_what_they_did(house: Services) -> None:
    alice, edith = await house.member(), await administrator(house)
    second = await administrator(house, "second")
    await house.users.administration.set_status(alice.id, "disabled", edith, DESK)
    await house.delete(edith.user_id, edith)
    house.clock.forward(seconds=3)
    await house.erasure.sweep()
    known, _ = await house.users.records.happened(alice.id, second, None, 20)
    done = next(row for row in known if row.event == "status-changed")
    assert (done.actor_id, done.session_id, done.address, done.device, done.request_id) == (None,) * 5

"""Signing in, staying signed in, signing out, on both databases and by a clock that is moved."""

import asyncio

import jwt
import msgspec
import pytest
from tests.fakes import CHEAP
from tests.services import ISSUER, PASSWORD, SECRET, Services

from noughts.auth.model.sessions import InvalidRefreshToken, LoginFailed, SessionExpired
from noughts.auth.service import Grant
from noughts.kit import sealing
from noughts.kit.errors import InvalidToken
from noughts.kit.passwords import Passwords
from noughts.kit.tokens import LIFETIME_S
from noughts.users.model.wishes import Wish

DAY_S = 86_400


@pytest.fixture
async def grant(house: Services) -> Grant:
    """What a member was given who has just signed in."""
    await house.member()
    return await house.login("alice", PASSWORD)


async def replayed(house: Services, token: str) -> bool:
    """Return whether a refresh token is of no use."""
    try:
        await house.refresh(token)
    except InvalidRefreshToken:
        return True
    return False


async def test_a_member_signs_in_by_name_or_address(house: Services) -> None:
    alice = await house.member()
    for identifier in ("alice", "ALICE", "alice@example.com", "Alice@Example.COM"):
        assert (await house.login(identifier, PASSWORD)).user.id == alice.id


async def test_an_access_token_says_who_when_and_as_what(house: Services, grant: Grant) -> None:
    principal = house.verifier.verify(grant.access_token)
    now = int(house.clock().timestamp())
    assert (principal.user_id, principal.role, principal.epoch) == (grant.user.id, "player", 1)
    assert (principal.auth_time, principal.issued_at, principal.expires_at) == (now, now, now + LIFETIME_S)
    assert (grant.expires_in, grant.refresh_expires_in) == (LIFETIME_S, 30 * DAY_S)


async def test_an_access_token_ends_after_ten_minutes(house: Services, grant: Grant) -> None:
    house.clock.forward(seconds=LIFETIME_S + 31)
    with pytest.raises(InvalidToken):
        house.verifier.verify(grant.access_token)


@pytest.mark.parametrize(
    ("identifier", "password"),
    [
        ("alice", "a wrong secret"),
        ("alice", ""),
        ("alice", PASSWORD + " "),
        ("alice", "x" * 60_000),
        ("nobody", PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("", ""),
        ("' OR 1=1--", PASSWORD),
        ("alice\0", PASSWORD),
        ("al\0ice@example.com", PASSWORD),
        ("x" * 60_000, PASSWORD),
        ("computer-6", ""),
    ],
    ids=lambda text: repr(text[:20]),
)
async def test_whatever_is_not_right_is_refused_the_same(house: Services, identifier: str, password: str) -> None:
    await house.member()
    with pytest.raises(LoginFailed) as refused:
        await house.login(identifier, password)
    assert (refused.value.detail, refused.value.errors, refused.value.members) == ("", (), {})


async def test_a_guest_cannot_sign_in_by_name(house: Services) -> None:
    guest = await house.guest()
    for password in ("", PASSWORD, guest.user.username):
        with pytest.raises(LoginFailed):
            await house.login(guest.user.username, password)


@pytest.mark.parametrize("status", ["disabled", "deleting"])
async def test_the_right_password_of_an_account_that_is_not_active_is_refused(house: Services, status: str) -> None:
    alice = await house.member()
    await house.user_store.accounts.replace(alice, msgspec.structs.replace(alice, status=status, version=2))
    with pytest.raises(LoginFailed):
        await house.login("alice", PASSWORD)


async def test_each_sign_in_is_a_session_of_its_own(house: Services, grant: Grant) -> None:
    first = house.verifier.verify(grant.access_token)
    assert (await house.sign_in()).session_id != first.session_id


async def test_a_hash_of_another_cost_is_renewed_at_sign_in(house: Services) -> None:
    alice = await house.member()
    dearer = Passwords(msgspec.structs.replace(CHEAP, hash_passes=2))
    other = await Services(house.database, house.clock, dearer).ready()
    await other.login("alice", PASSWORD)
    renewed = await house.stored(alice.id)
    assert renewed.password is not None
    assert not dearer.outdated(renewed.password, PASSWORD)
    assert (renewed.version, renewed.epoch) == (alice.version, alice.epoch)
    assert await other.login("alice", PASSWORD)
    dearer.close()


async def test_a_refresh_gives_the_next_tokens_of_the_same_session(house: Services, grant: Grant) -> None:
    house.clock.forward(minutes=9)
    following = await house.refresh(grant.refresh_token)
    before, after = house.verifier.verify(grant.access_token), house.verifier.verify(following.access_token)
    assert following.refresh_token != grant.refresh_token
    assert (after.session_id, after.auth_time) == (before.session_id, before.auth_time)


async def test_fifty_refreshes_at_once_have_one_successor_and_log_nobody_out(house: Services, grant: Grant) -> None:
    found = await asyncio.gather(*(house.refresh(grant.refresh_token) for _ in range(50)))
    (successor,) = {each.refresh_token for each in found}
    for each in found:
        house.verifier.verify(each.access_token)
    assert not await replayed(house, successor)


async def test_a_refresh_repeated_within_ten_seconds_has_the_same_successor(house: Services, grant: Grant) -> None:
    first = await house.refresh(grant.refresh_token)
    house.clock.forward(seconds=10)
    assert (await house.refresh(grant.refresh_token)).refresh_token == first.refresh_token


async def test_a_refresh_repeated_later_ends_the_whole_session(house: Services, grant: Grant) -> None:
    following = await house.refresh(grant.refresh_token)
    house.clock.forward(seconds=10.001)
    assert await replayed(house, grant.refresh_token)
    assert await replayed(house, following.refresh_token)
    with pytest.raises(InvalidToken):
        house.verifier.verify(following.access_token)


async def test_a_thief_and_the_owner_end_each_others_session_whoever_comes_first(house: Services, grant: Grant) -> None:
    stolen = grant.refresh_token
    owners = await house.refresh(stolen)
    house.clock.forward(minutes=5)
    newest = await house.refresh(owners.refresh_token)
    house.clock.forward(minutes=5)
    assert await replayed(house, stolen)
    assert await replayed(house, newest.refresh_token)


async def test_a_replay_ends_that_session_alone(house: Services, grant: Grant) -> None:
    other = await house.login("alice", PASSWORD)
    await house.refresh(grant.refresh_token)
    house.clock.forward(seconds=11)
    assert await replayed(house, grant.refresh_token)
    house.verifier.verify(other.access_token)
    assert not await replayed(house, other.refresh_token)


async def test_a_successor_is_sealed_from_who_reads_the_database(house: Services, grant: Grant) -> None:
    following = await house.refresh(grant.refresh_token)
    stored = await house.auth_store.sessions.token(sealing.digest(grant.refresh_token))
    assert stored is not None
    assert stored.successor is not None
    assert following.refresh_token.encode() not in stored.successor
    for key in (SECRET, sealing.derive(SECRET, "successor"), stored.digest.encode()[:32]):
        assert sealing.unseal(key, stored.successor) is None


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\0", "é" * 50, "x" * 5_000])
async def test_a_token_nobody_was_given_is_refused(house: Services, token: str) -> None:
    with pytest.raises(InvalidRefreshToken):
        await house.refresh(token)


async def test_an_access_token_refreshes_nothing(house: Services, grant: Grant) -> None:
    with pytest.raises(InvalidRefreshToken):
        await house.refresh(grant.access_token)


async def test_a_session_nobody_uses_ends_after_thirty_days(house: Services, grant: Grant) -> None:
    house.clock.forward(days=30, seconds=-1)
    following = await house.refresh(grant.refresh_token)
    house.clock.forward(days=30)
    with pytest.raises(SessionExpired):
        await house.refresh(following.refresh_token)


async def test_a_session_that_is_always_used_ends_after_ninety_days(house: Services, grant: Grant) -> None:
    for _ in range(4):
        house.clock.forward(days=20)
        grant = await house.refresh(grant.refresh_token)
    assert grant.refresh_expires_in == 10 * DAY_S
    house.clock.forward(days=10)
    with pytest.raises(SessionExpired):
        await house.refresh(grant.refresh_token)


async def test_sessions_in_use_are_not_purged_and_others_are(house: Services, grant: Grant) -> None:
    idle = await house.login("alice", PASSWORD)
    house.clock.forward(days=20)
    grant = await house.refresh(grant.refresh_token)
    house.clock.forward(days=15)
    await house.auth.sessions.purge()
    assert not await replayed(house, grant.refresh_token)
    assert await house.auth_store.sessions.token(sealing.digest(idle.refresh_token)) is None


async def test_signing_out_ends_both_tokens_at_once(house: Services, grant: Grant) -> None:
    await house.logout(house.verifier.verify(grant.access_token), None)
    with pytest.raises(InvalidToken):
        house.verifier.verify(grant.access_token)
    assert await replayed(house, grant.refresh_token)


async def test_signing_out_by_the_refresh_token_does_the_same(house: Services, grant: Grant) -> None:
    await house.logout(None, grant.refresh_token)
    with pytest.raises(InvalidToken):
        house.verifier.verify(grant.access_token)


async def test_signing_out_ends_one_session(house: Services, grant: Grant) -> None:
    other = await house.login("alice", PASSWORD)
    await house.logout(house.verifier.verify(grant.access_token), None)
    house.verifier.verify(other.access_token)
    assert not await replayed(house, other.refresh_token)


async def test_signing_out_may_be_repeated(house: Services, grant: Grant) -> None:
    principal = house.verifier.verify(grant.access_token)
    await house.logout(principal, None)
    await house.logout(principal, None)
    await house.logout(None, "unheard of")


async def test_a_new_password_ends_other_sessions_refresh_and_spares_the_one_that_asked(
    house: Services, grant: Grant
) -> None:
    other = await house.login("alice", PASSWORD)
    wish = Wish(password="another secret", current_password=PASSWORD)
    await house.change(grant.user.id, wish, house.verifier.verify(grant.access_token), None)
    assert await replayed(house, other.refresh_token)
    following = await house.refresh(grant.refresh_token)
    assert house.verifier.verify(following.access_token).epoch == 2


async def test_the_spared_session_goes_on_for_good(house: Services, grant: Grant) -> None:
    wish = Wish(password="another secret", current_password=PASSWORD)
    await house.change(grant.user.id, wish, house.verifier.verify(grant.access_token), None)
    for _ in range(3):
        house.clock.forward(days=1)
        grant = await house.refresh(grant.refresh_token)
        house.verifier.verify(grant.access_token)


async def test_a_second_new_password_ends_the_session_spared_before(house: Services, grant: Grant) -> None:
    first = house.verifier.verify(grant.access_token)
    await house.change(first.user_id, Wish(password="another secret", current_password=PASSWORD), first, None)
    newer = await house.login("alice", "another secret")
    asking = house.verifier.verify(newer.access_token)
    await house.change(first.user_id, Wish(password="a third secret", current_password="another secret"), asking, None)
    assert await replayed(house, grant.refresh_token)
    with pytest.raises(InvalidToken):
        house.verifier.verify(grant.access_token)
    assert not await replayed(house, newer.refresh_token)


async def test_a_promoted_member_signs_in_anew(house: Services, grant: Grant) -> None:
    await house.promote("alice")
    assert await replayed(house, grant.refresh_token)


async def test_a_deleted_member_stays_signed_in_nowhere(house: Services, grant: Grant) -> None:
    await house.delete(grant.user.id, house.verifier.verify(grant.access_token), None)
    assert await replayed(house, grant.refresh_token)
    with pytest.raises(InvalidToken):
        house.verifier.verify(grant.access_token)


async def test_by_setting_tokens_are_signed_with_rsa_and_older_ones_still_hold(house: Services, grant: Grant) -> None:
    other = await Services(house.database, house.clock, house.passwords, NOUGHTS_SIGNING_ALGORITHM="RS256").ready()
    assert jwt.get_unverified_header((await other.login("alice", PASSWORD)).access_token)["alg"] == "ES256"
    house.clock.forward(minutes=1)
    signed = (await other.login("alice", PASSWORD)).access_token
    assert jwt.get_unverified_header(signed)["alg"] == "RS256"
    assert other.verifier.verify(signed).user_id == other.verifier.verify(grant.access_token).user_id
    assert {key["kty"] for key in other.auth.signer.jwks()["keys"]} == {"EC", "RSA"}


async def test_everyone_can_check_a_token_with_the_published_keys(house: Services, grant: Grant) -> None:
    keys = jwt.PyJWKSet.from_dict(house.auth.signer.jwks())
    header = jwt.get_unverified_header(grant.access_token)
    options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        grant.access_token, keys[header["kid"]].key, ["ES256"], audience="noughts", issuer=ISSUER, options=options
    )
    assert (claims["sub"], header["typ"]) == (grant.user.id, "at+jwt")


async def test_published_keys_hold_nothing_private(house: Services) -> None:
    for key in house.auth.signer.jwks()["keys"]:
        assert not key.keys() & {"d", "p", "q", "dp", "dq", "qi", "k"}


async def test_the_same_key_signs_after_a_restart(house: Services, grant: Grant) -> None:
    again = await Services(house.database, house.clock, house.passwords).ready()
    assert again.verifier.verify(grant.access_token).user_id == grant.user.id
    assert again.auth.signer.jwks() == house.auth.signer.jwks()

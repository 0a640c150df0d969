"""The seam to the Authentication Service: its promises kept near, by the service, and far, by the client over HTTP."""

from collections.abc import AsyncIterator

import jwt
import pytest

from noughts.auth.client import AuthClient
from noughts.kit.errors import Forbidden, Unavailable
from noughts.kit.published_keys import PublishedKeys
from noughts.kit.tokens import UserId, Verifier
from noughts.ports.auth import Auth
from tests import seams
from tests.services import Services

NOBODY = UserId("00000000-0000-7000-8000-00000000ffff")


@pytest.fixture(params=["near", "far"])
async def auth(request: pytest.FixtureRequest, house: Services) -> AsyncIterator[Auth]:
    """The Authentication Service, asked directly and over HTTP."""
    if request.param == "near":
        yield house.auth.records
        return
    async with seams.far(house.auth_door(), house.service_tokens.issue) as remote:
        yield AuthClient(remote)


async def test_who_is_signed_in_is_told_from_who_is_not(auth: Auth, house: Services) -> None:
    alice, bob = await house.member(), await house.member("bob")
    await house.sign_in()
    assert await auth.signed_in([alice.id, bob.id, NOBODY]) == {alice.id}
    assert await auth.signed_in([]) == set()


async def test_sessions_are_told_the_newest_first_and_from_one_on(auth: Auth, house: Services) -> None:
    alice = await house.member()
    mine = [(await house.sign_in()).session_id for _ in range(3)]
    held = await auth.held_sessions(alice.id, None)
    assert [session.id for session in held] == mine[::-1]
    assert [session.id for session in await auth.held_sessions(alice.id, held[0].id)] == mine[1::-1]


async def test_of_sign_ins_no_secret_is_told(auth: Auth, house: Services) -> None:
    alice = await house.member()
    await house.sign_in()
    proofs = await auth.held_proofs(alice.id)
    assert (proofs.second_factor, proofs.recovery_codes_left, len(proofs.known_addresses)) == (False, 0, 1)


async def test_a_token_is_checked_with_the_keys_that_are_told(auth: Auth, house: Services) -> None:
    published = PublishedKeys(auth.public_keys)
    await published.read()
    verifier = Verifier(published.find, house.fittings.origin, house.clock, house.revocations.check)
    grant = await house.guest()
    assert verifier.verify(grant.access_token).user_id == grant.user.id


async def test_rsa_keys_are_told_as_well(house: Services) -> None:
    other = await Services(house.database, house.clock, house.passwords, NOUGHTS_SIGNING_ALGORITHM="RS256").ready()
    async with seams.far(other.auth_door(), other.service_tokens.issue) as remote:
        published = PublishedKeys(AuthClient(remote).public_keys)
        await published.read()
    house.clock.forward(minutes=1)  # until then everybody has read it
    verifier = Verifier(published.find, other.fittings.origin, other.clock, other.revocations.check)
    grant = await other.guest()
    assert jwt.get_unverified_header(grant.access_token)["alg"] == "RS256"
    assert verifier.verify(grant.access_token).user_id == grant.user.id


async def test_a_private_key_is_never_told(auth: Auth) -> None:
    for key in await auth.public_keys():
        assert key.jwk.keys() <= {"kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"}


async def test_the_end_of_a_retired_key_is_told(auth: Auth, house: Services) -> None:
    await house.auth.keys.rotate(hurry=True)
    house.clock.forward(minutes=1)
    await house.auth.keys.read()
    ends = {key.id: key.until for key in await auth.public_keys()}
    kid = jwt.get_unverified_header((await house.guest()).access_token)["kid"]
    assert ends.pop(kid) is None
    assert [until for until in ends.values() if until is not None and until < house.clock().timestamp()]


async def test_until_the_keys_are_known_nobody_is_refused_but_told_to_come_back(house: Services) -> None:
    async def silent() -> list[object]:
        raise Unavailable

    published = PublishedKeys(silent)  # type: ignore[arg-type]  # it never answers
    with pytest.raises(Unavailable):
        await published.read()
    verifier = Verifier(published.find, house.fittings.origin, house.clock, house.revocations.check)
    token = (await house.guest()).access_token
    with pytest.raises(Unavailable):
        verifier.verify(token)


async def test_keys_that_are_known_stay_so_while_nobody_answers(house: Services) -> None:
    answers = [await house.auth.records.public_keys()]

    async def once() -> object:
        if not answers:
            raise Unavailable
        return answers.pop()

    published = PublishedKeys(once)  # type: ignore[arg-type]  # it answers once
    await published.read()
    with pytest.raises(Unavailable):
        await published.read()
    assert published.are_known


async def test_a_token_for_games_tells_nothing_of_sign_ins(house: Services) -> None:
    async with seams.far(house.auth_door(), lambda _: house.service_tokens.issue("games:read")) as remote:
        with pytest.raises(Forbidden):
            await AuthClient(remote).held_proofs(NOBODY)

"""Access tokens as every service checks them (forged ones over HTTP: tests/security)."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes import NOON, Clock, caller

from noughts.kit import ids, tokens
from noughts.kit.errors import InsufficientUserAuthentication, InvalidToken
from noughts.kit.tokens import AUDIENCE, LEEWAY_S, LIFETIME_S, TOKEN_TYPE, Principal, Verifier, VerifyingKey

ISSUER = "https://noughts.example"
KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65_537, 2_048)
NOW = int(NOON.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": ids.new(),
    "iat": NOW,
    "exp": NOW + LIFETIME_S,
    "jti": "1",
    "sid": ids.new(),
    "auth_time": NOW,
    "role": "player",
    "epoch": 1,
}
TAMPERED_MEMBERS = ("alg", "kid", "typ")


def token(claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, key: Any = KEY) -> str:
    """Return a token signed as ours are, different in these members."""
    algorithm = "RS256" if key is RSA else "ES256"
    members = {"typ": TOKEN_TYPE, "kid": "rsa" if key is RSA else "ec"} | (header or {})
    return jwt.encode(CLAIMS | (claims or {}), key, algorithm, members)


class Checked:
    """A verifier, its clock, and the people whose tokens were ended."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.ended: set[str] = set()
        keys = {"ec": VerifyingKey(KEY.public_key(), "ES256"), "rsa": VerifyingKey(RSA.public_key(), "RS256")}
        self.verify = Verifier(keys.get, ISSUER, self.clock, self._check).verify

    def _check(self, principal: Principal) -> None:
        if principal.session_id in self.ended:
            raise InvalidToken


@pytest.fixture
def checked() -> Checked:
    """A verifier of both kinds of keys."""
    return Checked()


@pytest.mark.parametrize("key", [KEY, RSA], ids=["ES256", "RS256"])
def test_a_token_of_ours_says_who_is_calling(checked: Checked, key: Any) -> None:
    assert checked.verify(token(key=key)) == Principal(
        user_id=CLAIMS["sub"],
        session_id=CLAIMS["sid"],
        role="player",
        epoch=1,
        auth_time=NOW,
        issued_at=NOW,
        expires_at=NOW + LIFETIME_S,
    )


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_text_at_all_signs_anyone_in(text: str) -> None:
    with pytest.raises(InvalidToken):
        Checked().verify(text)


@given(st.data())
def test_a_token_changed_in_any_place_is_refused(data: st.DataObject) -> None:
    good = token()
    at = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.characters(max_codepoint=0x17F).filter(lambda character: character != good[at]))
    with pytest.raises(InvalidToken):
        Checked().verify(good[:at] + other + good[at + 1 :])


@given(st.dictionaries(st.sampled_from(sorted(CLAIMS)), st.integers() | st.text(max_size=9) | st.none(), min_size=1))
def test_a_claim_another_key_signed_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        Checked().verify(token({name: value for name, value in claims.items() if name != "iss"}, key=OTHER))


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.integers() | st.text(max_size=9), min_size=1, max_size=3))
def test_a_header_with_anything_more_is_refused(more: dict[str, Any]) -> None:
    strange = {name: value for name, value in more.items() if name not in TAMPERED_MEMBERS} or {"crit": ["exp"]}
    head = base64.urlsafe_b64encode(json.dumps({"alg": "ES256", "typ": TOKEN_TYPE, "kid": "ec"} | strange).encode())
    _, payload, _ = token().split(".")
    signed = f"{head.rstrip(b'=').decode()}.{payload}"
    proof = base64.urlsafe_b64encode(jwt.get_algorithm_by_name("ES256").sign(signed.encode(), KEY)).rstrip(b"=")
    with pytest.raises(InvalidToken):
        Checked().verify(f"{signed}.{proof.decode()}")


@pytest.mark.parametrize("kid", ["rsa", "", "../../dev/null", "' OR 1=1--", "https://evil.example/jwks", "x" * 1_000])
def test_a_key_is_found_by_its_id_alone(checked: Checked, kid: str) -> None:
    with pytest.raises(InvalidToken):
        checked.verify(token(header={"kid": kid}))


@pytest.mark.parametrize("typ", ["JWT", "at+JWT", "application/at+jwt", "", "service+jwt", "id+jwt"])
def test_a_token_of_another_type_is_refused(checked: Checked, typ: str) -> None:
    with pytest.raises(InvalidToken):
        checked.verify(token(header={"typ": typ}))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": ISSUER + "/"},
        {"iss": "https://noughts.exampl"},
        {"aud": [AUDIENCE]},
        {"aud": "nought"},
        {"exp": str(NOW + 60)},
        {"exp": NOW + 60.5},
        {"exp": -1},
        {"exp": 2**63},
        {"exp": 10**30},
        {"iat": NOW + 600, "exp": NOW + 660},
        {"iat": "now"},
        {"sub": 7},
        {"role": "root"},
        {"epoch": None},
        {"nbf": NOW - 1},
        {"scope": "admin"},
    ],
    ids=str,
)
def test_a_claim_of_the_wrong_kind_is_refused_though_our_key_signed_it(
    checked: Checked, claims: dict[str, Any]
) -> None:
    with pytest.raises(InvalidToken):
        checked.verify(token(claims))


def test_a_token_that_would_outlive_its_revocation_is_refused(checked: Checked) -> None:
    with pytest.raises(InvalidToken):
        checked.verify(token({"exp": NOW + LIFETIME_S + 1}))


def test_a_token_is_believed_up_to_thirty_seconds_past_its_end(checked: Checked) -> None:
    good = token()
    checked.clock.forward(seconds=LIFETIME_S + LEEWAY_S)
    checked.verify(good)
    checked.clock.forward(seconds=1)
    with pytest.raises(InvalidToken):
        checked.verify(good)


def test_a_token_from_thirty_seconds_ahead_is_believed_and_none_from_further(checked: Checked) -> None:
    checked.verify(token({"iat": NOW + LEEWAY_S}))
    with pytest.raises(InvalidToken):
        checked.verify(token({"iat": NOW + LEEWAY_S + 1}))


def test_a_token_seen_before_still_ends_when_its_session_does(checked: Checked) -> None:
    good = token()
    checked.verify(good)
    checked.ended.add(CLAIMS["sid"])
    with pytest.raises(InvalidToken):
        checked.verify(good)


def test_a_token_seen_before_needs_its_own_signature_all_the_same(checked: Checked) -> None:
    good = token()
    checked.verify(good)
    with pytest.raises(InvalidToken):
        checked.verify(good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"))


def test_the_memory_of_seen_tokens_is_bounded(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_CACHED", 8)
    many = [token({"jti": str(n)}) for n in range(20)]
    for each in many * 2:
        assert checked.verify(each).user_id == CLAIMS["sub"]
    assert len(checked.verify.__self__._seen) <= 8


def test_a_sign_in_is_young_for_fifteen_minutes() -> None:
    caller().require_young(NOON + timedelta(minutes=15))
    with pytest.raises(InsufficientUserAuthentication) as refused:
        caller().require_young(NOON + timedelta(minutes=15, seconds=1))
    assert refused.value.headers == (
        ("WWW-Authenticate", 'Bearer error="insufficient_user_authentication", max_age="900"'),
    )

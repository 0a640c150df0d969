"""Guessing passwords: in every shape it is slowed down, and it keeps nobody out of their own account."""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests import servers
from tests.security.attacks import PASSWORD, Person, member, rows, some_name

HOME, HOSTILE = "203.0.113.7", "198.51.100.66"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Process]:
    """A server with the limits everyone has, that believes our proxy where requests come from."""
    folder = tmp_path_factory.mktemp("guarded")
    with servers.serving(folder / "data", trusted_proxies="127.0.0.0/8") as process:
        yield process


@pytest.fixture(scope="module")
def proxy(guarded: servers.Process) -> Iterator[httpx.Client]:
    """A client that says where its requests come from."""
    with guarded.client() as found:
        yield found


@pytest.fixture
def victim(proxy: httpx.Client) -> Person:
    """A member who has signed in at home."""
    with httpx.Client(base_url=proxy.base_url, headers={"X-Forwarded-For": HOME}, trust_env=False) as home:
        return member(home)


def guess(
    client: httpx.Client, name: str, address: str, password: str = "a wrong password", **body: object
) -> httpx.Response:
    """Try a password, from somewhere."""
    sent = {"username": name, "password": password, **body}
    origin = f"http://{client.base_url.host}:{client.base_url.port}"
    return client.post("/login", json=sent, headers={"X-Forwarded-For": address, "Origin": origin})


def addresses(count: int) -> list[str]:
    """Return so many addresses, each of a network of its own."""
    return [f"{100 + n % 60}.{n // 250}.{n % 250}.9" for n in range(count)]


def counted(answers: list[httpx.Response]) -> Counter[int]:
    """Return how often each status was answered."""
    return Counter(answer.status_code for answer in answers)


def at_once(client: httpx.Client, name: str, places: list[str]) -> Counter[int]:
    """Guess from many places at the same time, and return how often each status was answered."""
    with ThreadPoolExecutor(20) as crowd:
        return counted(list(crowd.map(lambda place: guess(client, name, place), places)))


def refusal(client: httpx.Client, name: str) -> httpx.Response:
    """Return how a new address is told to wait: the first, unless the wait is just over, which begins a longer one."""
    answers = [guess(client, name, f"192.0.2.{100 + n}") for n in range(4)]
    return next(answer for answer in answers if answer.status_code == 429)


def test_guesses_at_one_account_from_one_address_are_throttled(proxy: httpx.Client, victim: Person) -> None:
    answers = [guess(proxy, victim.username, HOSTILE) for _ in range(300)]

    assert [answer.status_code for answer in answers[:5]] == [401] * 5
    assert counted(answers)[401] <= 8
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in answers if answer.status_code == 429)


def test_guesses_at_one_account_from_everywhere_are_throttled(proxy: httpx.Client, victim: Person) -> None:
    found = at_once(proxy, victim.username, addresses(1_000))

    assert found[401] <= 18
    assert found[401] + found[429] + found[503] == 1_000


def test_one_guess_at_each_of_many_accounts_from_one_address_is_throttled(proxy: httpx.Client) -> None:
    answers = [guess(proxy, some_name(), "198.51.100.67") for _ in range(200)]

    assert counted(answers)[401] <= 60
    assert answers[-1].status_code == 429


def test_a_known_address_is_let_in_at_once_whatever_others_guess(proxy: httpx.Client, victim: Person) -> None:
    at_once(proxy, victim.username, addresses(100))

    assert refusal(proxy, victim.username)
    assert guess(proxy, victim.username, HOME, PASSWORD).status_code == 200
    assert guess(proxy, victim.email, HOME, PASSWORD).status_code == 200


def test_a_browser_of_ones_own_is_let_in_beside_the_attacker(proxy: httpx.Client, victim: Person) -> None:
    cafe = "198.51.100.68"
    with httpx.Client(base_url=proxy.base_url, trust_env=False) as browser:
        assert guess(browser, victim.username, HOME, PASSWORD, cookie=True).status_code == 200
        crowd = counted([guess(proxy, some_name(), cafe) for _ in range(200)])
        crowd += counted([guess(proxy, victim.username, cafe) for _ in range(20)])
        assert crowd[429] > 100
        assert guess(proxy, victim.username, cafe, PASSWORD).status_code == 429
        assert guess(browser, victim.username, cafe, PASSWORD, cookie=True).status_code == 200


def test_even_on_a_browser_of_ones_own_guesses_are_throttled(proxy: httpx.Client, victim: Person) -> None:
    with httpx.Client(base_url=proxy.base_url, trust_env=False) as browser:
        guess(browser, victim.username, HOME, PASSWORD, cookie=True)
        found = counted([guess(browser, victim.username, HOME, cookie=True) for _ in range(30)])

    assert found[401] <= 8


def test_however_a_name_is_written_it_is_one_to_the_throttle(proxy: httpx.Client, victim: Person) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in victim.username)
    domain = victim.email.partition("@")[2]
    by_name = [victim.username, victim.username.upper(), wide]
    by_mail = [
        victim.email,
        victim.email.upper(),
        f"{victim.username}@exam\u00adple.com",
        f"{victim.username}@{domain[:3]}\u200b{domain[3:]}",
    ]
    for forms in (by_name, by_mail):
        found = at_once(proxy, forms[0], addresses(12))
        assert found[401] >= 10
        refused = counted([guess(proxy, form, f"192.0.2.{n}") for n, form in enumerate(forms)])
        assert refused[429] >= len(forms) - 1  # one may come just when the wait is over, and begins the next


def test_a_refusal_says_the_same_of_somebody_and_of_nobody(proxy: httpx.Client, victim: Person) -> None:
    answers = []
    for name in (victim.username, some_name()):
        at_once(proxy, name, addresses(40))
        answers.append(refusal(proxy, name))

    known, unknown = answers
    assert known.status_code == unknown.status_code == 429
    assert known.headers.keys() == unknown.headers.keys()
    assert blank(known) == blank(unknown)


def blank(answer: httpx.Response) -> dict[str, object]:
    """Return a problem without what differs each time: the seconds to wait and the request's id."""
    document = answer.json()
    return document | {"detail": re.sub(r"\d+", "n", document["detail"]), "request_id": ""}


def test_wrong_current_passwords_are_counted(proxy: httpx.Client, victim: Person) -> None:
    sent = {"password": "quite another one", "current_password": "not the one"}
    headers = victim.signed | {"X-Forwarded-For": HOME}
    answers = [proxy.put("/users/me", json=sent, headers=headers) for _ in range(30)]

    assert counted(answers)[422] <= 8
    assert answers[-1].json()["type"] == "/problems/too-many-attempts"


@pytest.mark.parametrize("name", ["", "\0", "a\0b", "\u202e", "é@ü", "x" * 300, "' OR 1=1--", "@", "\ufeff"])
def test_odd_names_are_throttled_like_any_other(proxy: httpx.Client, name: str) -> None:
    found = counted([guess(proxy, name, "192.0.2.33") for _ in range(12)])

    assert set(found) <= {401, 429}
    assert found[429] >= 4


def test_what_was_refused_is_told_alike_of_somebody_and_of_nobody(
    proxy: httpx.Client, guarded: servers.Process, victim: Person
) -> None:
    place = "192.0.2.199"
    for name in (victim.username, some_name()):
        for _ in range(7):
            guess(proxy, name, place)

    told = rows(guarded, "SELECT event, user_id FROM audit WHERE address = ? AND event LIKE 'login-%'", place)
    assert Counter(told) == {
        ("login-refused", victim.id): 5, ("login-throttled", victim.id): 2,
        ("login-refused", None): 5, ("login-throttled", None): 2,
    }  # fmt: skip


def test_what_is_kept_of_guesses_names_nobody(guarded: servers.Process, proxy: httpx.Client, victim: Person) -> None:
    guess(proxy, victim.username, HOSTILE)
    kept = rows(guarded, "SELECT key FROM attempts") + rows(guarded, "SELECT digest FROM known_addresses")

    assert len(kept) > 10
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for (key,) in kept)


def test_switched_off_it_is_told_loudly(tmp_path: Path) -> None:
    with servers.serving(tmp_path / "data", rate_limits="off") as process, process.client() as client:
        found = counted([guess(client, "somebody", HOME) for _ in range(20)])

    assert found == {401: 20}
    assert "limits_are_off" in process.log.read_text()

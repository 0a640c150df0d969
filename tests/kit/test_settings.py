"""Settings: read once, every name known."""

from pathlib import Path

import msgspec
import pytest

from noughts import compose
from noughts.cli.installation import chosen
from noughts.compose import read_settings
from noughts.kit import settings
from noughts.kit.errors import Refusal


def test_without_settings_there_are_defaults() -> None:
    chosen = read_settings({})
    assert (chosen.server.host, chosen.server.port, chosen.gateway.rate_limits) == ("127.0.0.1", 8000, "on")


def test_a_setting_is_read_from_the_environment() -> None:
    assert read_settings({"NOUGHTS_PORT": "9000"}).server.port == 9000


def test_a_setting_is_read_from_the_file_named(tmp_path: Path) -> None:
    file = tmp_path / "database"
    file.write_text("postgresql://db/noughts\n")
    assert read_settings({"NOUGHTS_DATABASE_FILE": str(file)}).server.database == "postgresql://db/noughts"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="NOUGHTS_DATABASE_FILE"):
        read_settings({"NOUGHTS_DATABASE_FILE": str(tmp_path / "missing")})


def test_a_setting_given_both_ways_is_refused(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("9000")
    with pytest.raises(Refusal, match="NOUGHTS_PORT and NOUGHTS_PORT_FILE are both set: unset one"):
        read_settings({"NOUGHTS_PORT": "8000", "NOUGHTS_PORT_FILE": str(tmp_path / "port")})


def test_a_flag_goes_before_the_environment_however_that_says_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "port").write_text("9000")
    monkeypatch.setenv("NOUGHTS_PORT_FILE", str(tmp_path / "port"))
    assert (chosen().server.port, chosen(port=9100).server.port) == (9000, 9100)


@pytest.mark.parametrize("name", ["NOUGHTS_PROT", "NOUGHTS_", "NOUGHTS_port2", "NOUGHTS_SERVER"])
def test_a_name_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(Refusal, match="is no setting"):
        read_settings({name: "1"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NOUGHTS_PORT", "70000"),
        ("NOUGHTS_PORT", "http"),
        ("NOUGHTS_LOG", "loud"),
        ("NOUGHTS_RATE_LIMITS", "maybe"),
        ("NOUGHTS_SIGNING_ALGORITHM", "HS256"),
        ("NOUGHTS_SIGNING_ALGORITHM", "none"),
        ("NOUGHTS_PASSWORD_MIN", "7"),
        ("NOUGHTS_HASH_MEMORY_KIB", "8"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(Refusal, match=name):
        read_settings({name: value})


def test_the_environment_of_others_is_not_looked_at() -> None:
    assert read_settings({"PATH": "/bin", "NOUGHT_PORT": "1"}) == read_settings({})


@pytest.mark.parametrize("given", ["https://play.example", "https://play.example/"])
def test_the_origin_has_no_slash_at_its_end(given: str) -> None:
    assert read_settings({"NOUGHTS_BASE_URL": given}).server.origin == "https://play.example"


def test_every_setting_says_what_it_means_and_no_two_share_a_name() -> None:
    rows = [row for field in msgspec.structs.fields(compose.Settings) for row in settings.described(field.type)]
    names = [name for name, _, _ in rows]
    assert len(names) == len(set(names))
    assert all(meaning.endswith(".") for _, _, meaning in rows)
    assert not any(default for name, default, _ in rows if "SECRET" in name or "PASSWORD_FILE" in name)


def test_a_value_that_does_not_fit_is_refused_with_what_the_setting_means() -> None:
    with pytest.raises(Refusal, match="debug, info, warning or error"):
        read_settings({"NOUGHTS_LOG": "loud"})
    with pytest.raises(Refusal, match="postgresql:// address"):
        read_settings({"NOUGHTS_DATABASE": "mysql://db/noughts"})

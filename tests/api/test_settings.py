from pathlib import Path

import pytest
from pydantic import ValidationError

from tintype.config import Settings, reference
from tintype.errors import SetupError

PAGE = Path(__file__).parents[2] / "docs/reference/settings.md"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TINTYPE_{name.upper()}", raising=False)


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == reference(), (
        "write docs/reference/settings.md anew: "
        "python -c 'from tintype import config; print(config.reference(), end=\"\")'"
    )


def test_every_setting_says_what_it_sets() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_a_flag_wins_over_the_environment_and_that_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINTYPE_PORT", "9000")
    monkeypatch.setenv("TINTYPE_MODEL", "postcard")
    settings = Settings.load(port=9001)
    assert (settings.port, settings.model, settings.host) == (9001, "postcard", "127.0.0.1")
    sources = settings.sources()
    assert sources["port"] == (9001, "flag")
    assert sources["model"] == ("postcard", "environment")
    assert sources["host"] == ("127.0.0.1", "default")
    assert set(sources) == set(Settings.model_fields)


def test_everything_lies_in_the_home_unless_told_otherwise(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path)
    assert settings.database == f"sqlite:///{tmp_path}/tintype.db"
    assert settings.files == str(tmp_path / "files")
    assert Settings.load(home=tmp_path, files="s3://bucket").files == "s3://bucket"


def test_the_home_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Settings.load().home == Path.home() / ".local/share/tintype"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings.load().home == tmp_path / "tintype"


def test_an_unknown_variable_is_an_error_that_names_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINTYPE_MAXPIXELS", "1")
    with pytest.raises(SetupError, match=r"TINTYPE_MAXPIXELS is not a setting; the nearest is TINTYPE_MAX_PIXELS"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "value"), [("port", "http"), ("port", "70000"), ("max_pixels", "0"), ("log_level", "x")]
)
def test_a_value_that_is_not_allowed_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"TINTYPE_{name.upper()}", value)
    with pytest.raises(SetupError, match=f"{name} = '{value}'"):
        Settings.load()


@pytest.mark.parametrize(("given", "gigabytes"), [("auto", 0), ("0", 0), ("12", 12), ("7.5", 7.5)])
def test_memory_is_a_number_of_gigabytes_or_automatic(given: str, gigabytes: float) -> None:
    assert Settings.load(memory=given).memory == gigabytes


def test_settings_do_not_change() -> None:
    settings = Settings.load()
    with pytest.raises(ValidationError):
        settings.port = 1


@pytest.mark.parametrize(
    ("host", "private"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.8.8.8", True),
     ("0.0.0.0", False), ("::", False), ("192.0.2.1", False), ("my.machine", False)],
)  # fmt: skip
def test_only_loopback_is_private(host: str, private: bool) -> None:
    assert Settings.load(host=host).is_private is private

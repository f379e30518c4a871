"""The API key in the settings: checked when it is read, and shown nowhere."""

import base64
from pathlib import Path

import pytest

from btcbot_core.domain.errors import ConfigError
from btcbot_core.settings import Loaded, Settings, load
from tests.canaries import KEY, SECRET


def given(**values: str) -> Loaded:
    return load(environment=values)


def test_key_and_secret_come_whole_and_without_the_spaces_around_them() -> None:
    settings = given(BTCTURK_API_KEY=f" {KEY} ", BTCTURK_API_SECRET=f"{SECRET}\n").settings
    assert settings.btcturk_api_key.get_secret_value() == KEY
    assert settings.btcturk_api_secret.get_secret_value() == SECRET


def test_no_text_form_of_the_settings_holds_them() -> None:
    loaded = given(BTCTURK_API_KEY=KEY, BTCTURK_API_SECRET=SECRET)
    shown = loaded.shown()
    forms = (
        repr(loaded),
        str(loaded.settings),
        repr(loaded.settings.model_dump()),
        loaded.model_dump_json(),
        repr(shown),
    )
    assert [form for form in forms if KEY in form or SECRET in form] == []
    assert shown["BTCTURK_API_KEY"] == ("set", "environment")
    assert shown["BTCTURK_API_SECRET"] == ("set", "environment")


def test_what_is_not_set_is_shown_as_empty() -> None:
    assert given().shown()["BTCTURK_API_KEY"] == ("", "default")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BTCTURK_API_KEY", "short"),
        ("BTCTURK_API_KEY", "with a space"),
        ("BTCTURK_API_KEY", "x" * 129),
        ("BTCTURK_API_SECRET", "no!base64-at-all"),
        ("BTCTURK_API_SECRET", base64.b64encode(b"short").decode()),
        ("BTCTURK_API_SECRET", SECRET.rstrip("=")),
    ],
)
def test_what_can_be_no_key_is_refused_without_being_repeated(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        given(**{name: value})
    assert str(refused.value).startswith(f"{name}: expected")
    assert value not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_key_decides_nothing_so_a_run_goes_on_after_it_was_changed() -> None:
    keyed = given(BTCTURK_API_KEY=KEY, BTCTURK_API_SECRET=SECRET, LOG_LEVEL="debug").settings
    assert keyed.decisive_digest() == Settings().decisive_digest()
    assert keyed.log_level == "DEBUG"


def test_a_file_with_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "live.env"
    file.write_text(f"BTCTURK_API_SECRET={SECRET}\n", encoding="utf-8")
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        load(env_file=file, environment={})
    file.chmod(0o600)
    assert load(env_file=file, environment={}).settings.btcturk_api_secret.get_secret_value()

"""Settings: file, then environment, then command line; strict, with the origin told and secrets masked."""

from pathlib import Path

import pytest

from aibuyer_kit.core.errors import SettingsError
from aibuyer_kit.settings.workspace_settings import read_settings, settings_with_origin


def write(folder: Path, text: str) -> None:
    (folder / "aibuyer.toml").write_text(text, encoding="utf-8")


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each layer wins over the one below it, and the origin says which it was."""
    write(tmp_path, "[sync]\nbackfill_days = 10\nrestated_days = 11\n[meta]\npage_rows = 12\n")
    monkeypatch.setenv("AIBUYER_SYNC__RESTATED_DAYS", "21")
    monkeypatch.setenv("AIBUYER_META__PAGE_ROWS", "22")
    rows = {each.key: (each.value, each.origin) for each in settings_with_origin(tmp_path, {"meta.page_rows": 33})}
    assert rows["sync.backfill_days"] == ("10", str(tmp_path / "aibuyer.toml"))
    assert rows["sync.restated_days"] == ("21", "AIBUYER_SYNC__RESTATED_DAYS")
    assert rows["meta.page_rows"] == ("33", "command line")
    assert rows["meta.api_version"] == ("v26.0", "default")


def test_the_environment_sets_limits_and_switches_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text becomes the number or the truth value that the setting is; what lies beyond its bounds is an error."""
    write(tmp_path, "[guardrails]\nmost_decrease_24h = 1\n")
    monkeypatch.setenv("AIBUYER_GUARDRAILS__MOST_INCREASE_24H", "0.35")
    monkeypatch.setenv("AIBUYER_APPLY__OWN_APPROVALS", "true")
    settings = read_settings(tmp_path)
    assert (settings.guardrails.most_increase_24h, settings.guardrails.most_decrease_24h) == (0.35, 1.0)
    assert settings.apply.own_approvals is True
    for bad in ("nan", "inf", "-1", "11", "a lot"):
        monkeypatch.setenv("AIBUYER_GUARDRAILS__MOST_INCREASE_24H", bad)
        with pytest.raises(SettingsError, match="AIBUYER_GUARDRAILS__MOST_INCREASE_24H"):
            read_settings(tmp_path)


def test_secrets_are_masked_wherever_settings_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app secret is there for the connector, and nowhere in what is printed."""
    monkeypatch.setenv("AIBUYER_META__APP_SECRET", "canary-secret")
    monkeypatch.setenv("AIBUYER_META__APP_ID", "123")
    settings = read_settings(tmp_path)
    assert settings.meta.app_secret
    assert settings.meta.app_secret.get_secret_value() == "canary-secret"
    assert settings.meta.app_id == "123"
    assert "canary" not in repr(settings) + repr(settings_with_origin(tmp_path))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("[sync]\nrestated_days = true", "sync.restated_days", id="true-is-not-1"),
        pytest.param("[sync]\nrestated_days = 1.5", "sync.restated_days", id="fraction"),
        pytest.param("[sync]\nrestated_days = 0", "sync.restated_days", id="too-small"),
        pytest.param("[sync]\nrestated = 28", "sync.restated", id="unknown-key"),
        pytest.param("[sink]\na = 1", "sink", id="unknown-section"),
        pytest.param('[meta]\napi_version = "26"', "meta.api_version", id="malformed-version"),
        pytest.param("[sync", "TOML", id="broken-toml"),
    ],
)
def test_a_wrong_setting_names_file_and_key(tmp_path: Path, text: str, named: str) -> None:
    """Nothing is guessed and nothing unknown is passed over."""
    write(tmp_path, text)
    with pytest.raises(SettingsError, match=named) as caught:
        read_settings(tmp_path)
    assert "aibuyer.toml" in str(caught.value)


def test_a_wrong_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message leads to the variable and not to the file."""
    monkeypatch.setenv("AIBUYER_SYNC__BACKFILL_DAYS", "many")
    with pytest.raises(SettingsError, match="AIBUYER_SYNC__BACKFILL_DAYS"):
        read_settings(tmp_path)


def test_other_variables_of_the_toolkit_are_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AIBUYER_WORKSPACE and a client's token are read elsewhere."""
    monkeypatch.setenv("AIBUYER_WORKSPACE", "/somewhere")
    monkeypatch.setenv("AIBUYER_ACME_META_ACCESS_TOKEN", "x")
    assert read_settings(tmp_path).sync.backfill_days == 90

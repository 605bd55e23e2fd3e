"""Wrong settings in a person's words: the place, what it must be, what it is, and the nearest key that there is."""

from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import read_client_file
from aibuyer_kit.core.errors import InputError, SettingsError
from aibuyer_kit.settings.workspace_settings import read_settings
from aibuyer_kit.workflows.workspaces import new_client_file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "[sinc]\na = 1", "sinc: there is no such key. Did you mean 'sync'? Known here: kind, meta,", id="section"
        ),
        pytest.param("[sync]\nhourli = true", "sync.hourli: there is no such key. Did you mean 'hourly'?", id="key"),
        pytest.param("[sync]\nbackfill_days = -4", "sync.backfill_days: must be at least 1, and is -4.", id="small"),
        pytest.param("[sync]\nhourly = 1", "sync.hourly: must be true or false, and is 1.", id="no-truth"),
        pytest.param("[sync]\nbackfill_days = true", "must be a whole number, and is true.", id="truth"),
        pytest.param(
            '[meta]\napi_version = "26"', "api_version: must be a version such as v26.0, and is '26'.", id="form"
        ),
        pytest.param(
            "[meta]\napp_secret = 12345", "meta.app_secret: must be text in quotes.", id="secrets-are-not-shown"
        ),
        pytest.param('[dashboards]\nhosts = ["a b"]', "dashboards.hosts.0: must be the name of a host,", id="host"),
        pytest.param('kind = "x"', "kind: must be 'workspace' or 'example', and is 'x'.", id="choice"),
    ],
)
def test_what_is_wrong_in_a_workspaces_settings(tmp_path: Path, text: str, said: str) -> None:
    """No word of the library that checks them."""
    (tmp_path / "aibuyer.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_settings(tmp_path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "name: is missing; add it.", id="missing"),
        pytest.param(
            'name = "B"\n[[accounts]]\nid = "123"', "accounts.0.id: must be act_ and digits, such as", id="id"
        ),
        pytest.param(
            'name = "B"\n[results.OUTCOME_LEADS]\nwindov = 1',
            "Did you mean 'window'? Known here: action_type,",
            id="near",
        ),
        pytest.param(
            'name = "B"\n[money]\ncurency = "EUR"',
            "money.curency: there is no such key. Did you mean 'currency'?",
            id="money",
        ),
        pytest.param('name = "B"\nlocale = "de"', "locale: must be 'en' or 'uk', and is 'de'.", id="language"),
        pytest.param("name = 5", "name: must be text in quotes, and is 5.", id="number"),
    ],
)
def test_what_is_wrong_in_a_clients_file(tmp_path: Path, text: str, said: str) -> None:
    """Sections inside sections, too."""
    path = tmp_path / "client.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_client_file(path)
    assert said in str(caught.value)


def test_what_is_wrong_on_the_command_line_goes_by_its_option() -> None:
    """`aibuyer client add`."""
    with pytest.raises(
        InputError, match=r"^--account \(accounts\.0\.id\): must be act_ and digits, such as act_123, and is '123'\.$"
    ):
        new_client_file("B", accounts=["123"])
    with pytest.raises(InputError, match=r"^--name: must be one line of printable text\.$"):
        new_client_file("")

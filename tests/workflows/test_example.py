"""The example workspace, built a second time."""

import re
import shutil
from pathlib import Path

import pytest

from aibuyer_kit import __version__
from aibuyer_kit.access.clients import open_client
from aibuyer_kit.core.errors import SettingsError
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.example import CLIENT_ID, build_example


@pytest.fixture
def earlier(example_workspace: Path, tmp_path: Path) -> Path:
    """An example that was built before and may be changed."""
    return Path(shutil.copytree(example_workspace, tmp_path / "example"))


def test_a_second_demo_keeps_what_was_edited_in_the_clients_file(earlier: Path) -> None:
    """Name, locale, result and targets are the person's; the practice platform's address is new each time."""
    before = open_client(earlier, CLIENT_ID)
    path = before.folder / "client.toml"
    text = path.read_text(encoding="utf-8").replace('name = "Sample shop"', 'name = "My sample"')
    text = text.replace('locale = "en"', 'locale = "uk"').replace('window = "total"', 'window = "click_7d"')
    path.write_text(text.replace("cpa = 36.0", "cpa = 17.5"), encoding="utf-8")

    built = build_example(earlier)

    after = open_client(earlier, CLIENT_ID).settings
    assert (after.name, after.locale, after.result.window) == ("My sample", "uk", "click_7d")
    assert dict(after.targets) == {"cpa": 17.5, "roas": 2.0}
    (old,), (new,) = before.settings.accounts, after.accounts
    assert old.id == new.id
    assert old.graph_url != new.graph_url
    assert built.warehouse == built.platform


def test_a_clients_file_that_is_wrong_is_named_before_its_data_is_emptied(earlier: Path) -> None:
    """A typing mistake must not cost the figures."""
    context = open_client(earlier, CLIENT_ID)
    (context.folder / "client.toml").write_text("name = 5", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"client\.toml: name"):
        build_example(earlier)
    assert Reader(context.warehouse).freshness().load_id > 0


def test_an_example_that_an_earlier_state_of_this_version_built_is_not_read(example_workspace: Path) -> None:
    """Its tables may be others: the folder is named after what an example is made of, too."""
    assert re.fullmatch(rf"example-{re.escape(__version__)}-[0-9a-f]{{8}}", example_workspace.name)

"""Accounts are put into a client.toml without touching what a person wrote."""

import stat
from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import AccountSection, read_client_file
from aibuyer_kit.access.client_file_edit import put_accounts
from aibuyer_kit.core.errors import SettingsError

WRITTEN = """\
# our best customer, ask Olena before you change anything
name = "Sample"   # as on the invoices

[targets]
cpa = 25.0        # agreed in March

[[accounts]]      # the old one
id = "act_1"      # main
graph_url = "http://127.0.0.1:1"   # practice

[[accounts]]
# club
platform = "meta"
id = 'act_2'
"""
OURS = "http://127.0.0.1:99"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "client.toml"
    path.write_text(WRITTEN, encoding="utf-8")
    return path


def accounts(path: Path) -> list[tuple[str, str | None]]:
    return [(account.id, account.graph_url) for account in read_client_file(path).accounts]


def test_a_new_account_is_appended_and_every_line_stays(path: Path) -> None:
    """Comments, order and spaces are the person's own; so is the file's mode."""
    path.chmod(0o640)
    assert put_accounts(path, [AccountSection(id="act_3")]) == ("act_3",)
    assert path.read_text(encoding="utf-8").startswith(WRITTEN.rstrip())
    assert accounts(path) == [("act_1", "http://127.0.0.1:1"), ("act_2", None), ("act_3", None)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_accounts_that_are_there_already_change_nothing(path: Path) -> None:
    """Connecting again does not touch the file."""
    assert put_accounts(path, [AccountSection(id="act_2")]) == ()
    assert path.read_text(encoding="utf-8") == WRITTEN


def test_an_address_is_replaced_added_and_taken_away_in_its_own_section(path: Path) -> None:
    """The comments beside it stay."""
    put_accounts(path, [AccountSection(id="act_1", graph_url=OURS), AccountSection(id="act_2", graph_url=OURS)])
    assert accounts(path) == [("act_1", OURS), ("act_2", OURS)]
    text = path.read_text(encoding="utf-8")
    assert f'graph_url = "{OURS}"   # practice' in text
    assert "# club" in text
    put_accounts(path, [AccountSection(id="act_1")])
    assert accounts(path) == [("act_1", None), ("act_2", OURS)]
    assert "# main" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('name = "A"\naccounts = [{id = "act_1"}]\n', id="inline-list"),
        pytest.param('name = "A"\naccounts = []\n', id="empty-list"),
    ],
)
def test_a_file_that_cannot_be_extended_is_left_alone(path: Path, text: str) -> None:
    """The lines to add by hand are told, and no draft is left behind."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="by hand") as caught:
        put_accounts(path, [AccountSection(id="act_3", graph_url=OURS)])
    assert 'id = "act_3"' in str(caught.value)
    assert path.read_text(encoding="utf-8") == text
    assert [each.name for each in path.parent.iterdir()] == ["client.toml"]


def test_text_that_only_looks_like_a_section_is_not_taken_for_one(path: Path) -> None:
    """A name may hold anything; the result is read back before it counts."""
    path.write_text('name = "[[accounts]]"\n[[accounts]]\nid = "act_1"\n', encoding="utf-8")
    put_accounts(path, [AccountSection(id="act_1", graph_url=OURS)])
    assert accounts(path) == [("act_1", OURS)]
    assert read_client_file(path).name == "[[accounts]]"

"""Clients: ids that are harmless as folders, files that are strict, and no way from one client to another."""

from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import AccountSection, ClientFile, read_client_file
from aibuyer_kit.access.clients import add_client, client_ids, open_client
from aibuyer_kit.access.credentials import meta_access_token
from aibuyer_kit.access.ids import checked_id
from aibuyer_kit.core.errors import AuthorisationError, InputError, InvalidIdError, NotFoundError, SettingsError

BAD_IDS = [
    "", ".", "..", "../acme", "a/b", "a\\b", "/etc", "C:", "acme\x00", "acme\n", " acme", "Acme", "acme--two", "-acme",
    "acme-", "con", "com1",
    "nul", "lpt9", "aux", "аcme", "acme\u0301", "acmé", "acme\u202e", "a.b", "a" * 64, "a" * 300,
    "~", "%2e%2e", "acme ", "ａｃｍｅ",
]  # fmt: skip


@pytest.mark.parametrize("client_id", BAD_IDS, ids=ascii)
def test_an_unsafe_client_id_is_refused_and_makes_no_folder(tmp_path: Path, client_id: str) -> None:
    """Paths, devices, look-alike letters, combining marks, and anything too long."""
    with pytest.raises(InvalidIdError):
        add_client(tmp_path, client_id, ClientFile(name="Sample"))
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("client_id", ["acme", "acme-2", "0", "a" * 63])
def test_plain_ids_are_taken(client_id: str) -> None:
    """Letters, digits and single hyphens."""
    assert checked_id(client_id) == client_id


def test_a_client_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """A link could lead to another client, or out of the workspace."""
    add_client(tmp_path, "acme", ClientFile(name="Sample"))
    (tmp_path / "clients" / "other").symlink_to(tmp_path / "clients" / "acme")
    with pytest.raises(InvalidIdError, match="link"):
        open_client(tmp_path, "other")


def test_a_client_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Quotes, backslashes and other alphabets survive the file."""
    content = ClientFile(
        name='Приклад "sample" \\ shop',
        locale="uk",
        targets={"cpa": 12.5},
        accounts=(AccountSection(id="act_1", graph_url="http://127.0.0.1:99"),),
    )
    add_client(tmp_path, "acme", content)
    assert open_client(tmp_path, "acme").settings == content
    assert list(client_ids(tmp_path)) == ["acme"]


def test_a_client_is_not_added_twice(tmp_path: Path) -> None:
    """Its settings and data are not overwritten."""
    add_client(tmp_path, "acme", ClientFile(name="First"))
    with pytest.raises(InputError, match="there already"):
        add_client(tmp_path, "acme", ClientFile(name="Second"))
    assert open_client(tmp_path, "acme").settings.name == "First"


def test_an_unknown_client_is_told_which_ones_there_are(tmp_path: Path) -> None:
    """A typing mistake is mended without looking into folders."""
    add_client(tmp_path, "acme", ClientFile(name="Sample"))
    with pytest.raises(NotFoundError, match="Clients: acme"):
        open_client(tmp_path, "acne")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param('name = "A"\ncolour = "red"', "colour", id="unknown-key"),
        pytest.param("name = 5", "name", id="wrong-type"),
        pytest.param('name = "A"\n[targets]\ncpaa = 1.0', "cpaa", id="unknown-metric"),
        pytest.param('name = "A"\n[targets]\ncpa = nan', "targets.cpa", id="nan-target"),
        pytest.param('name = "A"\n[targets]\ncpa = -1.0', "targets.cpa", id="negative-target"),
        pytest.param('name = "A"\n[result]\nwindow = "3d"', "result.window", id="unknown-window"),
        pytest.param('name = "A"\n[[accounts]]\nid = "123"', "accounts.0.id", id="account-without-act"),
        pytest.param('name = "A"\n[[accounts]]\nid = "act_1"\ngraph_url = "http://example.com"', "https", id="http"),
        pytest.param('name = "two\\nlines"', "name", id="line-break-in-name"),
        pytest.param("name = ", "TOML", id="broken-toml"),
    ],
)
def test_a_wrong_client_file_names_the_file_and_the_key(tmp_path: Path, text: str, named: str) -> None:
    """A person who edits by hand is told where to look."""
    path = tmp_path / "client.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((SettingsError, InputError), match=named) as caught:
        read_client_file(path)
    assert str(path) in str(caught.value)


def test_a_token_is_found_under_the_clients_own_name_and_is_never_shown(tmp_path: Path) -> None:
    """One client's variable does not serve another, and printing the credentials prints stars."""
    acme = add_client(tmp_path, "acme-2", ClientFile(name="Sample"))
    other = add_client(tmp_path, "other", ClientFile(name="Sample"))
    environment = {"AIBUYER_ACME_2_META_ACCESS_TOKEN": "canary-token"}
    token = meta_access_token(acme, environment)
    assert token.get_secret_value() == "canary-token"
    assert "canary" not in repr(token)
    with pytest.raises(AuthorisationError, match="AIBUYER_OTHER_META_ACCESS_TOKEN"):
        meta_access_token(other, environment)

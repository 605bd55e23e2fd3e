"""Clients: ids that are harmless as folders, files that are strict, and no way from one client to another."""

from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import AccountSection, ClientFile, read_client_file
from aibuyer_kit.access.clients import add_client, client_ids, open_client
from aibuyer_kit.access.credentials import meta_access_token
from aibuyer_kit.access.ids import checked_id
from aibuyer_kit.access.rates_file import client_rates
from aibuyer_kit.access.result_sections import (
    MoneySection,
    NamingSection,
    ObjectiveSection,
    PatternSection,
    ResultSection,
)
from aibuyer_kit.core.errors import (
    AuthorisationError,
    InputError,
    InvalidIdError,
    NotFoundError,
    RateError,
    SettingsError,
)

FILE = ClientFile(name="Sample")
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


@pytest.mark.parametrize("name", ["client.toml", "warehouse"])
@pytest.mark.parametrize("target", ["../other", "../../../elsewhere"], ids=["another-client", "outside"])
def test_a_link_inside_a_client_that_leads_out_is_refused(tmp_path: Path, name: str, target: str) -> None:
    """One client's figures must not come from, or go into, another place; nothing is written over the link either."""
    workspace = tmp_path / "workspace"
    (tmp_path / "elsewhere").mkdir()
    for client_id in ("acme", "other"):
        add_client(workspace, client_id, ClientFile(name="Sample")).warehouse.mkdir()
    (tmp_path / "elsewhere" / "client.toml").write_text('name = "Stranger"', encoding="utf-8")
    (tmp_path / "elsewhere" / "warehouse").mkdir()
    inner = workspace / "clients" / "acme" / name
    inner.rename(inner.with_name("moved"))
    inner.symlink_to(Path(target) / name)
    for use in (lambda: open_client(workspace, "acme"), lambda: add_client(workspace, "acme", FILE, replace=True)):
        with pytest.raises(InvalidIdError, match=rf"acme/{name} is a link that leads out"):
            use()
    assert (tmp_path / "elsewhere" / "client.toml").read_text(encoding="utf-8") == 'name = "Stranger"'
    assert open_client(workspace, "other").settings.name == "Sample"


def test_a_link_that_stays_inside_the_client_is_taken(tmp_path: Path) -> None:
    """A warehouse that a person has moved within the folder is still the client's own."""
    context = add_client(tmp_path, "acme", FILE)
    (context.folder / "data").mkdir()
    context.warehouse.symlink_to("data")
    assert open_client(tmp_path, "acme").settings == FILE


def test_a_link_that_leads_to_itself_is_no_client(tmp_path: Path) -> None:
    """It is told as any other file that is not there."""
    (tmp_path / "clients" / "acme").mkdir(parents=True)
    (tmp_path / "clients" / "acme" / "client.toml").symlink_to("client.toml")
    with pytest.raises(NotFoundError, match="no client 'acme'"):
        open_client(tmp_path, "acme")


def test_a_folder_whose_name_is_no_id_is_not_a_client(tmp_path: Path) -> None:
    """A copy that a person made beside the real one does not stop the list."""
    acme = add_client(tmp_path, "acme", FILE)
    for name in ("acme copy", "Acme.bak", "nul"):
        (tmp_path / "clients" / name).mkdir()
        (tmp_path / "clients" / name / "client.toml").write_bytes((acme.folder / "client.toml").read_bytes())
    assert list(client_ids(tmp_path)) == ["acme"]


def test_a_client_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Quotes, backslashes and other alphabets survive the file."""
    content = ClientFile(
        name='Приклад "sample" \\ shop',
        locale="uk",
        result=ResultSection(window="click_7d", value_per_result=35.5, gross_margin=0.42),
        results={"OUTCOME_LEADS": ObjectiveSection(action_type="lead", value_per_result=12.0, targets={"cpa": 9.0})},
        targets={"cpa": 12.5},
        naming=NamingSection(
            separator=" | ", campaign=("market", "funnel"), ad=PatternSection(pattern=r"(?P<hook>\\w+)\"")
        ),
        money=MoneySection(currency="EUR", rates="rates.csv", longest_age_days=3),
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
        pytest.param('name = "A"\n[result]\nvalue_per_result = 0', "result.value_per_result", id="worth-nothing"),
        pytest.param('name = "A"\n[result]\ngross_margin = 42', "result.gross_margin.*1", id="margin-in-percent"),
        pytest.param('name = "A"\n[result]\ngross_margin = 0.1234567', "more than six", id="margin-too-fine"),
        pytest.param('name = "A"\n[result]\naction_type = ["purchase", "lead"]', "result.action_type", id="two-types"),
        pytest.param(
            'name = "A"\n[results.OUTCOME_LEADS]\nwindow = "total"', "OUTCOME_LEADS.action_type", id="no-type"
        ),
        pytest.param('name = "A"\n[results.leads]\naction_type = "lead"', "such as OUTCOME_LEADS", id="no-objective"),
        pytest.param(
            'name = "A"\n[results.OUTCOME_LEADS]\naction_type = "lead"\ntargets = { cpaa = 1.0 }',
            "OUTCOME_LEADS.targets.*Did you mean 'cpa'",
            id="target-of-an-objective",
        ),
        pytest.param('name = "A"\n[naming]\ncampaign = ["spend"]', "'spend' is a column", id="dimension-like-a-column"),
        pytest.param('name = "A"\n[naming]\ncampaign = ["a"]\nadset = ["a"]', "'a' stands twice", id="dimension-twice"),
        pytest.param('name = "A"\n[naming]\ncampaign = ["A b"]', "small letters", id="dimension-no-name"),
        pytest.param('name = "A"\n[naming]\nad = { pattern = "(a)" }', "no named group", id="no-groups"),
        pytest.param('name = "A"\n[money]\ncurrency = "EURO"', "money.currency", id="no-currency"),
        pytest.param(
            'name = "A"\n[money]\ncurrency = "EUR"\nrates = "../x.csv"', "not a file of this", id="rates-outside"
        ),
        pytest.param('name = "A"\n[[accounts]]\nid = "123"', "accounts.0.id", id="account-without-act"),
        pytest.param('name = "A"\n[[accounts]]\nid = "act_1"\ngraph_url = "http://example.com"', "https", id="http"),
        pytest.param(
            'name = "A"\n[[accounts]]\nid = "act_1"\ngraph_url = "https://u:canary@example.com"',
            r"accounts\.0\.graph_url: .*holds a user or a password",
            id="password-in-address",
        ),
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
    assert "canary" not in str(caught.value)


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


def test_a_window_may_be_written_as_the_platform_writes_it(tmp_path: Path) -> None:
    """People copy it from there."""
    path = tmp_path / "client.toml"
    path.write_text('name = "A"\n[result]\nwindow = "7d_click"', encoding="utf-8")
    assert read_client_file(path).result.window == "click_7d"


def test_a_file_of_rates_that_leads_out_of_the_client_is_refused(tmp_path: Path) -> None:
    """One client's settings do not read another's files."""
    acme = add_client(tmp_path, "acme", ClientFile(name="A", money=MoneySection(currency="EUR", rates="rates.csv")))
    (tmp_path / "elsewhere.csv").write_text("date,from,to,rate", encoding="utf-8")
    (acme.folder / "rates.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(RateError, match="leads out"):
        client_rates(acme)
    (acme.folder / "rates.csv").unlink()
    with pytest.raises(RateError, match=r"rates\.csv, the file of rates under \[money\], cannot be read"):
        client_rates(acme)

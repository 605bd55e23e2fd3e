"""The views without a browser: several clients, a client without data, and errors on the page."""

import shutil
from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.core.i18n import format_money
from aibuyer_kit.dashboards.views.panel_explorer import Explorer
from aibuyer_kit.dashboards.views.voila_overview import show
from aibuyer_kit.workspace import Workspace, open_workspace

HOSTILE = "Sample <script>alert(1)</script>"


@pytest.fixture
def workspace(example_workspace: Path, tmp_path: Path) -> Workspace:
    """The sample account beside two clients of one hostile name, in Ukrainian and without data."""
    folder = tmp_path / "workspace"
    shutil.copytree(example_workspace, folder)
    for client_id in ("empty-1", "empty-2"):
        add_client(folder, client_id, ClientFile(name=HOSTILE, locale="uk"))
    return open_workspace(folder)


def shown(explorer: Explorer) -> str:
    """Return all HTML on the page."""
    return "".join(str(pane.object) for pane in explorer.page.select() if hasattr(pane, "object"))


def labels(explorer: Explorer) -> dict[str, list[str]]:
    """Return the options of each select by its label."""
    return {each.label: list(each.options) for each in explorer.page.select() if hasattr(each, "options")}


def test_clients_of_one_name_are_told_apart(workspace: Workspace) -> None:
    """Each can be chosen."""
    explorer = Explorer(workspace, workspace.clients)
    assert labels(explorer)[CLIENT_LABEL["uk"]] == [f"{HOSTILE} (empty-1)", f"{HOSTILE} (empty-2)", "Sample shop"]


def test_a_client_without_data_says_what_to_do_and_leads_on_to_others(workspace: Workspace) -> None:
    """An error is a sentence on the page, and the next choice works."""
    explorer = Explorer(workspace, workspace.clients)
    assert "aibuyer sync" in shown(explorer)
    choose(explorer, CLIENT_LABEL["uk"], "sample-shop")
    spend = explorer.client.overview().totals["spend"]
    assert format_money(float(spend or 0), "EUR", "en") in shown(explorer)
    assert "aibuyer sync" not in shown(explorer)
    assert CLIENT_LABEL["en"] in labels(explorer)


def test_a_choice_of_a_metric_outside_the_tiles_gets_its_own_tile(workspace: Workspace) -> None:
    """What is asked for is seen as a figure, in the trend and in the table."""
    explorer = Explorer(workspace, ("sample-shop",))
    choose(explorer, "Metric", "cpm")
    html = shown(explorer)
    assert 'data-metric="cpm"' in html
    assert "Cost per 1,000 impressions per day" in html
    assert ">CPM</th>" in html


CLIENT_LABEL = {"en": "Client", "uk": "Клієнт"}


def choose(explorer: Explorer, label: str, value: object) -> None:
    (widget,) = (each for each in explorer.page.select() if getattr(each, "label", "") == label)
    widget.value = value


def test_the_clients_page_shows_an_error_as_a_sentence(workspace: Workspace) -> None:
    """A client never sees a traceback."""
    page = show(str(workspace.folder), "empty-1")
    html = "".join(str(child.value) for child in page.children if hasattr(child, "value"))
    assert "Не вдалося показати сторінку" in html
    assert "Traceback" not in html


def test_the_clients_page_of_no_client_shows_an_error_as_a_sentence(workspace: Workspace) -> None:
    """Several clients and none named: it is not for the page to choose one."""
    assert "has 3 clients" in str(show(str(workspace.folder)).value)

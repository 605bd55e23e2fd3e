"""The figures of a chosen view."""

from pathlib import Path

import pytest

from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.dashboards.figures import (
    known_moments,
    read_figures,
    served_client,
    served_clients,
    served_workspace,
)
from aibuyer_kit.dashboards.state import ViewState
from aibuyer_kit.workflows.workspaces import init_workspace
from aibuyer_kit.workspace import Client, open_workspace

CLIENT = "sample-shop"


@pytest.fixture
def shop(example_workspace: Path) -> Client:
    return open_workspace(example_workspace).client(CLIENT)


@pytest.mark.parametrize("level", ["campaign", "adset", "ad"])
def test_every_level_adds_up_to_the_totals(shop: Client, level: str) -> None:
    """The same money, cut finer."""
    figures = read_figures(shop, ViewState(CLIENT, level=level, days=7))
    for name in ("spend", "clicks", "profit"):
        total = sum(values[name] or 0 for _, values in figures.rows)
        assert total == pytest.approx(figures.overview.totals[name])
    for each in figures.overview.by_result:
        found = sum(row.values["results"] or 0 for row in figures.entities if row.kind == each.kind)
        assert found == each.totals["results"]


def test_campaigns_are_those_of_the_overview(shop: Client) -> None:
    """One figure, one value, wherever it is shown."""
    figures = read_figures(shop, ViewState(CLIENT, days=7))
    assert dict(figures.rows) == {row.name: dict(row.values) for row in figures.overview.campaigns}


def test_rows_are_sorted_by_the_chosen_metric_with_the_unknown_last(shop: Client) -> None:
    """What is asked for comes first."""
    figures = read_figures(shop, ViewState(CLIENT, metric="cpa", level="ad"))
    shown = [values["cpa"] for _, values in figures.rows]
    known = [value for value in shown if value is not None]
    assert known == sorted(known, reverse=True)
    assert shown[: len(known)] == known


def test_a_search_narrows_the_rows_and_not_the_totals(shop: Client) -> None:
    """The tiles speak of the whole account."""
    every, some = (read_figures(shop, ViewState(CLIENT, search=text)) for text in ("", "prosPECT"))
    assert [name for name, _ in some.rows] == ["Sample Prospecting"]
    assert some.overview.totals == every.overview.totals


def test_an_earlier_moment_shows_what_was_known_then(shop: Client) -> None:
    """Each moment is offered once, newest first, and reads its own figures."""
    moments = known_moments(shop)
    assert [load for _, load in moments] == sorted((load for _, load in moments), reverse=True)
    assert moments[0][1] == shop.freshness().load_id

    _, earlier = moments[-1]
    assert read_figures(shop, ViewState(CLIENT, as_of=earlier)).overview.load_id == earlier


def test_what_is_served_comes_from_the_environment(example_workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A named client is the only one that can be chosen."""
    monkeypatch.setenv("AIBUYER_WORKSPACE", str(example_workspace))
    monkeypatch.setenv("AIBUYER_CLIENT", CLIENT)
    workspace = served_workspace()

    assert workspace.folder == example_workspace
    assert served_clients(workspace) == (CLIENT,)
    assert served_client().id == CLIENT
    with pytest.raises(NotFoundError, match="no client 'other'"):
        served_clients(workspace, "other")


def test_a_workspace_without_clients_is_told(tmp_path: Path) -> None:
    """A fresh workspace opens no empty page."""
    workspace = open_workspace(init_workspace(tmp_path / "fresh"))
    with pytest.raises(NotFoundError, match="has no clients yet"):
        served_clients(workspace)

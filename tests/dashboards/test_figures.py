"""The figures of a chosen view."""

from pathlib import Path

import pandas as pd
import pytest

from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.dashboards.figures import (
    entity_totals,
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


def rows(*days: tuple[float | None, int | None, float | None], name: str = "Sample") -> pd.DataFrame:
    """Return insights of one entity, one row per day: spend, results, revenue."""
    frame = pd.DataFrame(days, columns=["spend", "results", "revenue"]).convert_dtypes()
    return frame.assign(
        platform="meta", account_id="act_1", entity_id="1", name=name, impressions=1000, clicks=10, link_clicks=5
    )


def test_totals_are_exact_and_ratios_come_from_sums() -> None:
    """Ten times 0.1 is 1.0, and a cost per result is not the mean of daily costs."""
    ((name, values),) = entity_totals(rows(*[(0.1, 0, 0.0)] * 9, (0.1, 4, 2.0)))
    assert (name, values["spend"], values["results"], values["cpa"], values["roas"]) == ("Sample", 1.0, 4, 0.25, 2.0)


def test_a_ratio_leaves_out_days_that_know_only_one_side() -> None:
    """Spend of a day without reported results would make each result look dearer."""
    ((_, values),) = entity_totals(rows((10.0, 2, None), (30.0, None, None)))
    assert (values["spend"], values["results"], values["cpa"]) == (40.0, 2, 5.0)
    assert (values["revenue"], values["roas"]) == (None, None)


def test_an_entity_without_a_name_goes_by_its_id() -> None:
    """No row is anonymous."""
    assert [name for name, _ in entity_totals(rows((1.0, 1, 1.0)).assign(name=None))] == ["1"]


@pytest.mark.parametrize("level", ["campaign", "adset", "ad"])
def test_every_level_adds_up_to_the_totals(shop: Client, level: str) -> None:
    """The same money, cut finer."""
    figures = read_figures(shop, ViewState(CLIENT, level=level, days=7))
    for name in ("spend", "clicks", "results"):
        total = sum(values[name] or 0 for _, values in figures.rows)
        assert total == pytest.approx(figures.overview.totals[name])


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

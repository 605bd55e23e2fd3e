"""`aibuyer insights` over the sample account: figures broken down, and people of a window."""

import json
import subprocess
from pathlib import Path

import pytest

from aibuyer_kit.core.errors import AibuyerError, LeftOutWarning
from aibuyer_kit.workflows.insights import read_insights
from aibuyer_kit.workflows.workspaces import only_client
from aibuyer_kit.workspace import Client, open_workspace
from tests.aibuyer import aibuyer


@pytest.fixture
def shop(example_workspace: Path) -> Client:
    return open_workspace(example_workspace).client("sample-shop")


def insights(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return aibuyer("insights", "-w", str(folder), *arguments)


@pytest.mark.parametrize(
    ("breakdown", "columns"),
    [
        ("age,gender", ["age", "gender"]),
        ("country", ["country"]),
        ("placement", ["publisher_platform", "platform_position"]),
        ("hour", ["hour"]),
    ],
)
def test_what_was_loaded_broken_down_is_shown_and_adds_up(
    shop: Client, example_workspace: Path, breakdown: str, columns: list[str]
) -> None:
    """Parts of a day sum to the day."""
    context = only_client(example_workspace, "sample-shop")
    rows = read_insights(context, "account", ["spend"], days=7, breakdown=breakdown)
    assert list(rows[0]) == ["date", "entity_id", "name", *columns, "currency", "spend"]
    assert sum(row["spend"] for row in rows) == pytest.approx(shop.insights("account", days=7)["spend"].sum())


def test_days_that_were_not_loaded_broken_down_are_told(example_workspace: Path) -> None:
    """A sum over them would be short without a word."""
    context = only_client(example_workspace, "sample-shop")
    with pytest.warns(LeftOutWarning, match="By country, only 2026-05-04 to"):
        read_insights(context, "campaign", ["spend"], days=60, breakdown="country")


@pytest.mark.parametrize("days", [1, 7, 28])
def test_people_of_a_window_are_those_that_the_platform_counted(
    example_workspace: Path, shop: Client, days: int
) -> None:
    """One row per campaign, for exactly the window that was asked for."""
    done = insights(example_workspace, "--metrics", "reach,frequency", "--days", str(days), "--json")
    counted = shop.reach(window_days=days)
    rows = json.loads(done.stdout)
    assert [row["reach"] for row in rows] == counted["reach"].tolist()
    assert [row["frequency"] for row in rows] == counted["frequency"].tolist()
    assert {row["date_stop"] for row in rows} == {"2026-06-02"}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"metrics": ["reach"], "days": 5}, "windows of 1, 7 or 28 days, and 2026-05-29 to 2026-06-02 has 5"),
        ({"metrics": ["reach"], "since": "2026-04-01", "until": "2026-04-07"}, "that end on 2026-05-31 to 2026-06-02"),
        ({"metrics": ["reach", "spend"], "days": 7}, "spend to single days"),
        ({"metrics": ["frequency"], "days": 7, "breakdown": "country"}, "are not held by country"),
        ({"metrics": ["spend"], "breakdown": "region"}, "Loaded: age, gender; country; hour;"),
    ],
)
def test_what_is_not_held_is_refused_with_what_is(example_workspace: Path, asked: dict[str, object], why: str) -> None:
    """People are not added up over other ranges."""
    with pytest.raises(AibuyerError, match=why):
        read_insights(only_client(example_workspace, "sample-shop"), "campaign", **asked)  # type: ignore[arg-type]


def test_what_still_arrives_is_one_line_beside_the_figures(example_workspace: Path, shop: Client) -> None:
    """The sentence of the pages, on stderr; the figures and the exit code stay as they are."""
    asked = ("--days", "3", "--metrics", "spend,cpa", "--json")
    done = insights(example_workspace, *asked)
    (line,) = done.stderr.splitlines()
    assert line.removeprefix("note: ") in repr(shop.overview(days=3))
    assert (done.returncode, len(json.loads(done.stdout))) == (0, len(shop.insights(days=3)))
    assert insights(example_workspace, *asked[:3], "spend,ctr").stderr == ""


def test_a_total_is_one_row_per_entity_with_ratios_of_sums(example_workspace: Path, shop: Client) -> None:
    """Each campaign over seven days, the largest spend first; the cost per result is not a mean of days."""
    done = insights(example_workspace, "--days", "7", "--total", "--metrics", "spend,results,cpa", "--json")
    rows, days = json.loads(done.stdout), shop.insights(days=7)
    by_day = days.groupby("entity_id")[["spend", "results"]].sum()
    assert [row["spend"] for row in rows] == pytest.approx(sorted(by_day["spend"], reverse=True))
    assert len(rows) == len(by_day)
    for row in rows:
        own = by_day.loc[row["entity_id"]]
        assert (row["date"], row["date_stop"]) == ("2026-05-27", "2026-06-02")
        assert (row["results"], row["cpa"]) == (own["results"], pytest.approx(own["spend"] / own["results"]))
    assert {row["result_type"] for row in rows} == {"purchase", "lead"}


def test_a_period_without_its_end_goes_until_yesterday_and_says_so(example_workspace: Path) -> None:
    """By the account's own calendar; an end without a beginning is still refused."""
    done = insights(example_workspace, "--since", "2026-05-31", "--total", "--metrics", "spend", "--json")
    assert {row["date_stop"] for row in json.loads(done.stdout)} == {"2026-06-02"}
    assert done.stderr == "note: No last day was given: the period ends on 2026-06-02.\n"
    refused = insights(example_workspace, "--until", "2026-05-31")
    assert (refused.returncode, refused.stderr) == (2, "error: Give both ends of the period: since and until.\n")

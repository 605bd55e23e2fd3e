"""Creatives and audiences of the example account, ranked from its warehouse by the client, the command and the page."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aibuyer_kit.cli import app
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.workspace import Client, open_workspace

from .counting import Campaign, load, write_client


@pytest.fixture(scope="module")
def client(example_workspace: Path) -> Client:
    return open_workspace(example_workspace).client("sample-shop")


def test_creatives_are_ranked_by_what_a_person_reads_of_them(client: Client) -> None:
    """Counts and spend are those of the ads; only what brings purchases takes part, and that is said."""
    found = client.rank_creatives("cpa", days=28)
    assert sum(each.probability_best for each in found.ranked) == pytest.approx(1)
    ads = client.insights("ad", days=28)
    bought = ads[ads["result_type"] == "purchase"]
    assert sum(each.spend for each in found.ranked) == pytest.approx(bought["spend"].sum())
    assert sum(each.count for each in found.ranked) == bought["results"].sum()
    assert {each.name for each in found.ranked} <= set(client.creatives()["name"])
    assert found.ranking.evidence.notes == ("other_kinds",)
    assert "cannot tell yet" in repr(found) or "the best" in repr(found)


def test_without_a_metric_the_return_counts(client: Client) -> None:
    """Values are reported, so that they count; clicks can be ranked over all kinds of results."""
    assert client.rank_creatives(days=28).ranking.evidence.metric == "roas"
    clicks = client.rank_creatives("ctr", days=28)
    assert len(clicks.ranked) > len(client.rank_creatives("cpa", days=28).ranked)


def test_creatives_are_compared_within_their_ad_sets(client: Client) -> None:
    """Each pool is an ad set by its name, whose shares add up to 1."""
    found = client.rank_creatives("ctr", within="group", days=28)
    assert {each.pool for each in found.ranked} == set(client.insights("adset", days=28)["name"])
    assert sum(each.share for each in found.ranked) == pytest.approx(len({each.pool for each in found.ranked}))


def test_audiences_that_reach_the_same_people_are_told(client: Client) -> None:
    """By the platform's own counts of campaigns and of their ad sets."""
    found = client.rank_audiences(days=28)
    assert found.overlaps
    for each in found.overlaps:
        assert 0.05 <= each.share < 1
        assert each.name in repr(found)
    assert client.rank_audiences("country", days=28).overlaps == (), "nobody is in two countries"


def test_parts_add_up_to_the_whole(client: Client) -> None:
    """Spend by age and gender, by country and by place is that of the ad sets, where it was broken down."""
    whole = sum(each.spend for each in client.rank_audiences("adset", "cpa", days=7).ranked)
    for by in ("age_gender", "country", "placement"):
        found = client.rank_audiences(by, "cpa", days=7)
        assert sum(each.spend for each in found.ranked) == pytest.approx(whole, rel=1e-6), by
    assert "places_share_people" in found.ranking.evidence.notes


def test_where_nothing_works_better_nothing_is_the_best(client: Client) -> None:
    """In the practice market ages and countries work alike: none of them is named."""
    assert client.rank_audiences("country", "cpa", days=28).ranking.winners == ()
    assert client.rank_audiences("age_gender", "cpa", days=28).ranking.winners == ()


def test_commands_print_the_same(example_workspace: Path, client: Client) -> None:
    """As a table and as rows."""
    ranked = CliRunner().invoke(app, ["creatives", "--metric", "cpa", "-w", str(example_workspace), "--json"])
    rows = json.loads(ranked.stdout)
    assert [row["id"] for row in rows] == [each.id for each in client.rank_creatives("cpa").ranked]
    words = ["audiences", "--by", "placement", "--days", "7", "-w", str(example_workspace)]
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0
    assert "Suggested share" in shown.stdout


def test_people_of_whom_nothing_is_known_are_told_and_get_no_share(client: Client) -> None:
    """Whoever has no known gender cannot be aimed at; the others share all of it."""
    found = client.rank_audiences("age_gender", days=28)
    unknown = [each for each in found.ranked if "unknown" in each.name]
    assert unknown
    assert {(each.share, each.verdict) for each in unknown} == {(0.0, "not_aimed")}
    assert sum(each.share for each in found.ranked) == pytest.approx(1)
    assert "cannot be chosen: whom it holds is unknown" in repr(found)


def test_a_terminal_can_show_all_of_a_long_ranking(example_workspace: Path, client: Client) -> None:
    """The text says how, and the page has no more than the first."""
    found = client.rank_creatives("ctr", days=28)
    assert len(found.ranked) > 30
    assert "--all" in repr(found)
    command = ["creatives", "--metric", "ctr", "--days", "28", "--all", "-w", str(example_workspace)]
    told = CliRunner().invoke(app, command).stdout
    assert "not shown" not in told
    assert all(each.name in told for each in found.ranked)


def test_what_cannot_be_ranked_is_refused(client: Client, tmp_path: Path) -> None:
    """With what there is instead."""
    with pytest.raises(InputError, match="Known: adset, age_gender"):
        client.rank_audiences("hair")
    with pytest.raises(InputError, match="cannot be ranked by 'reach'"):
        client.rank_creatives("reach")
    quiet = load(write_client(tmp_path), Campaign("1", "OUTCOME_SALES", days=("2026-06-08", "2026-06-09")))
    with pytest.raises(NotFoundError, match="No figures are loaded by country"):
        quiet.rank_audiences("country", "ctr", since="2026-06-08", until="2026-06-09")
    with pytest.raises(NotFoundError, match="Nothing is known"):
        quiet.rank_creatives("ctr", since="2025-06-08", until="2025-06-09")
    alone = quiet.rank_creatives("ctr", since="2026-06-08", until="2026-06-09")
    assert [each.verdict for each in alone.ranked] == ["alone"], "an ad of whose creative nothing is known"

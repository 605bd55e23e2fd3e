"""Daily insights through the unmodified SDK."""

import json
from collections import Counter
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adset import AdSet
from facebook_business.api import FacebookAdsApi

from aibuyer_kit.sandbox.serve import RunningSandbox, start

WINDOWS = ["1d_click", "7d_click", "28d_click", "1d_view"]
WEEK = {"since": "2026-05-20", "until": "2026-05-26"}
HISTORY = {"since": "2026-04-02", "until": "2026-06-01"}


def rows(account: AdAccount, fields: list[str], **params: object) -> list[dict[str, Any]]:
    given = {"time_range": WEEK, "level": "ad", "time_increment": 1, "limit": 500, **params}
    return [row.export_all_data() for row in account.get_insights(fields=fields, params=given)]


def test_paging_by_seven_gives_every_row_once(account: AdAccount) -> None:
    """The SDK's own cursor reads the same rows in pages of 7 as in one page."""
    fields = ["ad_id", "spend", "impressions", "actions"]
    by_seven, at_once = rows(account, fields, limit=7), rows(account, fields)

    assert len(at_once) == 7 * 40 - 1  # one ad is idle on every fifth day
    assert by_seven == at_once
    assert {1} == set(Counter((row["ad_id"], row["date_start"]) for row in at_once).values())


def test_a_page_does_not_shift_when_time_passes_between_pages(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """Cursors name the last row, so a new day of rows in the midst neither doubles nor drops one."""
    params = {"level": "ad", "time_increment": "1", "limit": "50", "fields": "ad_id"}
    params["time_range"] = '{"since":"2026-05-30","until":"2026-06-05"}'
    seen: list[tuple[str, str]] = []
    more = True
    while more:
        page = graph.get(f"{sandbox.account_id}/insights", params=params).json()
        seen += [(row["ad_id"], row["date_start"]) for row in page["data"]]
        params["after"] = page["paging"]["cursors"]["after"]
        more = "next" in page["paging"]
        sandbox.advance(86_400)
    before = {(ad.id, day) for ad in sandbox.market.account.ads for day in ("2026-05-31", "2026-06-01")}

    assert len(seen) == len(set(seen))
    assert len(before - set(seen)) <= 1  # one ad has a day without delivery


def test_metrics_are_texts_and_ratios_have_six_decimals(account: AdAccount) -> None:
    """cpc, cpm and ctr follow from the row's own sums, without trailing zeros."""
    for row in rows(account, ["spend", "impressions", "clicks", "cpc", "cpm", "ctr", "reach", "inline_link_clicks"]):
        spend, clicks, impressions = float(row["spend"]), int(row["clicks"]), int(row["impressions"])

        assert all(isinstance(value, str) for value in row.values())
        assert float(row["cpc"]) == pytest.approx(spend / clicks, abs=6e-7)
        assert float(row["cpm"]) == pytest.approx(1000 * spend / impressions, abs=6e-7)
        assert float(row["ctr"]) == pytest.approx(100 * clicks / impressions, abs=6e-7)
        assert not any(row[name].endswith("0") and "." in row[name] for name in ("cpc", "cpm", "ctr"))
        assert int(row["inline_link_clicks"]) <= clicks
        assert int(row["reach"]) <= impressions
        assert row["date_start"] == row["date_stop"]


def test_actions_carry_the_windows_asked_for(account: AdAccount) -> None:
    """The default is always there as `value`; other windows only if asked for and not empty."""
    plain = rows(account, ["actions"], action_attribution_windows=["default"])
    windowed = rows(account, ["actions", "action_values"], action_attribution_windows=WINDOWS)
    keys = {key for row in windowed for action in row["actions"] for key in action}
    values = [value["value"] for row in windowed for value in row.get("action_values", [])]

    assert {"action_type", "value"} == {key for row in plain for action in row["actions"] for key in action}
    assert {"action_type", "value", *WINDOWS} == keys
    assert not any(text == "0" for row in windowed for action in row["actions"] for text in action.values())
    assert all(len(text.partition(".")[2]) == 2 for text in values)


def test_ads_add_up_to_every_level_above(account: AdAccount) -> None:
    """Spend, impressions and purchases of ads are those of ad sets, campaigns and the account."""

    def sums(level: str) -> tuple[int, int, int]:
        found = rows(account, ["spend", "impressions", "actions"], level=level, time_increment="all_days")
        bought = (int(a["value"]) for row in found for a in row["actions"] if a["action_type"] == "purchase")
        spend_cents = sum(round(float(row["spend"]) * 100) for row in found)
        return spend_cents, sum(int(row["impressions"]) for row in found), sum(bought)

    assert len({sums(level) for level in ("ad", "adset", "campaign", "account")}) == 1
    assert sums("account")[0] == 7 * 1605 * 100


def test_a_row_names_what_it_lies_in(sandbox: RunningSandbox, account: AdAccount) -> None:
    """An ad set's row knows its campaign and no ad."""
    fields = ["account_id", "campaign_name", "adset_id", "adset_name", "ad_id", "objective", "account_currency"]
    row = rows(account, fields, level="adset")[0]
    adset = sandbox.market.account.adsets[0]

    assert row == {
        "account_id": sandbox.account_id[4:],
        "account_currency": "EUR",
        "campaign_name": "Sample Prospecting",
        "adset_id": adset.id,
        "adset_name": adset.name,
        "objective": "OUTCOME_SALES",
        "date_start": "2026-05-20",
        "date_stop": "2026-05-20",
    }


@pytest.mark.parametrize(
    ("increment", "ranges"),
    [
        ("all_days", [("2026-05-20", "2026-05-26")]),
        (3, [("2026-05-20", "2026-05-22"), ("2026-05-23", "2026-05-25"), ("2026-05-26", "2026-05-26")]),
    ],
)
def test_a_period_is_cut_by_the_increment(account: AdAccount, increment: object, ranges: list[tuple[str, str]]) -> None:
    """The last piece ends with the period, and no piece's reach is a sum of days."""
    found = rows(account, ["reach"], level="account", time_increment=increment)

    assert ranges == [(row["date_start"], row["date_stop"]) for row in found]


def test_an_ad_set_has_its_own_insights(account: AdAccount, api: FacebookAdsApi) -> None:
    """Without `level` a node answers at its own."""
    adset = next(iter(account.get_ad_sets()))
    params = {"time_range": WEEK}
    found = list(AdSet(adset["id"], api=api).get_insights(fields=["adset_id", "spend"], params=params))

    assert [(adset["id"], "840.00")] == [(row["adset_id"], row["spend"]) for row in found]


def test_an_ad_without_delivery_has_no_row(account: AdAccount) -> None:
    """Fewer rows than ads times days: a paused set and an idle ad leave gaps."""
    found = rows(account, ["ad_id", "impressions"], time_range={"since": "2026-04-25", "until": "2026-04-25"})

    assert len(found) == 38
    assert all(int(row["impressions"]) > 0 for row in found)


def test_a_conversion_is_restated_at_a_later_time(sandbox: RunningSandbox, account: AdAccount) -> None:
    """The same ads and days have more purchases, and the same spend, four weeks later."""

    def week() -> tuple[str, int]:
        (row,) = rows(account, ["spend", "actions"], level="account", time_increment="all_days")
        return row["spend"], next(int(a["value"]) for a in row["actions"] if a["action_type"] == "purchase")

    early = week()
    sandbox.advance(28 * 86_400)
    late = week()

    assert early[0] == late[0]
    assert early[1] < late[1]


def test_two_platforms_of_one_seed_answer_byte_for_byte_alike(http: httpx.Client) -> None:
    """Bodies and headers, errors included."""
    with start(seed=5) as one, start(seed=5) as other:
        answers = [
            [
                http.get(f"{sandbox.graph_url}/v26.0/{path}", params={"access_token": sandbox.access_token, **params})
                for path, params in (
                    (f"{sandbox.account_id}/insights", {"level": "ad", "fields": "actions,spend", "limit": "500"}),
                    (f"{sandbox.account_id}/", {"fields": "name,amount_spent"}),
                    ("0/", {}),
                )
            ]
            for sandbox in (one, other)
        ]

    assert [(a.content, a.headers) for a in answers[0]] == [(a.content, a.headers) for a in answers[1]]


def test_a_page_of_500_rows_takes_a_fraction_of_a_second(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """Two months of forty ads with all actions and windows."""
    params = {
        "level": "ad",
        "time_increment": "1",
        "limit": "500",
        "time_range": json.dumps(HISTORY),
        "fields": "ad_id,spend,impressions,clicks,reach,actions,action_values",
        "action_attribution_windows": ",".join(WINDOWS),
    }
    page = graph.get(f"{sandbox.account_id}/insights", params=params).json()

    assert len(page["data"]) == 500


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"fields": "spend,roas"}, 100),
        ({"level": "creative"}, 100),
        ({"time_increment": "0"}, 100),
        ({"time_increment": "weekly"}, 100),
        ({"time_range": "2026-05-20"}, 100),
        ({"time_range": '{"since":"2026-05-20"}'}, 100),
        ({"time_range": '{"since":"2026-05-21","until":"2026-05-20"}'}, 100),
        ({"time_range": '{"since":"2022-05-21","until":"2026-05-20"}'}, 3018),
        ({"time_range": '{"since":"2026-05-21","until":"2096-05-20"}'}, 100),
        ({"date_preset": "last_leap_year"}, 100),
        ({"action_attribution_windows": "7d_view"}, 100),
        ({"action_report_time": "conversion"}, 100),
        ({"breakdowns": "frequency_value"}, 100),
        ({"breakdowns[]": "dma"}, 100),
        ({"breakdowns": "age,country"}, 100),
        ({"fields": "age", "breakdowns": "age"}, 100),
        ({"filtering": '[{"field":"ad.effective_status","operator":"IN","value":["SLEEPING"]}]'}, 100),
        ({"filtering": '[{"field":"impressions","operator":"ABOVE","value":0}]'}, 100),
    ],
)
def test_what_is_wrong_or_not_imitated_is_refused(
    sandbox: RunningSandbox, graph: httpx.Client, params: dict[str, str], code: int
) -> None:
    """An answer that quietly left something out would be a wrong one."""
    answer = graph.get(f"{sandbox.account_id}/insights", params=params)

    assert (400, code) == (answer.status_code, answer.json()["error"]["code"])


@pytest.mark.parametrize(
    ("preset", "since", "until"),
    [
        ("today", "2026-06-01", "2026-06-01"),
        ("yesterday", "2026-05-31", "2026-05-31"),
        ("last_7d", "2026-05-25", "2026-05-31"),
        ("maximum", "2026-04-02", "2026-06-01"),
    ],
)
def test_presets_are_days_of_the_account(account: AdAccount, preset: str, since: str, until: str) -> None:
    """`last_7d` ends yesterday."""
    found = list(account.get_insights(fields=["spend"], params={"date_preset": preset}))

    assert [(since, until)] == [(row["date_start"], row["date_stop"]) for row in found]


def test_rows_can_be_asked_for_in_the_order_of_a_metric(account: AdAccount) -> None:
    """Across pages, and the other way round."""
    asked = {"level": "ad", "date_preset": "last_7d", "limit": 9}
    first, last = (
        [row["spend"] for row in account.get_insights(fields=["spend"], params={**asked, "sort": [order]})]
        for order in ("spend_descending", "spend_ascending")
    )

    assert len(first) == 40
    assert first == sorted(first, key=float, reverse=True)
    assert last == sorted(last, key=float)


def test_pages_can_be_read_backwards(sandbox: RunningSandbox, graph: httpx.Client) -> None:
    """From the last page by `previous` to the first, which has none; rows stay in their order."""
    params = {"level": "ad", "time_increment": "1", "limit": "7", "date_preset": "last_3d", "fields": "ad_id"}
    pages = [graph.get(f"{sandbox.account_id}/insights", params={**params, "breakdowns": "gender"}).json()]
    while "next" in pages[-1]["paging"]:
        pages.append(graph.get(pages[-1]["paging"]["next"]).json())
    back = [pages[-1]]
    while "previous" in back[-1]["paging"]:
        back.append(graph.get(back[-1]["paging"]["previous"]).json())
    again = [row for page in reversed(back) for row in page["data"]]

    assert len(pages) > 40
    assert again == [row for page in pages for row in page["data"]]
    assert all("next" in page["paging"] for page in back[1:])


def test_a_summary_is_about_the_whole(account: AdAccount) -> None:
    """Its spend is the sum of all rows, whatever page it comes with; its people are counted once."""
    asked = {"level": "ad", "date_preset": "last_7d", "limit": 500, "default_summary": True}
    cursor = account.get_insights(fields=["spend", "reach"], params=asked)
    found = list(cursor)
    summary = cursor._summary

    assert round(100 * float(summary["spend"])) == sum(round(100 * float(row["spend"])) for row in found)
    assert int(summary["reach"]) < sum(int(row["reach"]) for row in found)


def test_a_field_that_is_not_imitated_is_absent(account: AdAccount) -> None:
    """A client may ask for everything that the platform knows; a name that it does not know is an error."""
    fields = ["spend", "video_p25_watched_actions", "quality_ranking", "outbound_clicks", "website_ctr"]
    (row,) = account.get_insights(fields=fields, params={"date_preset": "yesterday"})
    clicks = {one["action_type"]: int(one["value"]) for one in row["outbound_clicks"]}

    assert set(row.export_all_data()) == {"spend", "outbound_clicks", "website_ctr", "date_start", "date_stop"}
    assert clicks["outbound_click"] > 0
    assert [one["action_type"] for one in row["website_ctr"]] == ["link_click"]

"""Reading: sums that are right, unknowns that stay unknown, and the past as it was known."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InconsistentReadError, LeftOutWarning, NotFoundError, PeriodError, WarehouseError
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.cursor import Cursor
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.whole import open_whole
from aibuyer_kit.warehouse.write import Writer, open_writer

from .rows import DAYS, NOON, action, at_noon, coverage, entity_page, insight, insight_page

PURCHASES = ResultSetting("purchase")
DAY = DateRange(DAYS.since, DAYS.since)


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Reader]:
    def load(*rows: dict[str, object], days: DateRange = DAYS, level: Level = Level.AD) -> Reader:
        with open_writer(tmp_path) as writer:
            writer.load(coverage(days, level=level), [insight_page(rows)], known_at=at_noon)
        return Reader(tmp_path)

    return load


def only(reader: Reader, level: Level, days: DateRange = DAYS, **more: object) -> dict[str, object]:
    (row,) = reader.insights(level, days, result=PURCHASES, **more).rows()  # type: ignore[arg-type]
    return row


def test_measures_are_summed_and_ratios_divided_once(loaded: Callable[..., Reader]) -> None:
    """Two ads of one campaign; the expected figures are worked out by hand."""
    reader = loaded(
        insight("a", spend_micros=30_000_000, impressions=1000, clicks=10, actions=[action("purchase", 3)],
                action_values=[action("purchase", 90_000_000)]),
        insight("b", spend_micros=10_500_000, impressions=3000, clicks=30, actions=[action("purchase", 1)],
                action_values=[action("purchase", 31_500_000)]),
    )  # fmt: skip
    row = only(reader, Level.CAMPAIGN)
    expected = {
        "entity_id": "c-1",
        "spend": 40.5,
        "impressions": 4000,
        "clicks": 40,
        "results": 4,
        "revenue": 121.5,
        "ctr": 0.01,
        "cpc": 1.0125,
        "cpm": 10.125,
        "cvr": 0.1,
        "cpa": 10.125,
        "roas": 3.0,
        "value_per_result": 30.375,
    }
    assert {name: row[name] for name in expected} == expected


def test_only_the_clients_own_action_type_and_window_counts(loaded: Callable[..., Reader]) -> None:
    """purchase and omni_purchase are one event seen twice: adding them up would double every result."""
    reader = loaded(insight(actions=[action("omni_purchase", 5), action("purchase", 5, click_1d=2, view_1d=1)]))
    assert only(reader, Level.AD)["results"] == 5
    one_day = reader.insights(Level.AD, DAYS, result=ResultSetting("purchase", "click_1d")).rows()
    assert [row["results"] for row in one_day] == [2]


def test_none_reported_is_zero_results_and_not_reported_is_unknown(loaded: Callable[..., Reader]) -> None:
    """An empty list of actions was asked for and came back empty; null was never there."""
    reader = loaded(insight("asked", actions=[]), insight("silent", actions=None, campaign_id="c-2"))
    rows = reader.insights(Level.CAMPAIGN, DAYS, result=PURCHASES).rows()
    assert {row["entity_id"]: (row["results"], row["cpa"]) for row in rows} == {"c-1": (0, None), "c-2": (None, None)}


def test_a_result_that_is_named_without_a_number_is_unknown(loaded: Callable[..., Reader]) -> None:
    """A file's empty cell says neither none nor some; the same action without one window has none in that window."""
    reader = loaded(insight(actions=[action("purchase", None)]))
    assert only(reader, Level.AD)["results"] is None
    reader = loaded(insight(actions=[action("purchase", 2, click_7d=2)]))
    one_day = reader.insights(Level.AD, DAYS, result=ResultSetting("purchase", "click_1d")).rows()
    assert [row["results"] for row in one_day] == [0]


def test_a_sum_with_an_unknown_part_is_unknown(loaded: Callable[..., Reader]) -> None:
    """Half of the clicks is not the clicks."""
    reader = loaded(insight("a", clicks=10), insight("b", clicks=None))
    assert only(reader, Level.CAMPAIGN)["clicks"] is None
    assert only(reader, Level.CAMPAIGN)["impressions"] == 2000


def test_reach_is_never_added_up(loaded: Callable[..., Reader]) -> None:
    """One ad's reach of one day is an answer; people reached by two ads may be the same people."""
    reader = loaded(insight("a", reach=700), insight("b", reach=600))
    assert [row["reach"] for row in reader.insights(Level.AD, DAYS, result=PURCHASES).rows()] == [700, 600]
    assert only(reader, Level.ADSET)["reach"] is None


def test_only_the_finest_level_of_a_day_is_summed(loaded: Callable[..., Reader]) -> None:
    """A campaign's own row beside the rows of its ads must not double the spend."""
    loaded(insight("a"), insight("b"))
    reader = loaded(insight("c-1", level="campaign", spend_micros=20_000_000), level=Level.CAMPAIGN)
    assert only(reader, Level.ACCOUNT)["spend"] == 20.0


def test_rows_that_are_too_coarse_for_the_level_are_left_out_with_a_warning(loaded: Callable[..., Reader]) -> None:
    """A campaign total cannot be split over ads, and is not silently missing."""
    reader = loaded(insight("c-1", level="campaign"), level=Level.CAMPAIGN)
    with pytest.warns(LeftOutWarning, match="only above the level ad"):
        assert reader.insights(Level.AD, DAYS, result=PURCHASES).rows() == []


def test_a_stated_period_counts_only_as_a_whole(loaded: Callable[..., Reader]) -> None:
    """A total without days is there for a period that contains it, and warned about for one that cuts it."""
    reader = loaded(insight(date_stop=DAYS.until))
    assert only(reader, Level.AD)["date_stop"] == DAYS.until
    with pytest.warns(LeftOutWarning, match="only partly"):
        assert reader.insights(Level.AD, DAY, result=PURCHASES).rows() == []


def test_two_attribution_settings_are_not_added_up(loaded: Callable[..., Reader], tmp_path: Path) -> None:
    """The same event would count once for each setting."""
    reader = loaded(insight())
    other = Coverage("insights", "meta", "act_1", Level.AD, days=DAYS, attribution="7d_click")
    with open_writer(tmp_path) as writer:
        writer.load(other, [insight_page([insight(attribution="7d_click")])], known_at=at_noon)
    with pytest.raises(WarehouseError, match="7d_click, default"):
        reader.insights(Level.AD, DAYS, result=PURCHASES)


def test_broken_down_rows_are_read_only_by_their_own_breakdown(tmp_path: Path) -> None:
    """Age rows are another view of the same spend, not more spend."""
    ages = Coverage("insights", "meta", "act_1", Level.AD, days=DAYS, breakdowns=("age",), attribution="default")
    with open_writer(tmp_path) as writer:
        writer.load(coverage(), [insight_page([insight()])], known_at=at_noon)
        by_age = [insight(breakdown=f'{{"age":"{age}"}}', spend_micros=5_000_000) for age in ("18-24", "25-34")]
        writer.load(ages, [insight_page(by_age)], known_at=at_noon)
    reader = Reader(tmp_path)
    assert only(reader, Level.AD)["spend"] == 10.0
    rows = reader.insights(Level.AD, DAYS, result=PURCHASES, breakdown=("age",)).rows()
    assert [(row["age"], row["spend"]) for row in rows] == [("18-24", 5.0), ("25-34", 5.0)]


def test_names_are_those_that_were_known_then(tmp_path: Path) -> None:
    """A renamed campaign shows its old name in the past."""
    campaigns = Coverage("entities", "meta", "act_1", Level.CAMPAIGN)
    with open_writer(tmp_path) as writer:
        for name in ("Before", "After"):
            row = {"platform": "meta", "account_id": "act_1", "level": "campaign", "entity_id": "c-1", "name": name}
            writer.load(campaigns, [entity_page([row])], known_at=at_noon)
            writer.load(coverage(), [insight_page([insight()])], known_at=at_noon)
    reader = Reader(tmp_path)
    assert only(reader, Level.CAMPAIGN)["name"] == "After"
    assert only(reader, Level.CAMPAIGN, as_of=2)["name"] == "Before"


def test_an_object_that_is_listed_no_more_keeps_its_last_name(tmp_path: Path) -> None:
    """Platforms leave archived campaigns out of their lists, and their insights stay."""
    campaigns = Coverage("entities", "meta", "act_1", Level.CAMPAIGN)
    row = {"platform": "meta", "account_id": "act_1", "level": "campaign", "entity_id": "c-1", "name": "Sample"}
    with open_writer(tmp_path) as writer:
        writer.load(campaigns, [entity_page([row])], known_at=at_noon)
        writer.load(campaigns, [], known_at=at_noon)
        writer.load(coverage(), [insight_page([insight()])], known_at=at_noon)
    assert Reader(tmp_path).entities(Level.CAMPAIGN).rows() == []
    assert only(Reader(tmp_path), Level.CAMPAIGN)["name"] == "Sample"


def test_a_moment_means_what_had_been_loaded_by_then(tmp_path: Path) -> None:
    """Three loads an hour apart; a moment between them shows the earlier one."""
    with open_writer(tmp_path) as writer:
        for hour in range(3):
            moment = NOON + timedelta(hours=hour)
            writer.load(coverage(), [insight_page([insight(clicks=hour)])], known_at=lambda moment=moment: moment)
    reader = Reader(tmp_path)
    moments = [NOON, NOON + timedelta(minutes=90), NOON + timedelta(days=9)]
    assert [only(reader, Level.AD, as_of=moment)["clicks"] for moment in moments] == [0, 1, 2]
    with pytest.raises(PeriodError, match="time zone"):
        only(reader, Level.AD, as_of=datetime(2026, 3, 4, 12))  # noqa: DTZ001
    with pytest.raises(NotFoundError, match=r"first load came later, at 2026-03-04T12:00\+00:00"):
        reader.freshness(as_of=NOON - timedelta(days=1))


def test_a_clock_that_jumped_back_never_shows_what_was_not_known(tmp_path: Path) -> None:
    """The second load says 11:30; a question about 11:45 must not see the first one, which became known at 12:00."""
    with open_writer(tmp_path) as writer:
        for moment in (NOON, NOON - timedelta(minutes=30)):
            writer.load(coverage(), [insight_page([insight()])], known_at=lambda moment=moment: moment)
    assert Reader(tmp_path).insights(Level.AD, DAYS, result=PURCHASES, as_of=NOON - timedelta(minutes=15)).rows() == []


def test_freshness_tells_the_last_load_and_the_days_covered(loaded: Callable[..., Reader]) -> None:
    """Data as of noon, three days of it."""
    fresh = loaded(insight()).freshness()
    assert (fresh.load_id, fresh.known_at, fresh.first_day, fresh.last_day) == (
        1,
        datetime(2026, 3, 4, 12, tzinfo=UTC),
        date(2026, 3, 1),
        date(2026, 3, 3),
    )


def test_what_is_reported_only_broken_down_is_summed_over_one_breakdown(tmp_path: Path) -> None:
    """A file by age, and the same spend by country: 10.00 was spent, and not nothing or 20.00."""
    with open_writer(tmp_path) as writer:
        for name, values in (("age", ("18-24", "25-34")), ("country", ("PL", "UA"))):
            broken_down = Coverage(
                "insights", "meta", "act_1", Level.AD, days=DAYS, breakdowns=(name,), attribution="default"
            )
            rows = [insight(breakdown=f'{{"{name}":"{value}"}}', spend_micros=5_000_000) for value in values]
            writer.load(broken_down, [insight_page(rows)], known_at=at_noon)
    row = only(Reader(tmp_path), Level.CAMPAIGN)
    assert (row["spend"], row["reach"]) == (10.0, None)


def test_ads_of_one_campaign_do_not_hide_another_campaigns_own_row(tmp_path: Path) -> None:
    """Campaign c-2 is known only as a whole: 90.00 of it and 10.00 of c-1's ad make 100.00."""
    with open_writer(tmp_path) as writer:
        writer.load(coverage(), [insight_page([insight("ad-1")])], known_at=at_noon)
        whole = [
            insight("c-1", level="campaign", spend_micros=10_000_000),
            insight("c-2", level="campaign", spend_micros=90_000_000, campaign_id=None),
        ]
        writer.load(coverage(level=Level.CAMPAIGN), [insight_page(whole)], known_at=at_noon)
    reader = Reader(tmp_path)
    assert only(reader, Level.ACCOUNT)["spend"] == 100.0
    rows = reader.insights(Level.CAMPAIGN, DAYS, result=PURCHASES).rows()
    assert {row["entity_id"]: row["spend"] for row in rows} == {"c-1": 10.0, "c-2": 90.0}
    with pytest.warns(LeftOutWarning, match="1 row is reported only above"):
        assert [row["spend"] for row in reader.insights(Level.AD, DAYS, result=PURCHASES).rows()] == [10.0]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(("2026-03-01", "2026-03-02"), ("2026-03-02", "2026-03-03"), id="two-totals-that-overlap"),
        pytest.param(("2026-03-01", "2026-03-01"), ("2026-03-01", "2026-03-03"), id="a-total-over-a-day"),
        pytest.param(("2026-03-01", "2026-03-03"), ("2026-03-02", "2026-03-02"), id="a-day-inside-a-total"),
    ],
)
def test_days_are_not_counted_twice_by_overlapping_totals(
    tmp_path: Path, first: tuple[str, str], second: tuple[str, str]
) -> None:
    """Two exports whose periods overlap are refused, and the first one stays as it was."""
    rows = [
        insight(date=date.fromisoformat(since), date_stop=date.fromisoformat(until)) for since, until in (first, second)
    ]
    with open_writer(tmp_path) as writer:
        writer.load(coverage(), [insight_page(rows[:1])], known_at=at_noon, extent="partial")
        with pytest.raises(InconsistentReadError, match="would count twice"):
            writer.load(coverage(), [insight_page(rows[1:])], known_at=at_noon, extent="partial")
    assert only(Reader(tmp_path), Level.AD)["spend"] == 10.0


def test_two_accounts_may_use_two_attribution_settings(tmp_path: Path) -> None:
    """A file beside a synced account: nothing of one is counted in the other."""
    other = Coverage("insights", "file", "f-1", Level.AD, days=DAYS, attribution="as_exported")
    row = insight(platform="file", account_id="f-1", attribution="as_exported")
    with open_writer(tmp_path) as writer:
        writer.load(coverage(), [insight_page([insight()])], known_at=at_noon)
        writer.load(other, [insight_page([row])], known_at=at_noon)
    assert len(Reader(tmp_path).insights(Level.ACCOUNT, DAYS, result=PURCHASES).rows()) == 2


def test_data_are_as_fresh_as_the_last_whole_read_of_insights(tmp_path: Path) -> None:
    """Objects read later, and a read that broke off, make no figure any fresher; the stalest account counts."""
    later = NOON + timedelta(days=1)
    with open_writer(tmp_path) as writer:
        writer.load(coverage(), [insight_page([insight()])], known_at=at_noon)
        writer.load(coverage(), [insight_page([insight()])], known_at=lambda: later, extent="broken")
        writer.load(Coverage("entities", "meta", "act_1", Level.AD), [], known_at=lambda: later)
        writer.load(coverage(account_id="act_2"), [], known_at=lambda: later)
    fresh = Reader(tmp_path).freshness()
    assert (fresh.known_at, fresh.load_id) == (NOON, 4)


def test_amounts_in_dong_do_not_overflow(loaded: Callable[..., Reader]) -> None:
    """Ten billion units in micros, times a thousand for the CPM, needs more than 64 bits."""
    assert only(loaded(insight(spend_micros=10**16, impressions=1000)), Level.AD)["cpm"] == 1e10


@pytest.mark.parametrize("as_of", [-1, 2, 20260101, 10**44])
def test_a_load_that_there_is_not_is_refused(loaded: Callable[..., Reader], as_of: int) -> None:
    """A date typed as a number must not show the newest data."""
    with pytest.raises(PeriodError, match="the last one is 1"):
        only(loaded(insight()), Level.AD, as_of=as_of)


def test_a_load_number_from_a_frame_is_a_load_number(loaded: Callable[..., Reader]) -> None:
    """What `loads()` shows can be passed on as it is."""
    assert only(loaded(insight()), Level.AD, as_of=numpy.int64(1))["spend"] == 10.0


def test_a_reading_that_a_readers_memory_does_not_hold_is_read_with_more(loaded: Callable[..., Reader]) -> None:
    """A sort of 25 MB in 4 MB, and readers have no disk to go to; where there is no more, the error says what to do."""
    reader = loaded(insight("a"))
    opened = reader._cursor()
    files = WarehouseFiles(opened._path.parent)
    large = "SELECT list(i ORDER BY i DESC)[1] FROM range(3_000_000) AS r(i)"
    few = partial(open_whole, files, opened._path, memory="4MB")
    cursor = Cursor(few(), opened._path, roomier=partial(open_whole, files, opened._path, memory=None))
    assert cursor.execute(large).fetchall() == [(2_999_999,)]
    with pytest.raises(WarehouseError, match="Ask for fewer days"):
        Cursor(few(), opened._path, roomier=few).execute(large).fetchall()


def test_an_ad_that_is_told_only_broken_down_counts_beside_one_that_is_told_whole(tmp_path: Path) -> None:
    """Of the first ad of a file the whole row counts and not its parts; of the second its parts, by one split."""
    whole = [insight("a", clicks=5), insight("b", clicks=0, date=DAYS.until, date_stop=DAYS.until)]
    with open_writer(tmp_path) as writer:
        writer.load(coverage(), [insight_page(whole)], known_at=at_noon, extent="partial")
        _load_parts(writer, "a", "b")
    assert only(Reader(tmp_path), Level.ACCOUNT, DAY)["clicks"] == 5 + 3 + 3


def test_parts_fill_no_gap_that_a_whole_read_has_left(tmp_path: Path) -> None:
    """The platform's last whole answer has no row of the second ad: its parts of the read before are not its figure."""
    with open_writer(tmp_path) as writer:
        writer.load(coverage(), [insight_page([insight("a", clicks=5), insight("b", clicks=6)])], known_at=at_noon)
        _load_parts(writer, "a", "b")
        writer.load(coverage(), [insight_page([insight("a", clicks=5)])], known_at=at_noon)
    reader = Reader(tmp_path)
    assert only(reader, Level.ACCOUNT, DAY)["clicks"] == 5
    assert only(reader, Level.ACCOUNT, DAY, as_of=1)["clicks"] == 11


def _load_parts(writer: Writer, *ads: str) -> None:
    """Load 3 clicks of each ad by age, twice, and by country, once."""
    for names, values in (("age",), ('{"age":"18-24"}', '{"age":"25-34"}')), (("country",), ('{"country":"UA"}',)):
        parts = [insight(ad, clicks=3, breakdown=each) for ad in ads for each in values]
        writer.load(replace(coverage(DAYS), breakdowns=names), [insight_page(parts)], known_at=at_noon)

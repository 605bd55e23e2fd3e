"""What is compared with the platform's own figures, what differs, and what differed once."""

from datetime import date
from pathlib import Path

import pytest

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.doctor import examine
from aibuyer_kit.workflows.reconcile import (
    Disagreement,
    Reconciliation,
    alarm_lines,
    known_reconciliation,
    reconciliation,
)
from aibuyer_kit.workflows.report import client_overview
from aibuyer_kit.workflows.status import client_status
from aibuyer_kit.workflows.workspaces import init_workspace
from aibuyer_kit.workspace import Client
from tests.warehouse.rows import insight, insight_page

from .accounts import add_account, client, load_days
from .practice_shop import PLAIN, practice_shop

JUNE_1, JUNE_2, JUNE_3 = (date(2026, 6, day) for day in (1, 2, 3))
THREE = DateRange(JUNE_1, JUNE_3)
SPENDS = {str(day): 10.0 for day in THREE}


@pytest.fixture
def shop(tmp_path: Path) -> ClientContext:
    """A client in Kyiv whose ads spent 10.00 on each of three days, read on the fourth."""
    shop = client(init_workspace(tmp_path / "workspace"))
    add_account(shop, "act_1", "Europe/Kyiv", "EUR", "2026-06-04T06:00+00:00")
    load_days(shop, SPENDS, known_at="2026-06-04T07:00+00:00")
    return shop


def own(shop: ClientContext, known_at: str, level: Level = Level.ACCOUNT, **spends: float) -> None:
    """Load figures of a level above the ads, by default those of the ads: 10.00 a day."""
    from datetime import datetime

    ids = {"campaign_id": "c-1" if level is Level.ADSET else None, "adset_id": None, "level": str(level)}
    entity_id = {Level.ACCOUNT: "act_1", Level.CAMPAIGN: "c-1", Level.ADSET: "s-1"}[level]
    rows = [
        insight(
            entity_id,
            day,
            **ids,
            spend_micros=round(spends.get(f"june_{day.day}", 10.0) * 1_000_000),
            actions=None,
            action_values=None,
        )
        for day in THREE
    ]
    coverage = Coverage("insights", "meta", "act_1", level, days=THREE, attribution="default")
    with open_writer(shop.warehouse) as writer:
        writer.load(coverage, [insight_page(rows)], known_at=lambda: datetime.fromisoformat(known_at))


def found(shop: ClientContext, days: DateRange = THREE) -> Reconciliation:
    return reconciliation(shop, Reader(shop.warehouse), days)


def test_before_the_accounts_own_figures_are_read_nothing_is_claimed(shop: ClientContext) -> None:
    """Ads alone cannot be wrong or right."""
    assert (found(shop).state, found(shop).through, str(found(shop))) == ("not_compared", None, "not yet compared")


def test_equal_sums_reconcile_through_the_last_day_that_had_ended_when_it_was_read(shop: ClientContext) -> None:
    """Read at 20:30 UTC on 3 June: in Kyiv that day has half an hour to go."""
    own(shop, "2026-06-03T20:30+00:00")
    assert (found(shop).state, found(shop).through, found(shop).not_compared) == ("reconciled", JUNE_2, (JUNE_3,))
    own(shop, "2026-06-03T21:00+00:00")
    assert (found(shop).through, found(shop).not_compared) == (JUNE_3, ())
    assert found(shop).levels == (Level.ACCOUNT, Level.AD)


@pytest.mark.parametrize("level", [Level.ACCOUNT, Level.CAMPAIGN, Level.ADSET])
def test_a_difference_of_any_level_is_shown_wherever_figures_are(shop: ClientContext, level: Level) -> None:
    """In the status, the doctor, the overview's text and page; the days are named."""
    own(shop, "2026-06-04T07:10+00:00")
    for other in (Level.CAMPAIGN, Level.ADSET):
        own(shop, "2026-06-04T07:20+00:00", other)
    assert found(shop).levels == tuple(Level)
    own(shop, "2026-06-04T08:00+00:00", level, june_2=10.01)
    assert (found(shop).state, found(shop).differing_days) == ("differs", (JUNE_2,))
    assert found(shop, DateRange(JUNE_3, JUNE_3)).state == "reconciled"
    words = "1 day differs from the platform's own totals: "
    assert client_status(shop)["reconciliation"] == words + "2026-06-02"
    (finding,) = (each for each in examine(shop.folder.parent.parent) if each.check == "shop: reconciliation")
    assert (finding.state, words in finding.detail) == ("warning", True)
    overview = client_overview(shop, Reader(shop.warehouse), days=3)
    assert words + "Jun 2, 2026" in repr(overview)
    assert 'data-quality="differs"' in overview._repr_html_()


def test_an_account_beside_it_that_was_not_compared_is_not_passed_over(shop: ClientContext) -> None:
    """The figures of a page are the sum of both."""
    own(shop, "2026-06-04T07:10+00:00")
    add_account(shop, "act_2", "Europe/Kyiv", "EUR", "2026-06-04T06:00+00:00")
    load_days(shop, SPENDS, known_at="2026-06-04T07:30+00:00", account_id="act_2")
    assert found(shop).state == "not_compared"


def test_what_differed_once_stays_in_the_history(shop: ClientContext) -> None:
    """On the fourth it differed by ten cents, on the fifth it was mended; the past says both."""
    own(shop, "2026-06-04T07:10+00:00", june_2=10.1)
    then = Reader(shop.warehouse).freshness().load_id
    load_days(shop, SPENDS, known_at="2026-06-05T07:00+00:00")
    own(shop, "2026-06-05T07:10+00:00")
    assert known_reconciliation(shop, Reader(shop.warehouse)).differences == ()
    assert reconciliation(shop, Reader(shop.warehouse), THREE, as_of=then).differing_days == (JUNE_2,)
    history = Client(shop, Settings()).drift_history()
    (row,) = history.to_dict("records")
    assert (row["load_id"], row["day"], row["level"], row["measure"]) == (then, JUNE_2, "ad", "spend_micros")
    assert (row["account_total"], row["level_total"]) == (10_100_000, 10_000_000)
    assert Client(shop, Settings()).reconciliation(days=3, as_of=then).state == "differs"


def test_a_difference_on_a_day_that_was_not_read_again_is_told_by_each_check(shop: ClientContext) -> None:
    """The second of June differs on the fourth and the fifth; on the fifth only the third was read again."""
    own(shop, "2026-06-04T07:10+00:00", june_2=10.1)
    load_days(shop, {str(JUNE_3): 11.0}, known_at="2026-06-05T07:00+00:00", days=(str(JUNE_3), str(JUNE_3)))
    history = Client(shop, Settings()).drift_history()
    checks = sorted(set(history["load_id"]))
    told = [set(history[history["load_id"] == check]["day"]) for check in checks]
    assert told == [{JUNE_2}, {JUNE_2, JUNE_3}]


def test_a_client_without_data_has_nothing_to_compare(tmp_path: Path) -> None:
    """And it is no error."""
    assert known_reconciliation(client(tmp_path), Reader(tmp_path)).state == "not_compared"


def test_what_was_thinned_since_makes_no_alarm(tmp_path: Path) -> None:
    """A month without a sync: campaigns of the days before it are read no more, and the account's figures of that hour,
    which it had restated within the day, are gone.
    """
    with practice_shop(tmp_path) as shop:
        for seconds in (0, 3 * 3_600, 40 * 86_400):
            shop.platform.advance(seconds)
            report = shop.sync(PLAIN.model_copy(update={"backfill_days": 3}), page_rows=500)
            assert (report.failures, report.disagreements) == ((), ())


def test_levels_that_are_read_at_night_are_compared_with_the_account_of_that_night(shop: ClientContext) -> None:
    """At noon ads and account were restated together; the campaigns of the night are old by then, and not wrong."""
    own(shop, "2026-06-04T07:10+00:00")
    own(shop, "2026-06-04T07:20+00:00", Level.CAMPAIGN)
    load_days(shop, SPENDS | {"2026-06-03": 11.0}, known_at="2026-06-04T09:00+00:00")
    own(shop, "2026-06-04T09:10+00:00", june_3=11.0)
    assert (found(shop).state, found(shop).levels) == ("reconciled", (Level.ACCOUNT, Level.CAMPAIGN, Level.AD))
    own(shop, "2026-06-05T07:20+00:00", Level.CAMPAIGN)
    assert [(each.level, each.day) for each in found(shop).differences] == [("campaign", JUNE_3)]


def test_a_day_that_differs_is_one_alarm_with_its_known_cause(tmp_path: Path) -> None:
    """Three rows of one day's ads cannot be read: five measures differ, and one line says so and why."""
    with practice_shop(tmp_path) as practice:
        practice.sync()
        practice.platform.advance(86_400)
        bad = {"path": "insights", "query": "level=ad"}
        practice.fault("bad_row", 3, match=bad, options={"field": "spend", "value": "abc"})
        report = practice.sync()
    alarms = [line for line in report.summary().splitlines() if line.startswith("ALARM")]
    assert len(report.disagreements) > len(alarms) == len({each.day for each in report.disagreements})
    assert ": spend of the account is " in alarms[0]
    assert " more measures of that day differ (ads)" in alarms[0]
    assert "of that day could not be read: aibuyer quarantine list" in alarms[0]


def test_an_alarm_names_spend_and_counts_the_rest() -> None:
    """Two levels with two measures each, and another account's one measure."""

    def differs(account_id: str, level: str, measure: str) -> Disagreement:
        return Disagreement("meta", account_id, JUNE_1, level, measure, 2_000_000, 1_000_000)

    day = [differs("act_1", level, measure) for level in ("campaign", "ad") for measure in ("clicks", "spend_micros")]
    first, second = alarm_lines([*day, differs("act_2", "ad", "clicks")], {("act_1", JUNE_1): 1})
    more = "; 3 more measures of that day differ (campaigns, ads). 1 row of that day could not be read"
    assert first == f"act_1 2026-06-01: spend of the account is 2, of its ads 1{more}: aibuyer quarantine list"
    assert second == "act_2 2026-06-01: clicks of the account is 2,000,000, of its ads 1,000,000"

"""What a reader must know of figures is told alike wherever they are shown: pages, the terminal, Python."""

import warnings
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import QualityWarning
from aibuyer_kit.core.unreadable import UnreadableRow
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.insights import warn_of_insights
from aibuyer_kit.workflows.report import Overview, client_overview
from aibuyer_kit.workspace import Client
from tests.warehouse.rows import insight, insight_page

from .accounts import add_account, client

KNOWN_AT = datetime(2026, 6, 7, 7, tzinfo=UTC)
DAYS = DateRange(date(2026, 6, 1), date(2026, 6, 6))
DIFFERS = "1 day differs from the platform's own totals: Jun 5, 2026"


def spent(shop: ClientContext, level: Level, *, on_june_5: float, rejected: tuple[UnreadableRow, ...] = ()) -> None:
    """Load one object's days at 10.00, and the fifth with another spend."""
    named = {"level": str(level)} | (
        {"entity_id": "act_1", "campaign_id": None, "adset_id": None} if level is Level.ACCOUNT else {}
    )
    spends = {day: on_june_5 if day.day == 5 else 10.0 for day in DAYS}
    rows = [insight(day=day, spend_micros=round(spend * 1_000_000), **named) for day, spend in spends.items()]
    coverage = Coverage("insights", "meta", "act_1", level, days=DAYS, attribution="default")
    with open_writer(shop.warehouse) as writer:
        writer.load(coverage, [insight_page(rows)], known_at=lambda: KNOWN_AT, rejected=list(rejected))


@pytest.fixture
def shop(tmp_path: Path) -> ClientContext:
    """The ads' 9.00 of 5 June are 10.00 in the account's own figures; everything else agrees."""
    shop = client(tmp_path)
    add_account(shop, "act_1", "UTC", "EUR", "2026-06-07T06:00+00:00")
    spent(shop, Level.AD, on_june_5=9.0)
    spent(shop, Level.ACCOUNT, on_june_5=10.0)
    return shop


def told(shop: ClientContext, metrics: str, **period: str) -> list[str]:
    """Return what `aibuyer insights` tells beside its rows."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_insights(shop, metrics.split(","), **period)  # type: ignore[arg-type]
    return [str(each.message) for each in caught if isinstance(each.message, QualityWarning)]


def overview(shop: ClientContext, since: str, until: str) -> Overview:
    return client_overview(shop, Reader(shop.warehouse), since=since, until=until)


def test_a_day_that_differs_is_told_beside_its_figures(shop: ClientContext) -> None:
    """In the words of the badge, and not where the day is not shown."""
    assert told(shop, "spend", since="2026-06-04", until="2026-06-06") == [DIFFERS]
    assert told(shop, "spend", since="2026-06-01", until="2026-06-04") == []


def test_a_frame_warns_of_a_day_that_differs_and_keeps_the_note(shop: ClientContext) -> None:
    """What goes on into a spreadsheet takes its notes along, and those of results that arrive."""
    with pytest.warns(QualityWarning, match="1 day differs"):
        frame = Client(shop, Settings()).insights(since="2026-06-04", until="2026-06-06")
    assert frame.attrs["notes"][1:] == [DIFFERS]
    assert frame.attrs["notes"][0].startswith("Results of the last 3 days of this period are still arriving")


def test_results_that_arrive_are_told_where_they_are_asked_for(shop: ClientContext) -> None:
    """Spend is what it is on the next day."""
    (arriving,) = told(shop, "spend,cpa", since="2026-06-03", until="2026-06-04")
    assert (
        arriving
        == overview(shop, "2026-06-03", "2026-06-04")._repr_html_().partition('role="note">')[2].partition("<")[0]
    )
    assert told(shop, "spend,cpm", since="2026-06-03", until="2026-06-04") == []


def test_rows_that_were_set_aside_are_told(shop: ClientContext) -> None:
    """Their day may lack them."""
    june_3 = DateRange(date(2026, 6, 3), date(2026, 6, 3))
    bad = UnreadableRow("spend", "is 'abc': no amount", "{}", "ad-2", june_3, "", asked=DAYS)
    spent(shop, Level.AD, on_june_5=10.0, rejected=(bad,))
    (line,) = told(shop, "spend", since="2026-06-01", until="2026-06-04")
    assert line == "Rows of 1 day could not be read and are set aside (Jun 3, 2026): its figures may be wrong."
    assert line in overview(shop, "2026-06-01", "2026-06-04").warnings


@pytest.mark.parametrize(("since", "until"), [("2026-06-05", "2026-06-05"), ("2026-06-06", "2026-06-06")])
def test_what_differs_in_either_period_is_not_compared(shop: ClientContext, since: str, until: str) -> None:
    """5 June was cheaper for the ads, and as dear for the platform: spend is not compared, clicks are."""
    found = overview(shop, since, until)
    assert (found.previous_totals["spend"], found.previous_totals["cpm"], found.previous_totals["clicks"]) == (
        None,
        None,
        20,
    )
    assert any(
        "differs from the platform's own totals (Jun 5, 2026): figures that rest on" in each for each in found.warnings
    )
    assert "spent in 1 day." in repr(found._repr_html_())


def test_what_agrees_is_compared(shop: ClientContext) -> None:
    """Neither 3 June nor 2 June differs."""
    found = overview(shop, "2026-06-03", "2026-06-03")
    assert (found.previous_totals["spend"], found.warnings) == (10.0, ())
    assert "as much as in the day before." in found._repr_html_()

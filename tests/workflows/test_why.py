"""`client.why` from the warehouse: figures by hand, several kinds of result, what is not known, and words for it."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, PeriodError, UnknownMetricError
from aibuyer_kit.measurement.why.explanation import Line, Why
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.why import client_why, earlier_periods, have_same_weekdays
from aibuyer_kit.workspace import Client
from tests.warehouse.rows import action, entity_page, insight, insight_page

from .accounts import add_account, client, load_days
from .counting import reopened, write_client

# A Thursday; the week before ended on Sunday, 7 June.
TODAY = "2026-06-11T09:00+00:00"
WEEKS = {"new": date(2026, 6, 1), "old": date(2026, 5, 25)}
MARGIN = "gross_margin = 0.5\n"


def day_of(name: str, ad: str, spend: float, results: int, **more: Any) -> list[dict[str, object]]:
    """Return one ad's seven days of a week; every result is worth 30.00."""
    kind = more.pop("kind", "purchase")
    return [
        insight(
            f"ad-{ad}",
            WEEKS[name] + timedelta(days=offset),
            campaign_id=f"c-{ad}",
            adset_id=f"s-{ad}",
            spend_micros=round(spend * 1_000_000),
            actions=[action(kind, results)],
            action_values=[action(kind, results * 30_000_000)],
            **more,
        )
        for offset in range(7)
    ]


def shop(
    folder: Path, *weeks: list[dict[str, object]], toml: str = "", names: Mapping[str, str] | None = None
) -> Client:
    """Return a client whose account was read whole on 11 June."""
    context = write_client(folder, toml)
    add_account(context, "act_1", "UTC", "EUR", TODAY)
    rows = [row for week in weeks for row in week]
    campaigns = {str(row["campaign_id"]) for row in rows}
    objectives = {row["campaign_id"]: row.pop("objective", "OUTCOME_SALES") for row in rows}
    base = {"platform": "meta", "account_id": "act_1", "level": "campaign"}
    entities = [
        base | {"entity_id": each, "name": (names or {}).get(each, each), "objective": objectives[each]}
        for each in sorted(campaigns)
    ]
    with open_writer(context.warehouse) as writer:
        covered = Coverage("entities", "meta", "act_1", Level.CAMPAIGN)
        writer.load(covered, [entity_page(entities)], known_at=lambda: datetime.fromisoformat(TODAY))
        days = DateRange(date(2026, 5, 25), date(2026, 6, 10))
        facts = Coverage("insights", "meta", "act_1", Level.AD, days=days, attribution="default")
        writer.load(facts, [insight_page(rows)], known_at=lambda: datetime.fromisoformat(TODAY))
    return reopened(context)


def two_campaigns(folder: Path) -> Client:
    """CPA was 140 / 14 = 10.00 in both; then half of the results of `a` are gone: 70 / 3.5 a day makes 14 for 10.50."""
    return shop(
        folder,
        [*day_of("old", "a", 10.0, 2), *day_of("old", "b", 10.0, 2)],
        [*day_of("new", "a", 10.0, 1), *day_of("new", "b", 10.0, 2)],
        names={"c-a": "Catalogue", "c-b": "<script>alert(1)</script>"},
    )


def test_a_change_is_told_with_its_cause(tmp_path: Path) -> None:
    """140.00 for 28 results, then for 21: 5.00 becomes 6.67, all by the conversion rate of one campaign."""
    found = two_campaigns(tmp_path).why("cpa", "last week", against="the week before")
    assert (str(found.period), str(found.against)) == ("2026-06-01 to 2026-06-07", "2026-05-25 to 2026-05-31")
    assert (found.before, found.after) == (pytest.approx(5.0), pytest.approx(140 / 21))
    assert [(line.driver, line.name) for line in found.parts] == [("cvr", "Catalogue")]
    assert found.parts[0].part == found.change
    assert (found.parts[0].was, found.parts[0].became) == (pytest.approx(0.1), pytest.approx(0.05))
    assert found.sentences()[0] == "Cost per result rose by €1.67 to €6.67 (+33.3%)."
    assert "the conversion rate of ‘Catalogue’ fell from 10.00% to 5.00% (+€1.67)" in " ".join(found.sentences())
    assert "коефіцієнта конверсії у «Catalogue» з 10,00% до 5,00%" in " ".join(found.sentences("uk"))


def test_every_metric_adds_up_to_what_the_overview_tells(tmp_path: Path) -> None:
    """The same figures as everywhere, and parts that add up bit for bit, also in a frame and in JSON."""
    shown = two_campaigns(tmp_path)
    after = shown.overview(since="2026-06-01", until="2026-06-07").totals
    before = shown.overview(since="2026-05-25", until="2026-05-31").totals
    for metric in ("revenue", "cpc", "ctr"):
        found = shown.why(metric)
        assert (found.before, found.after) == (pytest.approx(before[metric]), pytest.approx(after[metric]))
        told = json.loads(json.dumps(found.to_dict()))
        assert found.to_frame()["part"].sum() == found.change == sum(line["part"] for line in told["objects"])


def test_a_change_is_the_same_at_every_level(tmp_path: Path) -> None:
    """Further down there are other objects, and the whole stays."""
    found = two_campaigns(tmp_path).why("cpa")
    for level in ("account", "campaign", "ad"):
        deeper = found.by(level)
        assert (deeper.level, deeper.change) == (level, found.change)
        assert sum(line.part for line in deeper.objects) == found.change


def test_kinds_of_result_are_explained_one_by_one(tmp_path: Path) -> None:
    """A purchase and a lead are not added up; revenue is."""
    toml = '[results.OUTCOME_LEADS]\naction_type = "lead"\n'
    mixed = shop(
        tmp_path,
        [*day_of("old", "a", 10.0, 2), *day_of("old", "b", 10.0, 2, kind="lead", objective="OUTCOME_LEADS")],
        [*day_of("new", "a", 10.0, 1), *day_of("new", "b", 10.0, 4, kind="lead", objective="OUTCOME_LEADS")],
        toml=toml,
    )
    found = mixed.why("cpa")
    assert [(each.kind_name, each.before, each.after) for each in found.kinds] == [
        ("Purchases", pytest.approx(5.0), pytest.approx(10.0)),
        ("Leads", pytest.approx(5.0), pytest.approx(2.5)),
    ]
    assert (found.change, found.parts) == (None, ())
    assert "not added up" in found.notes[0]
    assert "Leads" in repr(found)
    whole = mixed.why("revenue")
    assert not whole.kinds
    assert whole.change == sum(line.part for line in whole.parts) == pytest.approx(7 * 30.0)
    assert {line.name for line in mixed.why("roas", level="account").objects} == {"act_1 (Purchases)", "act_1 (Leads)"}


def test_names_are_hostile_text(tmp_path: Path) -> None:
    """In a page they are escaped, in a terminal they draw nothing."""
    found = two_campaigns(tmp_path).why("spend", "2026-06-01..2026-06-06", "2026-05-25..2026-05-31")
    assert "<script>alert" in repr(found)
    for page in (found._repr_html_(), found.plot()._repr_html_()):
        assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in found._repr_html_()


def test_a_metric_that_is_not_known_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    """Without a margin there is no profit."""
    shown = two_campaigns(tmp_path)
    with pytest.raises(InputError, match="'profit' is not known on any day"):
        shown.why("profit")
    with pytest.raises(InputError, match="people are not added up"):
        shown.why("reach")
    with pytest.raises(UnknownMetricError, match="Did you mean 'roas'"):
        shown.why("roass")


@pytest.mark.parametrize(
    ("period", "against", "words"),
    [
        ("last fortnight", "the week before", "no period that is understood. Understood: yesterday"),
        ("last week", "the fortnight before", "And relative to the period: the period before"),
        ("2026-05-01..2026-05-20", "the week before", "is not held; what is held is 2026-05-25"),
        ("last week", "last week", "Both periods are"),
        ("2026-06-31", "the week before", "there is no such day"),
    ],
)
def test_a_period_that_cannot_be_told_is_refused(tmp_path: Path, period: str, against: str, words: str) -> None:
    """And what is understood is listed."""
    with pytest.raises(PeriodError, match=words):
        two_campaigns(tmp_path).why("cpa", period, against)


def test_without_a_past_only_chance_is_usual_and_that_is_said(tmp_path: Path) -> None:
    """Two weeks are all there is: 28 results and 21 may be luck, which is said."""
    found = two_campaigns(tmp_path).why("results")
    assert found.usual_changes == 0
    assert found.is_usual
    assert any("that of chance alone" in note for note in found.notes)
    assert any("may be nothing but chance" in each for each in found.sentences())


@pytest.mark.parametrize(("part", "words"), [(2.39, "A part of it: "), (15.0, "Main cause: ")])
def test_what_still_arrives_is_the_main_cause_only_where_it_is_most_of_the_change(part: float, words: str) -> None:
    """An eighth of a rise is no main cause, though all the rest is no more than it moves anyway."""
    days = DateRange(date(2026, 6, 1), date(2026, 6, 7)), DateRange(date(2026, 5, 25), date(2026, 5, 31))
    arriving = Line("maturity", "", "", part, 0.0, part)
    found = Why(
        "Sample shop",
        "en",
        "EUR",
        "cpa",
        Level.CAMPAIGN,
        *days,
        datetime.fromisoformat(TODAY),
        1,
        before=40.0,
        after=59.79,
        usual=30.0,
        drivers=(arriving,),
    )
    assert f"{words}results of the newer days are still arriving (+€{part:.2f})." in found.sentences()
    assert found.sentences("uk")[1].startswith("Головна причина" if part > 10 else "Частина з цього")


def test_what_was_known_then_is_explained_as_known_then(tmp_path: Path) -> None:
    """A later load restates a day; the earlier moment still tells the earlier figures."""
    context = client(tmp_path)
    days = {f"2026-06-{day:02d}": 10.0 for day in range(1, 11)}
    load_days(context, days, known_at="2026-06-11T09:00+00:00")
    load_days(context, days | {"2026-06-10": 20.0}, known_at="2026-06-12T09:00+00:00")
    now = client_why(context, "spend", "2026-06-10", against="the day before")
    then = client_why(context, "spend", "2026-06-10", against="the day before", as_of="1")
    assert (now.change, then.change) == (10.0, 0.0)
    assert then.sentences() == ("Spend did not change: €10.00.",)


def test_days_that_only_the_account_tells_are_its_own_line(tmp_path: Path) -> None:
    """The ads of 9 and 10 June could not be read; the account says 25.00 a day."""
    context = client(tmp_path)
    add_account(context, "act_1", "UTC", "EUR", TODAY)
    load_days(context, {f"2026-06-{day:02d}": 10.0 for day in range(1, 9)}, known_at=TODAY)
    rows = [
        insight("act_1", date(2026, 6, day), level="account", spend_micros=25_000_000, campaign_id=None, adset_id=None)
        for day in (9, 10)
    ]
    with open_writer(context.warehouse) as writer:
        days = DateRange(date(2026, 6, 9), date(2026, 6, 10))
        covered = Coverage("insights", "meta", "act_1", Level.ACCOUNT, days=days, attribution="default")
        writer.load(covered, [insight_page(rows)], known_at=lambda: datetime.fromisoformat(TODAY))
    found = client_why(context, "spend", "2026-06-09..2026-06-10")
    assert (found.before, found.after) == (20.0, 50.0)
    assert {line.name: line.part for line in found.objects} == {"act_1": 50.0, "c-1": -20.0}


def test_earlier_periods_are_whole_and_do_not_overlap() -> None:
    """Of 60 days before there are eight weeks; of two months nothing can be learnt."""
    week, before = DateRange(date(2026, 6, 1), date(2026, 6, 7)), DateRange(date(2026, 5, 25), date(2026, 5, 31))
    found = earlier_periods(week, before, date(2026, 3, 26))
    assert (len(found), str(found[-1])) == (8, "2026-05-18 to 2026-05-24")
    assert all(len(each) == 7 for each in found)
    assert earlier_periods(week, before, date(2026, 5, 10)) == ()


@pytest.mark.parametrize(("length", "apart", "alike"), [(7, 7, True), (3, 3, False), (1, 7, True), (31, 30, True)])
def test_weekdays_are_compared(length: int, apart: int, alike: bool) -> None:
    """Days of other weekdays are told of, where periods are short."""
    start = date(2026, 6, 1)
    one, other = (DateRange(day, day + timedelta(days=length - 1)) for day in (start, start - timedelta(days=apart)))
    assert have_same_weekdays(one, other) is alike

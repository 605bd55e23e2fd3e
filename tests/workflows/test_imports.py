"""Importing files into a warehouse: what it then holds, and what is refused without a trace."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.access.client_file import AccountSection
from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.connectors.csv_export import Choices
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import AibuyerError, ImportFileError, InconsistentReadError, InputError, NotFoundError
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.import_undo import undo_import
from aibuyer_kit.workflows.imports import ImportDone, import_export
from aibuyer_kit.workflows.insights import read_insights
from aibuyer_kit.workflows.period import open_days
from aibuyer_kit.workflows.quarantine import quarantined, unreadable_days
from aibuyer_kit.workspace import Client

from .accounts import client, load_days

MARCH = DateRange(date(2026, 3, 1), date(2026, 3, 31))
PURCHASES = ResultSetting("purchase")
DAILY = """\
Day,Campaign,Cost,Shown,Orders,Revenue
2026-03-01,Spring,100.10,1000,4,400.00
2026-03-01,Summer,50.20,500,,
2026-03-02,Spring,200.30,2000,6,650.50
"""
EXPORT = """\
Day,Campaign name,Amount spent (EUR),Impressions,Results,Result indicator
2026-03-01,Spring,100.10,1000,4,actions:offsite_conversion.fb_pixel_purchase
2026-03-02,Spring,90.10,1000,3,actions:offsite_conversion.fb_pixel_purchase
"""
MAPPING = """\
account_id = "shop-files"
currency = "EUR"
level = "campaign"
empty_actions = "none"
{days}

[columns]
{day_column}
campaign_name = "Campaign"
spend = "Cost"
impressions = "Shown"

[actions]
purchase = "Orders"

[action_values]
purchase = "Revenue"
"""


@pytest.fixture
def shop(tmp_path: Path) -> ClientContext:
    """A client without any data; its time is the machine's."""
    return client(tmp_path, clock="system")


def daily(context: ClientContext, text: str = DAILY, *, more: str = "", **options: bool) -> ImportDone:
    mapping = MAPPING.format(days="", day_column='date = "Day"') + more
    return _imported(context, text, mapping, **options)


def total(context: ClientContext, since: str, until: str, *rows: str) -> ImportDone:
    """Import a file without dates, whose rows stand for the stated period."""
    mapping = MAPPING.format(days=f"period = {{ since = {since}, until = {until} }}", day_column="")
    return _imported(context, "\n".join(["Campaign,Cost,Shown,Orders,Revenue", *rows]), mapping)


def _imported(context: ClientContext, text: str, mapping: str, **options: bool) -> ImportDone:
    file, stated = context.folder / "export.csv", context.folder / "mapping.toml"
    file.write_text(text, encoding="utf-8")
    stated.write_text(mapping, encoding="utf-8")
    return import_export(context, file, stated, **options)


def known(context: ClientContext) -> dict[tuple[str, str], tuple[object, ...]]:
    """Return spend, impressions, results and revenue by campaign and first day."""
    rows = Reader(context.warehouse).insights(Level.CAMPAIGN, MARCH, result=PURCHASES).rows()
    names = ("spend", "impressions", "results", "revenue")
    return {(row["name"], str(row["date"])): tuple(row[name] for name in names) for row in rows}


def loads(context: ClientContext) -> list[dict[str, object]]:
    try:
        return Reader(context.warehouse).loads().rows()
    except NotFoundError:
        return []


def test_the_warehouse_holds_what_the_file_says(shop: ClientContext) -> None:
    """Every figure of three rows, and the account's sums by hand: 350.60, 3,500, 10 and 1,050.50."""
    done = daily(shop)
    assert (done.facts.inserted, done.facts.extent) == (3, "partial")
    assert known(shop) == {
        ("Spring", "2026-03-01"): (100.1, 1000, 4, 400.0),
        ("Summer", "2026-03-01"): (50.2, 500, 0, 0.0),
        ("Spring", "2026-03-02"): (200.3, 2000, 6, 650.5),
    }
    days = Reader(shop.warehouse).insights(Level.ACCOUNT, MARCH, result=PURCHASES).rows()
    sums = [(str(row["date"]), row["spend"], row["impressions"], row["results"], row["revenue"]) for row in days]
    assert sums == [("2026-03-01", 150.3, 1500, 4, 400.0), ("2026-03-02", 200.3, 2000, 6, 650.5)]
    (account,) = Reader(shop.warehouse).entities(Level.ACCOUNT).rows()
    assert (account["platform"], account["entity_id"], account["currency"]) == ("file", "shop-files", "EUR")


def test_a_later_file_restates_what_it_names_and_leaves_the_rest(shop: ClientContext) -> None:
    """A partial file says nothing about the campaigns that it does not name; the earlier figures can be read."""
    first = daily(shop)
    then = Reader(shop.warehouse).freshness().load_id
    done = daily(shop, "Day,Campaign,Cost,Shown,Orders,Revenue\n2026-03-01,Spring,111.00,1000,5,500.00\n")
    assert (done.facts.inserted, done.facts.restated, done.facts.closed, done.facts.unchanged) == (0, 1, 0, 0)
    assert known(shop)["Spring", "2026-03-01"] == (111.0, 1000, 5, 500.0)
    assert known(shop)["Summer", "2026-03-01"] == (50.2, 500, 0, 0.0)
    assert first.facts.load_id <= then
    rows = Reader(shop.warehouse).insights(Level.CAMPAIGN, MARCH, result=PURCHASES, as_of=then).rows()
    assert sorted(row["spend"] for row in rows) == [50.2, 100.1, 200.3]


def test_with_replace_days_what_the_file_leaves_out_of_its_days_is_gone(shop: ClientContext) -> None:
    """Only of its own days: the second of March is not in the file."""
    daily(shop)
    only_spring = "Day,Campaign,Cost,Shown,Orders,Revenue\n2026-03-01,Spring,100.10,1000,4,400.00\n"
    done = daily(shop, only_spring, replace_days=True)
    assert (done.facts.closed, done.facts.unchanged, done.facts.extent) == (1, 1, "replacing")
    assert sorted(known(shop)) == [("Spring", "2026-03-01"), ("Spring", "2026-03-02")]


def test_a_file_with_rejected_rows_replaces_nothing(shop: ClientContext) -> None:
    """A row that cannot be read would be taken for one that is gone; the message names its line."""
    daily(shop)
    before, loaded = known(shop), loads(shop)
    damaged = DAILY.replace("50.20", "$50.20").replace("100.10", "1.00")
    with pytest.raises(ImportFileError, match=r"cannot replace its days:\n(?s:.*)line 3: .*\$50\.20"):
        daily(shop, damaged, replace_days=True)
    assert (known(shop), loads(shop)) == (before, loaded)


def test_rows_that_cannot_be_used_go_into_the_quarantine_until_a_file_has_them_right(shop: ClientContext) -> None:
    """One has a key and a bad amount, one has no day; the mended file resolves what it brings."""
    damaged = DAILY.replace("50.20", "abc") + "2026-13-45,Autumn,1.00,1,,\n"
    done = daily(shop, damaged)
    assert (done.facts.inserted, done.facts.rejected) == (2, 2)
    assert "2 set aside (aibuyer quarantine list)" in done.summary()
    rows = {row["entity_id"]: row for row in quarantined(shop)}
    assert (rows["Summer"]["date"], rows["Summer"]["field"]) == (date(2026, 3, 1), "Cost")
    assert (rows["Autumn"]["date"], rows["Autumn"]["since"]) == (None, date(2026, 3, 1))
    assert rows["Summer"]["reason"].startswith("export.csv, line 3: column 'Cost': 'abc'")
    assert '"Campaign":"Summer","Cost":"abc"' in rows["Summer"]["raw"]
    daily(shop)
    assert [row["entity_id"] for row in quarantined(shop)] == ["Autumn"]


def test_a_finer_file_of_other_days_makes_no_day_certain(shop: ClientContext) -> None:
    """The campaign that could not be read is missing on the first of March, whatever is known of April's ad sets."""
    daily(shop, DAILY.replace("50.20", "abc"), quarantine=True)
    assert unreadable_days(Reader(shop.warehouse)) == {MARCH.since}
    sets = 'adset_name = "Set"'
    stated = MAPPING.format(days="", day_column=f'date = "Day"\n{sets}').replace('"campaign"', '"adset"')
    _imported(shop, "Day,Campaign,Set,Cost,Shown,Orders,Revenue\n2026-04-01,Spring,S,1,1,1,1\n", stated)
    assert unreadable_days(Reader(shop.warehouse)) == {MARCH.since}


def test_a_file_that_replaces_its_days_may_set_rows_aside_when_asked_to(shop: ClientContext) -> None:
    """What a bad row is about stays as it was; what the file does not hold is gone all the same."""
    daily(shop, DAILY + "2026-03-01,Autumn,1.00,1,,\n")
    done = daily(shop, DAILY.replace("50.20", "abc"), replace_days=True, quarantine=True)
    assert (done.facts.extent, done.facts.closed, done.facts.rejected) == ("replacing", 1, 1)
    assert sorted(known(shop)) == [("Spring", "2026-03-01"), ("Spring", "2026-03-02"), ("Summer", "2026-03-01")]
    assert known(shop)["Summer", "2026-03-01"][0] == 50.2


def assert_refused(context: ClientContext, error: type[AibuyerError], words: str) -> None:
    """Check that a total of 1 to 15 March is refused in these words, and that no load remains of it."""
    before, loaded = known(context), loads(context)
    with pytest.raises(error, match=words):
        total(context, "2026-03-01", "2026-03-15", "Spring,500,5000,10,1000", "Autumn,1,1,,")
    assert (known(context), loads(context)) == (before, loaded)
    names = [row["name"] for row in Reader(context.warehouse).entities(Level.CAMPAIGN).rows()]
    assert "Autumn" not in names


def test_two_stated_periods_that_overlap_are_refused(shop: ClientContext) -> None:
    """Ten to fifteen March would count twice; both periods and a way out are named."""
    total(shop, "2026-03-10", "2026-03-31", "Spring,700,7000,14,1400")
    words = r"Spring is reported for 2026-03-01 to 2026-03-15, and Spring is known for 2026-03-10 to 2026-03-31.*twice"
    assert_refused(shop, InconsistentReadError, words)


def test_a_total_beside_the_days_that_it_sums_up_is_refused(shop: ClientContext) -> None:
    """The days are known one by one already."""
    daily(shop)
    assert_refused(shop, InconsistentReadError, r"Spring is known for 2026-03-0[12].*twice.*Nothing was loaded")


def test_days_beside_the_total_that_sums_them_up_are_refused(shop: ClientContext) -> None:
    """The other way round; a period that has ended before is no clash."""
    total(shop, "2026-02-01", "2026-02-28", "Spring,900,9000,18,1800")
    total(shop, "2026-03-02", "2026-03-31", "Spring,700,7000,14,1400")
    loaded = loads(shop)
    with pytest.raises(InconsistentReadError, match=r"Spring is known for 2026-03-02 to 2026-03-31.*twice"):
        daily(shop)
    assert loads(shop) == loaded
    assert list(known(shop)) == [("Spring", "2026-03-02")]


def test_a_breakdown_that_could_not_be_read_again_is_refused_before_anything_is_loaded(shop: ClientContext) -> None:
    """The mapping is named, and the warehouse is not even made."""
    with pytest.raises(ImportFileError, match=r"mapping\.toml: breakdowns: 'age group'.*underscores"):
        daily(shop, more='[breakdowns]\n"age group" = "Campaign"\n')
    assert loads(shop) == []
    assert not shop.warehouse.exists()


def test_a_file_beside_a_synced_account_keeps_both_readable(shop: ClientContext) -> None:
    """Its results are counted under a setting of their own; the accounts differ, so nothing is mixed."""
    load_days(shop, {"2026-03-01": 30.0}, known_at="2026-03-02T09:00+00:00", results=2)
    daily(shop)
    rows = read_insights(shop, "account", ["spend", "results"], since="2026-03-01", until="2026-03-02")
    assert sorted((str(row["date"]), row["spend"], row["results"]) for row in rows) == [
        ("2026-03-01", 30.0, 2),
        ("2026-03-01", 150.3, 4),
        ("2026-03-02", 200.3, 6),
    ]


def test_a_breakdown_is_named_as_text_or_as_names_and_one_never_loaded_is_told(shop: ClientContext) -> None:
    """A name is not split into its letters; the error lists what was loaded."""
    daily(shop, more='[breakdowns]\nkind = "Campaign"\n')
    loaded = Client(shop, Settings())
    march = {"since": "2026-03-01", "until": "2026-03-31"}
    by_text, by_names = loaded.insights(breakdown="kind", **march), loaded.insights(breakdown=("kind",), **march)
    assert sorted(by_text["kind"]) == sorted(by_names["kind"]) == ["Spring", "Spring", "Summer"]
    with pytest.raises(NotFoundError, match=r"No figures are loaded by age, gender\. Loaded: kind"):
        loaded.insights(breakdown="age,gender", **march)


def ads_manager(
    context: ClientContext, *rows: str, columns: str = "", currency: str = "EUR", **options: Any
) -> ImportDone:
    """Import rows of an Ads Manager export: day, campaign, then `columns`, spend and impressions."""
    head = f"Day,Campaign name,{columns}{',' * bool(columns)}Amount spent ({currency}),Impressions"
    file = context.folder / "ads.csv"
    file.write_text("\n".join([head, *rows]), encoding="utf-8")
    return import_export(context, file, None, **options)


def spent(context: ClientContext, level: Level = Level.CAMPAIGN) -> dict[str, float]:
    rows = Reader(context.warehouse).insights(level, MARCH, result=PURCHASES).rows()
    return {row["name"]: row["spend"] for row in rows}


def assert_nothing_loaded(context: ClientContext, words: str, *rows: str, **more: Any) -> None:
    before, loaded = spent(context), loads(context)
    with pytest.raises(ImportFileError, match=words):
        ads_manager(context, *rows, **more)
    assert (spent(context), loads(context)) == (before, loaded)


def test_finer_rows_that_sum_to_something_else_need_to_be_told_to_replace(shop: ClientContext) -> None:
    """One ad of 100 would make of a campaign of 600 one of 100; ads that sum to 600 are welcome."""
    ads_manager(shop, "2026-03-01,A,600,6000")
    part = ("2026-03-01,A,first,100,1000",)
    assert_nothing_loaded(shop, r"sum to spend 100,.*known to spend 600,.*--replace-days", *part, columns="Ad name")
    ads_manager(shop, *part, "2026-03-01,A,second,500,5000", columns="Ad name")
    assert spent(shop) == {"A": 600.0}
    assert spent(shop, Level.AD) == {"first": 100.0, "second": 500.0}


def test_with_replace_days_a_file_of_another_level_is_all_there_is(shop: ClientContext) -> None:
    """The ads' days are the campaign's now, in both directions."""
    ads_manager(shop, "2026-03-01,A,600,6000")
    ads_manager(shop, "2026-03-01,A,first,100,1000", columns="Ad name", replace_days=True)
    assert spent(shop) == {"A": 100.0}
    assert_nothing_loaded(shop, "Only one of the two can count", "2026-03-01,A,600,6000")
    done = ads_manager(shop, "2026-03-01,A,650,6000", replace_days=True)
    assert spent(shop) == {"A": 650.0}
    assert sum(load.closed for load in done.replaced) == 1


def test_a_campaign_without_its_id_is_not_added_as_a_second_one(shop: ClientContext) -> None:
    """Known by its id, and then by its name; and the other way round."""
    ads_manager(shop, "2026-03-01,A,7001,600,6000", columns="Campaign ID")
    assert_nothing_loaded(
        shop, r"known by its id \(7001\), and the file has its name.*would count as two", "2026-03-01,A,600,6000"
    )
    ads_manager(shop, "2026-03-02,B,10,100")
    words = r"known by its name \(B\), and the file has its id \(7002\)"
    assert_nothing_loaded(shop, words, "2026-03-02,B,7002,10,100", columns="Campaign ID")


def test_an_account_has_one_currency(shop: ClientContext) -> None:
    """Dollars over euros would change what was spent without a word; the wrong file's days can be replaced."""
    ads_manager(shop, "2026-03-01,A,600,6000")
    dollars = ("2026-03-01,A,650,6000",)
    assert_nothing_loaded(shop, "in USD, and the account ads_manager is known in EUR", *dollars, currency="USD")
    ads_manager(shop, *dollars, currency="USD", replace_days=True)
    assert spent(shop) == {"A": 650.0}


@pytest.mark.parametrize("day", ["1970-01-01", "2099-11-18"])
def test_days_that_cannot_be_are_refused(shop: ClientContext, day: str) -> None:
    """A mistyped year would make a hole of decades, and data of the future."""
    with pytest.raises(ImportFileError, match=rf"{day}.*Nothing was loaded"):
        ads_manager(shop, "2026-03-01,A,600,6000", f"{day},A,1,1")
    assert not shop.warehouse.exists()


def test_a_file_about_a_synced_account_is_refused_unless_its_days_were_never_synced(tmp_path: Path) -> None:
    """Ads Manager writes the account's number without act_; the file may also not name the account at all."""
    shop = client(tmp_path, clock="system", accounts=(AccountSection(id="act_1"),))
    load_days(shop, {"2026-03-05": 30.0}, known_at="2026-03-06T09:00+00:00")
    for words, row, columns in (
        ("is about the same account", "2026-03-05,A,1,30,300", "Account ID"),
        ("is about the same account", "2026-03-01,A,1,30,300", "Account ID"),
        ("does not say that it is about another", "2026-03-05,A,30,300", ""),
    ):
        assert_nothing_loaded(shop, words, row, columns=columns)
    words = r"act_1 \(meta\) is synced for 2026-03-05"
    assert_nothing_loaded(shop, words, "2026-03-05,A,1,30,300", columns="Account ID", beside_synced=True)
    done = ads_manager(shop, "2026-03-01,A,1,30,300", columns="Account ID", beside_synced=True)
    assert done.facts.coverage.account_id == "act_1"


def test_an_account_that_only_files_tell_of_is_not_said_to_be_synced(shop: ClientContext) -> None:
    """A file that does not name its account may be about it, and the days that it has would count twice."""
    _imported(shop, DAILY, 'platform = "shop-platform"\n' + MAPPING.format(days="", day_column='date = "Day"'))
    words = r"shop-files \(shop-platform\) is known already, and this file does not say"
    with pytest.raises(ImportFileError, match=words):
        ads_manager(shop, "2026-03-05,A,30,300")
    with pytest.raises(ImportFileError, match=r"is known for 2026-03-01"):
        ads_manager(shop, "2026-03-01,A,30,300", beside_synced=True)


def test_an_export_without_its_account_is_loaded_beside_others_under_the_name_that_is_stated(
    shop: ClientContext,
) -> None:
    """The refusal says what to type; a name that contradicts the file is refused, too."""
    _imported(shop, DAILY, 'platform = "shop-platform"\n' + MAPPING.format(days="", day_column='date = "Day"'))
    words = r"about another account, name it: aibuyer import FILE --account act_123 \(or any name of yours\)"
    with pytest.raises(ImportFileError, match=words):
        ads_manager(shop, "2026-03-01,A,30,300")
    done = ads_manager(shop, "2026-03-01,A,30,300", stated=Choices(account_id="second-shop"))
    assert done.facts.coverage.account_id == "second-shop"
    with pytest.raises(ImportFileError, match="is about the account act_77, not second-shop: leave --account out"):
        ads_manager(shop, "2026-03-01,A,77,3,30", columns="Account ID", stated=Choices(account_id="second-shop"))


def test_days_of_a_file_that_was_taken_back_are_free_again(shop: ClientContext) -> None:
    """Another file may tell of them, beside the account that a third one tells of."""
    _imported(shop, DAILY, 'platform = "shop-platform"\n' + MAPPING.format(days="", day_column='date = "Day"'))
    with pytest.raises(ImportFileError, match=r"is known for 2026-03-01"):
        ads_manager(shop, "2026-03-01,A,30,300", beside_synced=True)
    undo_import(shop, 1)
    assert ads_manager(shop, "2026-03-01,A,30,300", beside_synced=True).facts.inserted == 1


def test_a_file_that_was_taken_back_makes_no_other_day_incomplete(shop: ClientContext) -> None:
    """Taking a file back, or replacing days, is a complete read of its days and says nothing about others."""
    daily(shop)
    later = daily(shop, DAILY.replace("2026-03", "2026-04"))
    undo_import(shop, later.facts.load_id)
    daily(shop, DAILY.replace("2026-03", "2026-02"), replace_days=True)
    assert open_days(Reader(shop.warehouse), DateRange(date(2026, 3, 1), date(2026, 3, 2))) == ()


def test_an_accounts_number_is_one_account_with_and_without_act(shop: ClientContext) -> None:
    """The second file restates the first one's row."""
    ads_manager(shop, "2026-03-01,A,5001,600,6000", columns="Account ID")
    done = ads_manager(shop, "2026-03-01,A,act_5001,601,6000", columns="Account ID")
    assert (done.facts.restated, spent(shop)) == (1, {"A": 601.0})


def test_an_import_is_taken_back_and_history_stays(shop: ClientContext) -> None:
    """What it brought is gone, what it replaced holds again; then the first one is taken back, and then nothing is."""
    first = ads_manager(shop, "2026-03-01,A,600,6000", "2026-03-01,B,5,50")
    second = ads_manager(shop, "2026-03-01,A,601,6000", "2026-03-02,C,7,70")
    with pytest.raises(InputError, match="changed by later loads"):
        undo_import(shop, first.facts.load_id)
    undone = undo_import(shop, second.facts.load_id)
    assert spent(shop) == {"A": 600.0, "B": 5.0}
    then = Reader(shop.warehouse).insights(Level.CAMPAIGN, MARCH, result=PURCHASES, as_of=undone.undone[-1]).rows()
    assert {row["name"]: row["spend"] for row in then} == {"A": 601.0, "B": 5.0, "C": 7.0}
    assert [row["name"] for row in Reader(shop.warehouse).entities(Level.CAMPAIGN).rows()] == ["A", "B"]
    undo_import(shop, first.facts.load_id)
    assert spent(shop) == {}
    ads_manager(shop, "2026-03-01,A,7001,600,6000", columns="Campaign ID", currency="USD")
    assert spent(shop) == {"A": 600.0}


def test_only_an_import_can_be_taken_back(tmp_path: Path) -> None:
    """What a sync has read comes from the platform."""
    shop = client(tmp_path, accounts=(AccountSection(id="act_1"),))
    load_days(shop, {"2026-03-05": 30.0}, known_at="2026-03-06T09:00+00:00")
    with pytest.raises(InputError, match="not the first of an imported file"):
        undo_import(shop, 1)
    with pytest.raises(NotFoundError, match="no load 9"):
        undo_import(shop, 9)


def test_a_file_that_is_broken_down_tells_which_days_it_holds(shop: ClientContext) -> None:
    """It has no other figures; the status and the warnings named no day."""
    daily(shop, more='[breakdowns]\nkind = "Campaign"\n')
    fresh = Reader(shop.warehouse).freshness()
    assert (fresh.first_day, fresh.last_day) == (date(2026, 3, 1), date(2026, 3, 2))


@pytest.mark.parametrize(
    ("export", "why"),
    [
        (EXPORT, "never reports 'purchase'. The same event is reported as offsite_conversion.fb_pixel_purchase (7)"),
        (EXPORT.replace("Result indicator", "Sort"), "the imported files tell of none. Export the columns 'Results'"),
    ],
)
def test_an_import_without_results_that_count_says_so_and_later_refusals_lead_back(
    tmp_path: Path, export: str, why: str
) -> None:
    """No sync is advised to a client of files: what helps is another export, or another result."""
    file = tmp_path / "export.csv"
    file.write_text(export, encoding="utf-8")
    context = client(tmp_path)
    assert why in import_export(context, file, None).summary()
    shop = Client(context, Settings())
    for asked in (shop.nowcast, shop.curves, shop.plan, lambda: shop.forecast("results")):
        with pytest.raises(AibuyerError) as refused:
            asked()
        assert why in str(refused.value)
        assert str(refused.value).count(why) == 1
        assert "sync" not in str(refused.value)


def test_an_import_with_results_that_count_has_nothing_to_add(tmp_path: Path) -> None:
    """And a question that is wrong for another reason is answered for that reason."""
    file = tmp_path / "export.csv"
    file.write_text(EXPORT.replace("offsite_conversion.fb_pixel_purchase", "purchase"), encoding="utf-8")
    context = client(tmp_path)
    assert "result" not in import_export(context, file, None).summary().partition("totals of the file")[2]
    with pytest.raises(InputError, match=r"^days is 99; give 1 to 28\.$"):
        Client(context, Settings()).nowcast(days=99)

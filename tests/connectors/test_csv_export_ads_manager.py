"""English and Ukrainian headers of an Ads Manager export are understood without a mapping."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.connectors.csv_export import ImportedFile, read_export
from aibuyer_kit.core.errors import ImportFileError

HEADER = (
    "Reporting starts,Reporting ends,Campaign name,Ad set name,Ad name,Ad ID,Amount spent (UAH),Impressions,"
    "Clicks (all),Link clicks,Reach,Frequency,Purchases,Purchases conversion value\n"
)


def imported(tmp_path: Path, text: str) -> ImportedFile:
    file = tmp_path / "export.csv"
    file.write_text(text, encoding="utf-8")
    return read_export(file)


def test_an_export_of_ads_becomes_facts_with_the_currency_of_its_header(tmp_path: Path) -> None:
    """Ids, parents, days, money, counts and results of one row stand where they belong."""
    row = "2026-03-01,2026-03-01,Sales,Lookalike,Video 1,120001,10.55,2000,40,31,1800,1.11,3,99.90\n"
    facts = imported(tmp_path, HEADER + row).facts.to_pylist()
    assert len(facts) == 1
    assert facts[0] | {"actions": None, "action_values": None} == {
        "platform": "file",
        "account_id": "ads_manager",
        "level": "ad",
        "entity_id": "120001",
        "date": date(2026, 3, 1),
        "date_stop": date(2026, 3, 1),
        "breakdown": "",
        "attribution": "as_exported",
        "campaign_id": "Sales",
        "adset_id": "Lookalike",
        "currency": "UAH",
        "spend_micros": 10_550_000,
        "impressions": 2000,
        "clicks": 40,
        "link_clicks": 31,
        "reach": 1800,
        "actions": None,
        "action_values": None,
    }
    windows = dict.fromkeys(["click_1d", "click_7d", "click_28d", "view_1d"])
    assert facts[0]["actions"] == [{"action_type": "purchase", "total": 3, **windows}]
    assert facts[0]["action_values"] == [{"action_type": "purchase", "total": 99_900_000, **windows}]


UKRAINIAN = (
    "Початок звітності;Завершення звітності;Назва кампанії;Назва групи оголошень;Назва оголошення;"
    "Ідентифікаційний номер оголошення;Витрачена сума (UAH);Покази;Кліки (усі);Кліки посилання;Охоплення;Частота;"
    "Покупки;Цінність конверсії: Покупки"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_an_export_in_ukrainian_gives_the_same_facts(tmp_path: Path, encoding: str) -> None:
    """Headers, marks, days and the encoding of a Ukrainian computer; a row in each language."""
    cells = "2026-03-13,2026-03-13,Sales,Set,Video 1,120001,1234.50,2000,40,31,1800,1.11,3,99.90"
    english = imported(tmp_path, f"{HEADER}{cells}\n")
    row = "13.03.2026;13.03.2026;Sales;Set;Video 1;120001;1 234,50;2000;40;31;1800;1,11;3;99,90"
    file = tmp_path / "export.csv"
    file.write_bytes(f"{UKRAINIAN}\n{row}\n;;;;;;1 234,50;2000;40;31;;;3;\n".encode(encoding))
    ukrainian = read_export(file)
    assert ukrainian.facts.equals(english.facts)
    assert ukrainian.entities.equals(english.entities)
    assert ukrainian.report.totals_rows == 1


@pytest.mark.parametrize("spent", ["Витрачена сума", "Сума витрат", "Потрачена сума"])
@pytest.mark.parametrize("days", ["День", "Дата початку звіту;Дата завершення звіту"])
def test_other_ukrainian_names_that_were_met_are_known(tmp_path: Path, spent: str, days: str) -> None:
    """Translations change over the years, and old exports are still around."""
    cells = ";".join(["2026-03-01"] * len(days.split(";")))
    result = imported(tmp_path, f"{days};Назва кампанії;{spent} (EUR)\n{cells};Весна;5\n")
    assert result.facts["spend_micros"].to_pylist() == [5_000_000]


def test_stated_ratios_of_an_export_are_checked(tmp_path: Path) -> None:
    """Frequency, CTR in percent and costs, against the export's own counts."""
    text = (
        "Day,Campaign name,Amount spent (EUR),Impressions,Clicks (all),Reach,Frequency,CTR (all),CPC (all),"
        '"CPM (cost per 1,000 impressions)"\n'
        "2026-03-01,S,10,2000,40,1000,2,2,0.25,5\n2026-03-02,S,10,2000,40,1000,2.5,3,0.99,7\n"
    )
    differences = imported(tmp_path, text).report.ratio_differences
    assert [(each.line, each.column) for each in differences] == [
        (3, "CTR (all)"),
        (3, "CPC (all)"),
        (3, "CPM (cost per 1,000 impressions)"),
        (3, "Frequency"),
    ]


def test_a_result_that_is_left_empty_did_not_come(tmp_path: Path) -> None:
    """Ads Manager writes nothing where no purchase came: the list is known and empty, the link clicks are unknown."""
    facts = imported(tmp_path, HEADER + "2026-03-01,2026-03-01,S,L,V,1,10,3,3,,3,1,,\n").facts
    assert (facts["actions"].to_pylist(), facts["action_values"].to_pylist()) == ([[]], [[]])
    assert facts["link_clicks"].to_pylist() == [None]


def test_the_row_of_totals_is_left_out_and_counted(tmp_path: Path) -> None:
    """Ads Manager's totals name no campaign; a row that names one but no ad is rejected instead."""
    result = imported(
        tmp_path,
        HEADER
        + "2026-03-01,2026-03-31,,,,,30,9,9,9,9,1,9,9\n"
        + "2026-03-01,2026-03-31,Sales,L,V,1,10,3,3,3,3,1,3,3\n"
        + "2026-03-01,2026-03-31,Sales,L,V,,20,6,6,6,6,1,6,6\n",
    )
    assert (result.report.totals_rows, result.report.rows_kept, result.report.rejected_count) == (1, 1, 1)
    assert result.report.totals["spend"] == 10


def test_a_row_over_several_days_keeps_its_period(tmp_path: Path) -> None:
    """An export without the breakdown by day is a total from start to end."""
    result = imported(tmp_path, HEADER + "2026-03-01,2026-03-31,S,L,V,1,10,3,3,3,3,1,3,3\n")
    assert str(result.coverage) == "2026-03-01 to 2026-03-31"
    assert result.facts["date_stop"].to_pylist() == [date(2026, 3, 31)]
    assert result.report.missing_days == ()


@pytest.mark.parametrize(
    ("names", "level"),
    [
        ("Campaign name", "campaign"),
        ("Campaign Name,Ad Set Name", "adset"),
        ("Ad set ID", "adset"),
        ("Ad name,Campaign name", "ad"),
    ],
)
def test_the_level_is_the_finest_that_is_named(tmp_path: Path, names: str, level: str) -> None:
    """Headers differ in capitals between exports; the level follows from what a row names."""
    cells = ",".join(["x"] * len(names.split(",")))
    result = imported(tmp_path, f"Day,{names},Amount spent (EUR)\n2026-03-01,{cells},5\n")
    assert result.facts["level"].to_pylist() == [level]


def test_breakdowns_are_part_of_the_key(tmp_path: Path) -> None:
    """One campaign and day in two age groups are two facts."""
    text = "Day,Campaign name,Age,Gender,Amount spent (EUR)\n2026-03-01,S,18-24,male,5\n2026-03-01,S,25-34,male,6\n"
    breakdowns = imported(tmp_path, text).facts["breakdown"].to_pylist()
    assert breakdowns == ['{"age":"18-24","gender":"male"}', '{"age":"25-34","gender":"male"}']


def test_the_account_is_the_one_in_the_file(tmp_path: Path) -> None:
    """An export with account columns tells its account."""
    text = "Account ID,Account name,Day,Campaign name,Amount spent (EUR)\n77,Shop,2026-03-01,S,5\n"
    account = imported(tmp_path, text).account
    assert (account.account_id, account.name, account.currency) == ("act_77", "Shop", "EUR")


def test_two_accounts_in_one_file_are_refused(tmp_path: Path) -> None:
    """Facts of two accounts under one id could not be told apart."""
    text = "Account ID,Day,Campaign name,Amount spent (EUR)\n77,2026-03-01,S,5\n78,2026-03-01,S,5\n"
    with pytest.raises(ImportFileError, match=r"'Account ID' holds 2 accounts \(77, 78 …\)"):
        imported(tmp_path, text)


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("Day,Campaign name,Cost", "Missing: one 'Amount spent (EUR)' with its currency."),
        ("Day,Campaign name,Amount spent (XXQ)", "Missing: one 'Amount spent (EUR)' with its currency."),
        ("Day,Campaign name,Amount spent (EUR),Amount spent (USD)", "Missing: one 'Amount spent (EUR)'"),
        ("Date,Campaign name,Amount spent (EUR)", "Missing: 'Day', or 'Reporting starts' and 'Reporting ends'."),
        ("Day,Amount spent (EUR)", "Missing: 'Campaign name', 'Ad set name' or 'Ad name'."),
    ],
)
def test_other_headers_are_listed_with_an_example_of_a_mapping(tmp_path: Path, header: str, missing: str) -> None:
    """Without a mapping nothing is guessed; the error shows what was found, what is missing and what to write."""
    cells = ",".join(["1"] * len(header.split(",")))
    with pytest.raises(ImportFileError) as caught:
        imported(tmp_path, f"{header}\n{cells}\n")
    assert missing in str(caught.value)
    assert f"Found: {', '.join(header.split(','))}" in str(caught.value)
    assert "[columns]" in str(caught.value)


RESULTS = "Day,Campaign name,Amount spent (EUR),Impressions,Results,Result indicator\n"


def counted(fact: dict[str, Any]) -> dict[str, int | None] | None:
    """Return the totals of a fact's actions, None where they are unknown."""
    actions = fact["actions"]
    return None if actions is None else {each["action_type"]: each["total"] for each in actions}


def by_campaign(found: ImportedFile) -> dict[str, dict[str, int | None] | None]:
    return {fact["entity_id"]: counted(fact) for fact in found.facts.to_pylist()}


def test_results_are_the_actions_that_their_indicator_names(tmp_path: Path) -> None:
    """Each row by its own indicator; what is no action is not read, and the report says so."""
    rows = (
        "2026-03-01,Sales,10,900,3,actions:purchase\n"
        "2026-03-01,Leads,10,900,2,actions:lead\n"
        "2026-03-01,Reach,10,900,850,reach\n"
        "2026-03-02,Sales,10,900,,\n"
    )
    found = imported(tmp_path, RESULTS + rows)
    days = {(fact["entity_id"], fact["date"].day): counted(fact) for fact in found.facts.to_pylist()}
    assert days == {("Sales", 1): {"purchase": 3}, ("Leads", 1): {"lead": 2}, ("Reach", 1): None, ("Sales", 2): {}}
    assert found.report.totals["actions.purchase"] == 3
    assert "as they name no action: reach" in str(found.report)
    taken = {each.column: each.taken_as for each in found.preview.columns}
    assert taken["Results"] == "actions.lead, actions.purchase, as 'Result indicator' says"


def test_results_whose_kind_is_not_told_are_unknown_and_their_lines_are_reported(tmp_path: Path) -> None:
    """A count beside an empty or unreadable indicator is no known zero; a row without results is."""
    rows = (
        "2026-03-01,Leads,10,900,2,actions:lead\n"
        "2026-03-01,Untold,10,900,3,\n"
        "2026-03-01,Odd,10,900,1,actions: what is this?\n"
        "2026-03-01,Quiet,10,900,,\n"
        "2026-03-01,Zero,10,900,0,\n"
    )
    found = imported(tmp_path, RESULTS + rows)
    assert by_campaign(found) == {"Leads": {"lead": 2}, "Untold": None, "Odd": None, "Quiet": {}, "Zero": {}}
    assert (found.report.unknown_result_count, found.report.unknown_result_lines) == (2, (3, 4))
    assert "2 rows have results whose kind is not told or not read, so their actions are unknown: lines 3, 4" in str(
        found.report
    )


def test_two_texts_of_one_action_are_both_read(tmp_path: Path) -> None:
    """A row names one of them, so that nothing is counted twice and nothing becomes a zero."""
    rows = "2026-03-01,One,10,900,3,actions:lead\n2026-03-01,Other,10,900,5,conversions:lead\n"
    found = imported(tmp_path, RESULTS + rows)
    assert by_campaign(found) == {"One": {"lead": 3}, "Other": {"lead": 5}}
    assert found.report.totals["actions.lead"] == 8
    assert (found.report.unread_results, found.report.unknown_result_count) == ((), 0)


def test_an_event_of_ones_own_is_read_in_its_own_case(tmp_path: Path) -> None:
    """Names of custom events have capital letters."""
    event = "offsite_conversion.fb_pixel_custom.MyEvent"
    found = imported(tmp_path, f"{RESULTS}2026-03-01,Own,10,900,4,actions:{event}\n")
    assert by_campaign(found) == {"Own": {event: 4}}


def test_a_campaign_for_reach_has_no_known_zero_of_purchases(tmp_path: Path) -> None:
    """Its results say nothing about actions; an action with a column of its own is known all the same."""
    rows = "2026-03-01,Sales,10,900,3,actions:purchase\n2026-03-01,Reach,10,900,4,reach\n"
    assert by_campaign(imported(tmp_path, RESULTS + rows)) == {"Sales": {"purchase": 3}, "Reach": None}
    header = RESULTS.replace("Impressions", "Impressions,Purchases")
    rows = "2026-03-01,Leads,10,900,,3,actions:lead\n2026-03-01,Reach,10,900,1,4,reach\n"
    assert by_campaign(imported(tmp_path, header + rows)) == {
        "Leads": {"lead": 3},
        "Reach": {"purchase": 1, "lead": None},
    }


def test_a_result_that_has_a_column_of_its_own_is_read_from_there(tmp_path: Path) -> None:
    """The same event is not told twice."""
    header = RESULTS.replace("Impressions", "Impressions,Purchases")
    found = imported(tmp_path, header + "2026-03-01,Sales,10,900,4,3,actions:purchase\n")
    actions = found.facts.to_pylist()[0]["actions"]
    assert [(each["action_type"], each["total"]) for each in actions] == [("purchase", 4)]


def test_results_of_which_nobody_says_what_they_are_are_named_as_not_read(tmp_path: Path) -> None:
    """Without an indicator a number of results is of nothing."""
    text = "Day,Campaign name,Amount spent (EUR),Results\n2026-03-01,Sales,10,3\n"
    assert "columns that are not read: Results" in str(imported(tmp_path, text).report)

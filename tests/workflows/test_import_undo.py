"""Taking imports back beside other imports and rows in the quarantine: nothing else comes back or is made certain."""

from datetime import date
from pathlib import Path

import pytest

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.import_undo import undo_import
from aibuyer_kit.workflows.imports import ImportDone
from aibuyer_kit.workflows.period import open_days
from aibuyer_kit.workflows.quarantine import quarantine_list, unreadable_days
from aibuyer_kit.workflows.status import client_status

from . import test_imports
from .accounts import client, load_days
from .test_imports import known

FIRST = date(2026, 3, 1)
SPRING = "2026-03-01,Spring,100,1000,4,400"
UNREADABLE = "2026-03-01,Summer,ten,100,1,40"


@pytest.fixture
def shop(tmp_path: Path) -> ClientContext:
    return client(tmp_path, clock="system")


def daily(context: ClientContext, *rows: str, **options: bool) -> ImportDone:
    text = "\n".join(("Day,Campaign,Cost,Shown,Orders,Revenue", *rows, ""))
    return test_imports.daily(context, text, **options)


def doubted(context: ClientContext) -> set[date]:
    return unreadable_days(Reader(context.warehouse))


def test_taking_a_second_file_back_does_not_bring_the_first_one_back_that_was_taken_back_before(
    shop: ClientContext,
) -> None:
    """The loads that took the first file back follow those of the second one, and are none of its own."""
    first = daily(shop, SPRING)
    second = daily(shop, "2026-03-10,Spring,70,700,1,50")
    undo_import(shop, first.facts.load_id)
    assert list(known(shop)) == [("Spring", "2026-03-10")]
    undo_import(shop, second.facts.load_id)
    assert known(shop) == {}


def test_objects_that_other_files_have_figures_of_stay_known(shop: ClientContext) -> None:
    """Both files name the same campaign and account; with the second one gone as well, the first one's are."""
    first = daily(shop, SPRING, "2026-03-01,Winter,1,10,0,0")
    daily(shop, "2026-03-10,Spring,70,700,1,50")
    undo_import(shop, first.facts.load_id)
    reader = Reader(shop.warehouse)
    assert [row["entity_id"] for row in reader.entities(Level.ACCOUNT).rows()] == ["shop-files"]
    assert [row["name"] for row in reader.entities(Level.CAMPAIGN).rows()] == ["Spring"]


def test_a_row_that_an_earlier_file_could_not_tell_stays_in_doubt(shop: ClientContext) -> None:
    """Taking a file about another campaign back says nothing about the row that is in the quarantine."""
    daily(shop, SPRING, UNREADABLE, quarantine=True)
    other = daily(shop, "2026-03-01,Autumn,10,100,4,40")
    assert doubted(shop) == {FIRST}
    undo_import(shop, other.facts.load_id)
    assert doubted(shop) == {FIRST}


def test_a_row_that_only_the_file_had_right_is_gone_and_in_doubt_again(shop: ClientContext) -> None:
    """The row that stood in for the unreadable one goes with its file, and its day is doubtful as before."""
    daily(shop, SPRING, UNREADABLE, quarantine=True)
    right = daily(shop, "2026-03-01,Summer,10,100,1,40")
    assert doubted(shop) == set()
    undo_import(shop, right.facts.load_id)
    assert (list(known(shop)), doubted(shop)) == ([("Spring", "2026-03-01")], {FIRST})


def test_rows_that_the_file_itself_could_not_tell_are_gone_with_it(shop: ClientContext) -> None:
    """Without the file there is nothing to doubt, also where a row had not told its day."""
    daily(shop, "2026-03-09,Spring,1,10,0,0")
    file = daily(shop, SPRING, UNREADABLE, "someday,Summer,1,1,1,1", "2026-03-05,Spring,1,1,1,1", quarantine=True)
    assert doubted(shop) == {date(2026, 3, day) for day in range(1, 6)}
    undo_import(shop, file.facts.load_id)
    assert doubted(shop) == set()


@pytest.mark.parametrize("taken_back", [False, True])
def test_an_account_of_files_does_not_make_a_synced_one_look_old(shop: ClientContext, taken_back: bool) -> None:
    """A file that replaced its days, and one that was taken back, are no reads that a later sync fails to repeat."""
    daily(shop, SPRING, replace_days=not taken_back)
    if taken_back:
        undo_import(shop, daily(shop, "2026-03-02,Winter,1,10,0,0").facts.load_id)
    load_days(shop, {"2026-06-08": 1.0}, known_at="2036-06-09T07:00+00:00")
    reader = Reader(shop.warehouse)
    assert reader.freshness().known_at.year == 2036
    assert open_days(reader, DateRange(date(2026, 6, 8), date(2026, 6, 8))) == ()


def test_what_was_taken_back_is_said_to_be_so_the_second_time(shop: ClientContext) -> None:
    """Also a file that had changed nothing; and the load that took it back is no import."""
    first = daily(shop, SPRING)
    same = daily(shop, SPRING)
    for file in (same, first):
        undone = undo_import(shop, file.facts.load_id)
        with pytest.raises(InputError, match=f"has been taken back already, by load {undone.loads[0].load_id}"):
            undo_import(shop, file.facts.load_id)
        with pytest.raises(InputError, match="is not the first of an imported file"):
            undo_import(shop, undone.loads[0].load_id)
    assert known(shop) == {}
    daily(shop, SPRING)
    assert list(known(shop)) == [("Spring", "2026-03-01")]


def test_the_days_of_a_file_that_was_taken_back_are_covered_no_more(shop: ClientContext) -> None:
    """What is left are those of other files; as of before, it was as it was."""
    daily(shop, SPRING)
    file = daily(shop, "2026-03-09,Spring,70,700,1,50")
    undone = undo_import(shop, file.facts.load_id)
    reader = Reader(shop.warehouse)
    assert (reader.freshness().first_day, reader.freshness().last_day) == (FIRST, FIRST)
    assert reader.freshness(as_of=undone.undone[-1]).last_day == date(2026, 3, 9)
    assert client_status(shop)["last_day"] == FIRST


def test_a_client_whose_only_file_was_taken_back_has_no_days(shop: ClientContext) -> None:
    """Its status can be told, and so can its overview."""
    undo_import(shop, daily(shop, SPRING).facts.load_id)
    status = client_status(shop)
    assert (status["first_day"], status["last_day"]) == (None, None)


def test_the_list_says_what_becomes_of_rows_that_a_file_brought(shop: ClientContext) -> None:
    """A row that names its key is resolved by a good one, a row without its day by a file that replaces its days."""
    file = daily(shop, SPRING, UNREADABLE, "someday,Summer,1,1,1,1", quarantine=True).facts.load_id
    told = {row["field"]: row["next_try"] for row in quarantine_list(shop)}
    assert told == {
        "Cost": f"none: a file with a good row of it (aibuyer import), or aibuyer import-undo {file}",
        "Day": "none: its days stay in doubt until a file replaces them (--replace-days),"
        f" or aibuyer import-undo {file}",
    }

"""Loading: every version is kept, absence closes only after a complete read, and nothing is mended silently."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InconsistentReadError, TransientError
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.warehouse.coverage import Extent
from aibuyer_kit.warehouse.load import LoadResult
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import Writer, open_writer

from .rows import DAYS, action, at_noon, coverage, insight, insight_page

PURCHASES = ResultSetting("purchase")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with open_writer(tmp_path) as opened:
        yield opened


def load(writer: Writer, *rows: dict[str, object], extent: Extent = "complete", days: DateRange = DAYS) -> LoadResult:
    return writer.load(coverage(days), [insight_page(rows)], known_at=at_noon, extent=extent)


def counts(result: LoadResult) -> dict[str, int]:
    names = ("inserted", "restated", "closed", "unchanged", "repeated")
    return {name: getattr(result, name) for name in names if getattr(result, name)}


def test_a_first_read_inserts_and_the_same_read_again_changes_nothing(writer: Writer) -> None:
    """Reading twice what did not change leaves one version of each row."""
    rows = [insight(day=day) for day in DAYS]
    assert counts(load(writer, *rows)) == {"inserted": 3}
    assert counts(load(writer, *rows)) == {"unchanged": 3}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"spend_micros": 10_000_001}, id="one-micro-of-spend"),
        pytest.param({"actions": [action("purchase", 1, click_7d=1)]}, id="an-action-appears"),
        pytest.param({"actions": None}, id="actions-no-longer-reported"),
        pytest.param({"clicks": None}, id="clicks-no-longer-reported"),
        pytest.param({"campaign_id": "c-2"}, id="another-campaign"),
    ],
)
def test_any_change_of_the_row_or_its_actions_is_a_restatement(writer: Writer, changed: dict[str, object]) -> None:
    """The row and its actions by window are one fact: a change of either makes a new version."""
    load(writer, insight())
    assert counts(load(writer, insight(**changed))) == {"restated": 1}


def test_a_window_of_an_action_changes_although_its_total_stays(writer: Writer) -> None:
    """A purchase that moves from the click window to the view window is a restatement."""
    load(writer, insight(actions=[action("purchase", 3, click_7d=3)]))
    assert counts(load(writer, insight(actions=[action("purchase", 3, click_7d=2, view_1d=1)]))) == {"restated": 1}


def test_absent_and_zero_are_different_facts(writer: Writer) -> None:
    """A platform that now says 0 where it said nothing has restated."""
    load(writer, insight(clicks=None))
    assert counts(load(writer, insight(clicks=0))) == {"restated": 1}


def test_a_key_that_a_complete_read_does_not_return_is_closed(writer: Writer, tmp_path: Path) -> None:
    """What the platform no longer reports is gone now, and still there as it was known before."""
    load(writer, insight("ad-1"), insight("ad-2"))
    assert counts(load(writer, insight("ad-1"))) == {"closed": 1, "unchanged": 1}
    writer.publish()
    reader = Reader(tmp_path)
    now = reader.insights(Level.AD, DAYS, result=PURCHASES).rows()
    then = reader.insights(Level.AD, DAYS, result=PURCHASES, as_of=1).rows()
    assert [row["entity_id"] for row in now] == ["ad-1"]
    assert [row["entity_id"] for row in then] == ["ad-1", "ad-2"]


@pytest.mark.parametrize("clicks", [20, 21], ids=["unchanged", "restated"])
def test_a_new_key_does_not_hide_that_another_is_gone(writer: Writer, clicks: int) -> None:
    """As many rows as before are not the same rows."""
    load(writer, insight("ad-1"), insight("ad-2", clicks=20))
    result = counts(load(writer, insight("ad-2", clicks=clicks), insight("ad-3")))
    assert result == {"inserted": 1, "unchanged" if clicks == 20 else "restated": 1, "closed": 1}


def test_a_complete_read_closes_only_inside_its_own_days_level_and_account(writer: Writer) -> None:
    """Rows outside of what was asked for say nothing about being gone."""
    load(writer, *(insight(day=day) for day in DAYS))
    first_day = DateRange(DAYS.since, DAYS.since)
    assert counts(load(writer, days=first_day)) == {"closed": 1}
    other = writer.load(coverage(account_id="act_2"), [], known_at=at_noon)
    wider = writer.load(coverage(level=Level.CAMPAIGN), [], known_at=at_noon)
    assert (other.closed, wider.closed) == (0, 0)


def test_an_incomplete_read_closes_nothing(writer: Writer) -> None:
    """A read that broke off after one of two rows restates that row and leaves the other."""
    load(writer, insight("ad-1"), insight("ad-2"))

    def broken() -> Iterator[pa.Table]:
        yield insight_page([insight("ad-1", clicks=21)])
        raise TransientError("the connection was lost")

    with pytest.raises(TransientError):
        writer.load(coverage(), broken(), known_at=at_noon)
    result = load(writer, insight("ad-1", clicks=21), insight("ad-2"))
    assert counts(result) == {"unchanged": 2}
    assert result.load_id == 3


def test_a_row_repeated_word_for_word_is_counted_once(writer: Writer) -> None:
    """Two pages that overlap return the same row twice; that is not two facts."""
    result = writer.load(coverage(), [insight_page([insight()]), insight_page([insight()])], known_at=at_noon)
    assert counts(result) == {"inserted": 1, "repeated": 1}


def test_one_key_with_two_contents_is_refused_and_changes_nothing(writer: Writer) -> None:
    """Nobody can know which of the two is true; the next good read finds everything as it was."""
    load(writer, insight(clicks=20))
    with pytest.raises(InconsistentReadError, match=r"entity_id=ad-1, date=2026-03-01"):
        load(writer, insight(clicks=21), insight(clicks=22))
    assert counts(load(writer, insight(clicks=20))) == {"unchanged": 1}


@pytest.mark.parametrize(
    "stray", [{"account_id": "act_9"}, {"date": date(2026, 4, 1), "date_stop": date(2026, 4, 1)}, {"level": "campaign"}]
)
def test_a_row_outside_of_what_was_asked_for_is_refused(writer: Writer, stray: dict[str, object]) -> None:
    """A platform that returns another account's row must not write into this one."""
    with pytest.raises(InconsistentReadError, match="outside"):
        load(writer, insight(**stray))


# One read: which ads were returned with how many clicks, and how far the read went.
READS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2)), st.sampled_from(["complete", "partial", "broken"])
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(reads=READS)
def test_as_of_every_load_equals_what_had_been_returned_by_then(tmp_path_factory, reads) -> None:  # type: ignore[no-untyped-def]
    """For any sequence of reads the history replays a plain dictionary that was updated read by read."""
    folder = tmp_path_factory.mktemp("history")
    known: dict[str, int] = {}
    expected = [{}]
    with open_writer(folder) as writer:
        for returned, extent in reads:
            load(writer, *(insight(ad, clicks=clicks) for ad, clicks in returned.items()), extent=extent)
            known = dict(returned) if extent == "complete" else known | returned
            expected.append(known)
    reader = Reader(folder)
    found = [
        {
            row["entity_id"]: row["clicks"]
            for row in reader.insights(Level.AD, DAYS, result=PURCHASES, as_of=load_id).rows()
        }
        for load_id in range(len(reads) + 1)
    ]
    reader.close()
    assert expected == found

"""A marketing mix against one that is known, and the tables that it is read from."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from aibuyer_kit.core.errors import InputError
from aibuyer_kit.planning.response.mix import Mix, MixTable, learn_mix
from aibuyer_kit.workflows.mix import mix_of_file, read_mix_table
from tests.planning.response.panels import hill

WEEKS = 150


def known_table() -> MixTable:
    """``outcome = 500 + 2 t + 40 event + 300 hill(felt tv; 50, 1) + noise of 10``, half of the felt TV from before."""
    rng = np.random.default_rng(5)
    spend = np.stack([60 * rng.gamma(1.0, 1.0, WEEKS), np.full(WEEKS, 20.0)], axis=1)
    felt, held = np.empty(WEEKS), 0.0
    for week in range(WEEKS):
        held = 0.5 * held + 0.5 * spend[week, 0]
        felt[week] = held
    event = (rng.random(WEEKS) < 0.05).astype(float)
    outcome = 500 + 2.0 * np.arange(WEEKS) + 40 * event + hill(felt, 300.0, 50.0) + rng.normal(0, 10, WEEKS)
    weeks = tuple(date(2023, 1, 2) + timedelta(weeks=number) for number in range(WEEKS))
    return MixTable(weeks, outcome, ("tv", NASTY), spend, {"event": event})


NASTY = "<b>radio</b>"


@pytest.fixture(scope="module")
def mix() -> Mix:
    return learn_mix(known_table(), draws=500)


def test_what_carries_over_and_what_was_brought_are_found(mix: Mix) -> None:
    """Within their 90% intervals, and these say something."""
    low, high = np.quantile(mix.carry[:, 0], (0.05, 0.95))
    assert low < 0.5 < high < low + 0.3
    felt, held = np.empty(WEEKS), 0.0
    for week in range(WEEKS):
        held = 0.5 * held + 0.5 * mix.table.spend[week, 0]
        felt[week] = held
    brought = hill(felt, 300.0, 50.0).sum()
    low, high = np.quantile(mix.contribution[:, 0], (0.05, 0.95))
    assert low < brought < high < 2 * low
    assert mix.explained > 0.95


def test_a_channel_that_never_moved_is_named(mix: Mix) -> None:
    """In the table and in the curves that plans take."""
    assert mix.identified == ("yes", "no")
    curves = mix.curves()
    assert curves.spend_now.tolist() == pytest.approx((mix.table.spend[-8:].mean(axis=0) / 7).tolist())
    assert set(curves.warnings) == {NASTY}


def test_a_mix_reads_as_a_table_in_both_languages(mix: Mix) -> None:
    """Names are escaped in the page."""
    assert "150 weeks" in repr(mix)
    page = mix._repr_html_()
    assert "<b>" not in page
    assert "&lt;b&gt;radio" in page
    assert len(mix.to_frame()) == 2


def weekly(folder: Path, header: str, row: str, weeks: int = 40) -> Path:
    path = folder / "weekly.csv"
    days = (date(2024, 1, 1) + timedelta(weeks=number) for number in range(weeks))
    lines = [row.replace("DAY", str(day)).replace("N", str(number % 7 + 1)) for number, day in enumerate(days)]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "row", "channels", "controls", "outcome"),
    [
        ("date_week,y,x1,x2,event_1,dayofyear,t", "DAY,N,3,N,0,5,9", ("x1", "x2"), ["event_1"], 1.0),
        (
            "DATE,revenue,tv_S,facebook_I,competitor_sales_B,events",
            "DAY,N,N,8,4,na",
            ("tv",),
            ["competitor_sales_B"],
            1.0,
        ),
        (
            "time,TV_impression,TV_spend,mood_control,conversions,revenue_per_conversion,population",
            "DAY,9,N,2,N,10,5",
            ("TV",),
            ["mood_control"],
            10.0,
        ),
    ],
    ids=["pymc-marketing", "robyn", "meridian"],
)
def test_the_tables_of_other_tools_are_understood(
    tmp_path: Path, header: str, row: str, channels: tuple[str, ...], controls: list[str], outcome: float
) -> None:
    """Spend, controls and the outcome are found by the names that the tools give them."""
    table = read_mix_table(weekly(tmp_path, header, row))
    assert (table.channels, list(table.controls)) == (channels, controls)
    assert table.outcome[0] == outcome
    assert len(table.weeks) == 40


def test_places_are_added_up(tmp_path: Path) -> None:
    """Two rows a week: their spend and outcome are sums, controls a mean."""
    path = tmp_path / "geo.csv"
    days = [date(2024, 1, 1) + timedelta(weeks=number) for number in range(40)]
    rows = [f"{geo},{day},{n % 5 + 1},{n % 3},{4 * at}" for n, day in enumerate(days) for at, geo in enumerate("ab")]
    path.write_text("geo,date,x1,y,mood_control\n" + "\n".join(rows), encoding="utf-8")
    table = read_mix_table(path)
    assert (table.spend[1, 0], table.outcome[1], table.controls["mood_control"][0]) == (4.0, 2.0, 2.0)


@pytest.mark.parametrize(
    ("header", "row", "told"),
    [
        ("date,y", "DAY,N", "which columns are spend"),
        ("date,x1", "DAY,N", "which column is the outcome"),
        ("x1,y", "N,N", "no column of days"),
        ("date,x1,y", "DAY,lots,N", "line 2: x1 is 'lots'"),
        ("date,x1,y", "DAY,-N,N", "negative"),
        ("date,x1,y", "DAY,N,5", "same in all weeks"),
        ("date,x1,y", "DAY,0,N", "Nothing was spent on x1"),
        ("date,x1,y", "01/02/2024,1,N", "write the day as"),
        ("date,x1,y", "2024-01-01,1,N", "40 rows are not one for each of 1 weeks"),
        ("date,x1,x1", "DAY,1,N", "stands twice"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path, header: str, row: str, told: str) -> None:
    """With its line or its columns."""
    with pytest.raises(InputError, match=told):
        mix_of_file(weekly(tmp_path, header, row))


def test_too_few_weeks_are_refused(tmp_path: Path) -> None:
    """A mix of half a year would be invented."""
    with pytest.raises(InputError, match="20 weeks"):
        mix_of_file(weekly(tmp_path, "date,x1,y", "DAY,N,N", weeks=20))

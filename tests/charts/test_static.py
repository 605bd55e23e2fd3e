"""Charts as inline SVG."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from aibuyer_kit.charts.spec import BarChart, Series, TrendChart, metric_bars, share_bars, trend_chart
from aibuyer_kit.charts.static import svg

from .samples import HOSTILE, PERIOD, overview

SPACE = "{http://www.w3.org/2000/svg}"


def trend(
    *, target: float | None = None, title: str = "", values: tuple[float | None, ...] | None = None
) -> TrendChart:
    chart = trend_chart(overview().daily, "spend", currency="EUR", locale="en", target=target)
    line = Series("Spend", chart.series[0].dates, values or chart.series[0].values)
    return TrendChart(title or chart.title, "spend", "EUR", "en", (line,), target)


def bars(target: float | None = 25.0) -> BarChart:
    rows = [(row.name, row.values) for row in overview().campaigns]
    return metric_bars(rows, "cpa", currency="EUR", locale="en", target=target)


def parsed(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing.encode())  # noqa: S314 - drawn by ourselves a moment ago


def line_paths(drawing: str) -> list[str]:
    """Return the outlines drawn with the line's own width."""
    paths = parsed(drawing).iter(f"{SPACE}path")
    return [str(path.get("d")) for path in paths if "stroke-width: 2.2" in str(path.get("style"))]


@pytest.mark.parametrize(
    "chart", [trend(), trend(target=90.0), bars(), bars(None)], ids=["trend", "target", "cpa", "plain"]
)
def test_a_chart_is_one_well_formed_element_that_fills_its_place(chart: TrendChart | BarChart) -> None:
    """It goes into a page as it is, at any width."""
    root = parsed(svg(chart))
    assert (root.tag, root.get("width"), root.get("role")) == (f"{SPACE}svg", "100%", "img")
    assert root.get("viewBox", "").startswith("0 0 440 ")


def test_a_chart_is_named_and_described() -> None:
    """A screen reader gets the title and the words."""
    root = parsed(svg(trend()))
    assert root.findtext(f"{SPACE}title") == "Spend per day"
    assert "1 day is unknown" in str(root.findtext(f"{SPACE}desc"))


def test_an_unknown_day_is_a_gap_in_the_line() -> None:
    """The line stops before the unknown day and starts again after it."""
    (whole,) = line_paths(svg(trend(values=(1.0,) * 7)))
    (broken,) = line_paths(svg(trend()))
    assert (whole.count("M"), broken.count("M")) == (1, 2)


def test_a_day_between_two_unknown_ones_is_still_seen() -> None:
    """A point alone makes no line, so it gets a dot."""
    alone = svg(trend(values=(None, 5.0, None, None, 1.0, 2.0, 3.0)))
    assert (alone.count("<use "), svg(trend()).count("<use ")) == (1, 0)


def test_a_chart_without_a_known_day_says_so() -> None:
    """An empty chart is not a broken one."""
    empty = svg(trend(values=(None,) * 7))
    assert "No data for these days" in "".join(parsed(empty).itertext())


def test_a_hostile_name_is_text() -> None:
    """Neither markup nor mathematics is read in a name."""
    drawing = svg(trend(title=HOSTILE)) + svg(bars())
    shown = [text.text for text in parsed(svg(bars())).iter(f"{SPACE}text")]

    assert "<script" not in drawing
    assert parsed(svg(trend(title=HOSTILE))).findtext(f"{SPACE}title") == HOSTILE
    assert any(str(text).startswith("Sample <script>alert(1)") for text in shown)
    allowed = {"svg", "title", "desc", "g", "path", "text", "defs", "use", "clipPath", "rect"}
    assert set(re.findall(r"<([a-zA-Z]+)", drawing)) <= allowed


@pytest.mark.parametrize("name", ["$x$", "_hidden", "日本 🎉", "a\x00b\u202ec", "", "\ud800"], ids=ascii)
def test_any_name_can_be_drawn(name: str) -> None:
    """Dollars, underscores, other scripts and control characters break neither the drawing nor the run."""
    drawing = svg(share_bars([(name, {"spend": 1.0})], currency="EUR", locale="en"))
    parsed(drawing)


def test_a_dollar_in_a_name_is_a_dollar() -> None:
    """Two of them would set what stands between as a formula."""
    drawing = svg(share_bars([("$x^2$ off", {"spend": 1.0})], currency="EUR", locale="en"))
    assert "$x^2$ off" in [text.text for text in parsed(drawing).iter(f"{SPACE}text")]


def test_the_same_chart_is_the_same_bytes() -> None:
    """A report that is made again does not differ for nothing."""
    assert svg(trend(target=90.0)) == svg(trend(target=90.0))


def test_a_chart_takes_its_colours_from_the_page() -> None:
    """Light, dark and a brand's own colours need no second drawing."""
    drawing = svg(trend(target=90.0)) + svg(bars())
    assert re.findall(r"(?:fill|stroke): #[0-9a-f]+", drawing) == []
    assert "currentColor" in drawing
    assert "var(--ab-accent" in drawing


def test_bars_tell_good_from_bad_by_the_target() -> None:
    """17.50 is under the target of 25.00, and 35.00 is over it."""
    assert (svg(bars()).count("--ab-good"), svg(bars()).count("--ab-bad")) == (1, 1)
    assert svg(bars(None)).count("--ab-accent") == 2


def test_a_chart_asks_nobody_for_anything() -> None:
    """No font, no style sheet, no picture; the names of namespaces are no addresses."""
    drawing = svg(trend()) + svg(bars())
    addresses = set(re.findall(r"https?://[^\"' ]+", drawing))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "<style" not in drawing
    assert "<metadata" not in drawing


def test_drawing_leaves_the_process_as_it_was() -> None:
    """The user's own plots keep their settings."""
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    svg(trend())
    assert dict(mpl.rcParams) == before


def test_no_window_system_is_asked_for() -> None:
    """pyplot would choose a backend, and on a server there is none."""
    code = (
        "import sys; from datetime import date; from aibuyer_kit.charts import spec, static;"
        "static.svg(spec.trend_chart([(date(2026, 5, 4), {'spend': 1.0})], 'spend', currency='EUR', locale='en'));"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"False"


def test_the_period_is_the_axis() -> None:
    """The last day always has its label."""
    shown = [text.text for text in parsed(svg(trend())).iter(f"{SPACE}text")]
    assert f"May {PERIOD.until.day}" in shown

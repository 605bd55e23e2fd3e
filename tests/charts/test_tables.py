"""Tiles and tables as HTML."""

import re

from aibuyer_kit.charts.compare import compared
from aibuyer_kit.charts.tables import (
    campaign_table_html,
    change_html,
    definitions_html,
    kpi_tiles_html,
    metric_html,
    target_html,
    targets_html,
    warnings_html,
)

from .samples import HOSTILE, UNKNOWN, overview, values


def words(html: str) -> str:
    """Return what a reader sees, in one line with plain spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\xa0", " ").replace("&nbsp;", " ").split())


def table(rows: list[tuple[str, object]] | None = None) -> str:
    week = overview()
    chosen = rows or [(row.name, row.values) for row in week.campaigns]
    return campaign_table_html(chosen, week.totals, week.targets, currency="EUR", locale="en")  # type: ignore[arg-type]


def test_a_tile_shows_the_figure_the_change_and_the_target() -> None:
    """The three things that a headline is read for."""
    html = kpi_tiles_html(
        values(700.0, 35), values(500.0, 20), {"cpa": 25.0}, currency="EUR", locale="en", metrics=["cpa"]
    )
    assert words(html) == (
        "Cost per result €20.00 ▼ −20.0% against the period before Target €25.00 20.0% better than the target"
    )


def test_the_direction_is_told_in_words_and_not_by_colour_alone() -> None:
    """Red and green look alike to many readers."""
    assert 'title="worse"' in change_html(compared("cpa", 30.0, 25.0), "en")
    assert "20.0% worse than the target" in target_html(compared("cpa", 30.0, 25.0), "en")
    assert "на 20,0% гірше за ціль" in target_html(compared("cpa", 30.0, 25.0), "uk")


def test_unknown_says_that_it_is_unknown() -> None:
    """A dash alone says nothing to a screen reader."""
    html = metric_html("cpa", None, "EUR", "en")
    assert words(html) == "–"
    assert 'aria-label="unknown"' in html
    assert metric_html("results", 0, "EUR", "en") == "0"


def test_no_earlier_figure_is_told() -> None:
    """A new client has no period before."""
    assert change_html(compared("spend", 10.0, None), "en") == "nothing to compare with"
    assert change_html(compared("spend", 10.0, 10.0), "en") == "no change"


def test_a_hostile_name_stays_text_in_a_table() -> None:
    """Names come from strangers."""
    html = table()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;$x$&quot;" in html


def test_a_table_has_a_row_per_campaign_and_the_totals() -> None:
    """The totals are those given and are not added up again."""
    rows = [
        words(row) for row in re.findall(r"<tr>.*?</tr>", table([("Sample", values(350.0, 10)), ("None", UNKNOWN)]))
    ]
    assert rows[1].startswith("Sample 50.0% of spend €350.00 10,000 200 2.00% 10 €35.00")
    assert rows[2] == "None – – – – – – – –"
    assert rows[3].startswith("Total €700.00 10,000 200 2.00% 35 €20.00")


def test_a_cost_is_judged_by_the_target() -> None:
    """17.50 is on target, 35.00 is off it; the total is not judged twice."""
    assert re.findall(r'class="ab-(\w+)" title="o\w+ target">(€[\d.]+)', table()) == [
        ("better", "€17.50"),
        ("worse", "€35.00"),
    ]


def test_targets_are_bars_with_a_verdict() -> None:
    """Plain words for a client."""
    html = targets_html(values(700.0, 35, 2_100.0), {"cpa": 25.0, "roas": 4.0}, currency="EUR", locale="en")
    assert words(html) == (
        "Cost per result €20.00 Target €25.00 · 20.0% better than the target "
        "Return on ad spend 3.00 Target 4.00 · 25.0% worse than the target"
    )


def test_a_target_of_an_unknown_figure_is_not_judged() -> None:
    """No results yet: neither good nor bad."""
    html = targets_html(UNKNOWN, {"cpa": 25.0}, currency="EUR", locale="en")
    assert "not known yet" in words(html)
    assert "width:0.0%" in html
    assert targets_html(UNKNOWN, {}, currency="EUR", locale="en") == '<p class="ab-note">No targets are set.</p>'


def test_warnings_are_a_list_and_none_is_nothing() -> None:
    """An empty box would worry for nothing."""
    assert warnings_html((), "en") == ""
    assert "<li>a &lt;b&gt;</li>" in warnings_html(("a <b>",), "en")
    assert HOSTILE not in warnings_html((HOSTILE,), "en")


def test_definitions_give_short_and_long_name() -> None:
    """The table says CPA, the definitions say what that is."""
    assert words(definitions_html(["cpa", "spend"], "en")) == (
        "Cost per result (CPA) Spend divided by results. Lower is better. Spend What the platform charged for the ads."
    )

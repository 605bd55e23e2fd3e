"""How far figures can be trusted, in words: the badge, and how final the newest results are."""

from dataclasses import replace
from datetime import date

import pytest

from aibuyer_kit.charts.live import bokeh_figure
from aibuyer_kit.charts.overview import chart_caption_html, masthead, overview_html, overview_trends
from aibuyer_kit.charts.quality import badge_html, badge_words, maturity_words
from aibuyer_kit.charts.static import svg

from .samples import PERIOD, Immature, Reconciled, overview

MAY_8, MAY_9, MAY_10 = (date(2026, 5, day) for day in (8, 9, 10))
DIFFERS = Reconciled("differs", differing_days=(MAY_8, MAY_10))
NEWEST = (Immature(MAY_9, 0.83, 0.95), Immature(MAY_10, 0.72, 0.8))


@pytest.mark.parametrize(
    ("found", "locale", "expected"),
    [
        (Reconciled(), "en", "Reconciled to the cent with the platform through May 10, 2026"),
        (
            Reconciled(not_compared=(MAY_8,)),
            "en",
            "Reconciled to the cent with the platform through May 10, 2026 (1 day was not compared)",
        ),
        (DIFFERS, "en", "2 days differ from the platform's own totals: May 8, 2026, May 10, 2026"),
        (Reconciled("not_compared", None), "en", "Not yet compared with the platform's own totals"),
        (Reconciled(), "uk", "Звірено з платформою до копійки по 10 трав. 2026 р. включно"),
        (DIFFERS, "uk", "2 дні відрізняються від підсумків самої платформи: 8 трав. 2026 р., 10 трав. 2026 р."),
        (Reconciled("not_compared", None), "uk", "Ще не звірено з підсумками самої платформи"),
    ],
)
def test_the_badge_says_in_words_what_its_colour_shows(found: Reconciled, locale: str, expected: str) -> None:
    """A sign, a sentence and the days; nobody has to see green from red."""
    assert badge_words(found, locale).replace("\xa0", " ").replace("\u202f", " ") == expected
    html = badge_html(found, locale)
    assert f'data-quality="{found.state}"' in html
    assert {"reconciled": "✓", "differs": "✗", "not_compared": "?"}[found.state] in html


def test_of_many_days_the_first_are_named() -> None:
    """A badge is not a list."""
    days = tuple(date(2026, 5, day) for day in range(1, 10))
    words = badge_words(Reconciled("differs", differing_days=days), "en")
    assert words.startswith("9 days differ")
    assert words.endswith("May 5, 2026 …")


@pytest.mark.parametrize(
    ("immature", "locale", "expected"),
    [
        ((), "en", ""),
        (
            NEWEST,
            "en",
            (
                "Results of the last 2 days of this period are about 72–95% complete: they will still grow, and the"
                " cost per result will fall."
            ),
        ),
        (
            NEWEST[1:],
            "uk",
            (
                "Результати останнього 1 дня цього періоду відомі приблизно на 72–80%: вони ще зростуть, а ціна"
                " результату знизиться."
            ),
        ),
        (
            (Immature(MAY_10, 1.2, 1.2),),
            "en",
            (
                "Results of the last day of this period stand at about 120% of what will remain: some are still taken"
                " back, and the cost per result will rise."
            ),
        ),
        (
            (Immature(MAY_9, 0.9, 0.9), Immature(MAY_10, None, None)),
            "en",
            (
                "Results of the last 2 days of this period are still arriving; how much they will change is not known"
                " yet for this account."
            ),
        ),
    ],
)
def test_how_final_results_are_is_told_with_its_share(
    immature: tuple[Immature, ...], locale: str, expected: str
) -> None:
    """Growing, shrinking, unknown, or nothing to tell."""
    assert maturity_words(immature, locale) == expected


def test_days_that_grow_beside_days_that_shrink_promise_nothing() -> None:
    """From 80% in one account to 120% in another: the direction of the whole is not known."""
    assert "how much they will change is not known" in maturity_words((Immature(MAY_10, 0.8, 1.2),), "en")


def test_a_page_carries_both_under_its_title() -> None:
    """In HTML and in plain text."""
    piece = masthead(overview(reconciliation=DIFFERS, immature=NEWEST))
    assert piece.html.index("Data as of") < piece.html.index("data-quality") < piece.html.index("72–95%")
    assert "2 days differ" in str(piece)
    assert "72–95%" in str(piece)
    assert 'data-quality="reconciled"' in overview_html(overview())


@pytest.mark.parametrize(
    ("name", "moves"), [("results", True), ("cpa", True), ("roas", True), ("spend", False), ("ctr", False)]
)
def test_only_what_depends_on_results_is_drawn_as_not_final(name: str, moves: bool) -> None:
    """Spend and clicks are known at once: hatched days, a key for them, and a sentence for who does not see them."""
    chart = overview_trends(overview(immature=NEWEST), [name])[0]
    assert ("<pattern" in svg(chart), "not final yet" in chart_caption_html(chart)) == (moves, moves)
    assert ("From May 9, 2026 on the figures are not final yet." in chart.describe()) is moves


def test_final_days_have_no_hatching() -> None:
    """Neither drawn nor spoken of."""
    chart = overview_trends(overview(), ["results"])[0]
    assert "<pattern" not in svg(chart)
    assert "not final" not in chart.describe() + chart_caption_html(chart)


def test_the_open_part_of_a_line_begins_where_the_final_one_ends() -> None:
    """No gap between them, and every day is drawn once."""
    chart = overview_trends(overview(immature=NEWEST), ["results"])[0]
    final, still_open = chart.parts(chart.series[0])
    assert (final.dates[-1], still_open.dates) == (MAY_8, (MAY_8, MAY_9, MAY_10))
    everything = replace(chart, not_final_from=PERIOD.since)
    assert [len(part.dates) for part in everything.parts(chart.series[0])] == [0, 7]


def test_the_live_chart_hatches_the_same_days() -> None:
    """One filled area, one hatched."""
    from bokeh.models import VArea

    plot = bokeh_figure(overview_trends(overview(immature=NEWEST), ["results"])[0])
    areas = [each for each in plot.renderers if isinstance(each.glyph, VArea)]
    hatched = [each for each in areas if each.glyph.hatch_pattern]
    (days,) = (each.data_source.data["day_words"] for each in hatched)
    assert days == ["May 8, 2026", "May 9, 2026", "May 10, 2026"]

"""An overview as pieces of a page."""

import re

import pytest

from aibuyer_kit.charts.fragment import PAGE_MIME, style_tag
from aibuyer_kit.charts.overview import (
    campaign_charts,
    campaigns,
    definitions,
    headline,
    masthead,
    overview_html,
    summary_sentences,
    targets,
    trends,
)

from .samples import HOSTILE, UNKNOWN, Row, mixed_overview, overview, values


def test_the_summary_tells_what_happened_in_plain_words() -> None:
    """The whole report in three sentences."""
    assert " ".join(summary_sentences(overview())) == (
        "€700.00 was spent in 7 days: 40.0% more than in the 7 days before. "
        "It brought 35 results at a cost of €20.00 each. "
        "That is better than the target of €25.00. Every €1.00 spent returned €3.00."
    )


@pytest.mark.parametrize(
    ("currency", "expected"),
    [("EUR", "Every €1.00 spent returned €2.25."), ("JPY", "Every ¥100 spent returned ¥225.")],
)
def test_what_a_unit_returned_is_not_rounded_away(currency: str, expected: str) -> None:
    """A currency without decimals tells of a hundred units, since "¥1 returned ¥2" would say 2.00 for 2.25."""
    assert summary_sentences(overview(totals=values(700.0, 35, 1575.0), currency=currency))[-1].endswith(expected)


def test_the_summary_speaks_ukrainian() -> None:
    """With the right plural after each number."""
    text = " ".join(summary_sentences(overview(), "uk")).replace("\xa0", " ")
    assert text.startswith("За 7 днів витрачено 700,00 EUR: на 40,0% більше, ніж за попередні 7 днів.")
    assert "Це принесло 35 результатів за ціною 20,00 EUR кожен." in text


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        (UNKNOWN, "Nothing is known about the spend of these 7 days. Its results are not known."),
        (
            values(10.0, 0, None),
            "€10.00 was spent in 7 days: 98.0% less than in the 7 days before. It brought no results.",
        ),
        (values(500.0, 1, None), "€500.00 was spent in 7 days, as much as in the 7 days before. It brought 1 result"),
    ],
)
def test_the_summary_does_not_make_up_what_is_unknown(totals: dict[str, float | None], expected: str) -> None:
    """No results and unknown results are two things."""
    assert " ".join(summary_sentences(overview(totals=totals))).startswith(expected)


def test_the_first_piece_names_the_page_and_says_how_fresh_the_data_are() -> None:
    """A reader must know as of when the figures hold."""
    piece = masthead(overview())
    bundle = piece._repr_mimebundle_()

    assert "Data as of May 11, 2026, 09:30 GMT+03:00" in piece.html
    assert bundle[PAGE_MIME] == {"title": "Sample shop · Advertising report", "locale": "en"}
    assert str(piece).startswith("Advertising report: Sample shop\nMay 4, 2026 – May 10, 2026")


def test_every_piece_escapes_names() -> None:
    """The client, the campaigns and the warnings are all text from elsewhere."""
    hostile = overview(client_name=HOSTILE, warnings=(HOSTILE,), campaigns=(Row("1", HOSTILE, values(1.0, 1)),))
    pieces = (masthead, headline, targets, trends, campaign_charts, campaigns, definitions)
    html = "".join(piece(hostile).html for piece in pieces)

    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 3


def test_a_period_without_days_has_no_trend() -> None:
    """A stated total has nothing to draw over days."""
    assert trends(overview(daily=())).html == ""
    assert campaign_charts(overview(campaigns=())).html == ""


def test_a_campaign_without_a_name_goes_by_its_id() -> None:
    """No row is anonymous."""
    assert '<th scope="row">42' in campaigns(overview(campaigns=(Row("42", "", values(1.0, 1)),))).html


def test_a_notebook_shows_the_whole_overview_with_its_style() -> None:
    """One expression at the end of a cell is enough."""
    html = overview_html(overview())
    assert html.startswith(style_tag())
    assert html.count("<svg") == 4
    assert re.findall(r"<h2>(.*?)</h2>", html) == ["At a glance", "Day by day", "Campaigns"]


def test_the_language_may_differ_from_the_clients_own() -> None:
    """A report may be asked for in another language."""
    assert "Кампанії" in overview_html(overview(), "uk")


def plain(piece: object) -> str:
    return re.sub(r"<[^>]+>", " ", str(getattr(piece, "html", piece))).replace("\xa0", " ")


def test_kinds_of_results_are_told_one_by_one() -> None:
    """A sentence for each, against its own target."""
    assert " ".join(summary_sentences(mixed_overview())) == (
        "€700.00 was spent in 7 days: 40.0% more than in the 7 days before. "
        "Purchases: 30 at €17.50. That is more than the target of €15.00. "
        "Leads: 5 at €35.00. That is better than the target of €40.00. Every €1.00 spent returned €3.00."
    )
    assert "Ліди: 5 за ціною 35,00 EUR." in " ".join(summary_sentences(mixed_overview(), "uk")).replace("\xa0", " ")


def test_tiles_targets_and_trends_have_one_of_each_kind() -> None:
    """Where a metric counts results; money stands once, for the whole."""
    tiles, bars, lines = headline(mixed_overview()).html, targets(mixed_overview()), trends(mixed_overview())
    labels = re.findall(r'<div class="ab-label">([^<]*)', tiles)
    assert labels == [
        "Spend",
        "Purchases",
        "Cost per result · Purchases",
        "Leads",
        "Cost per result · Leads",
        "Revenue",
        "Return on ad spend",
        "Click-through rate",
    ]
    aims = re.findall(r'<div class="ab-label">([^<]*)', bars.html)
    assert aims == [
        "Return on ad spend",
        "Cost per result · Purchases",
        "Cost per result · Leads",
        "Return on ad spend · Leads",
    ]
    assert lines.html.count("<figure") == 6
    titles = re.findall(r"<figcaption><span>([^<]*)", lines.html)
    assert titles[3:5] == ["Leads per day", "Cost per result per day · Leads"]


def test_each_campaign_is_judged_by_the_targets_of_its_own_result() -> None:
    """35.00 a lead is on target, 17.50 a purchase is not; the total has no cost per result."""
    body, foot = campaigns(mixed_overview(), columns=("results", "cpa")).html.split("<tfoot>")
    assert re.findall(r'<span class="ab-(better|worse)"[^>]*>(€[\d.]+)', body) == [
        ("worse", "€17.50"),
        ("better", "€35.00"),
    ]
    assert re.findall(r'<div class="ab-note">(Purchases|Leads)</div>', body) == ["Purchases", "Leads"]
    assert foot.count("Results of different kinds are not added up.") == 2


def test_costs_of_different_results_are_not_drawn_side_by_side() -> None:
    """A chart of its own for each kind."""
    titles = re.findall(r"<figcaption><span>([^<]*)", campaign_charts(mixed_overview()).html)
    assert titles == [
        "Share of spend",
        "Cost per result by campaign · Purchases",
        "Cost per result by campaign · Leads",
    ]

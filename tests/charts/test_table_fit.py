"""Wide tables in a real browser: no column is cut, on screens and on paper."""

from dataclasses import replace
from pathlib import Path

import pytest

from aibuyer_kit.charts.overview import campaigns, overview_html
from tests.pages import Visitor

from .samples import Row, mixed_overview, overview, values

HUGE = {**values(1_234_567_890.12, 98_765, 4_567_890_123.45), "impressions": 12_345_678_901, "clicks": 987_654_321}


@pytest.mark.parametrize("locale", ["en", "uk"])
@pytest.mark.parametrize(
    ("width", "paper"),
    [(1280, False), (1060, False), (900, False), (700, False), (390, False), (680, True), (760, True)],
)
def test_no_column_of_a_table_is_cut(tmp_path: Path, visit: Visitor, width: int, paper: bool, locale: str) -> None:
    """Billions of hryvnias in eight columns, down to a phone and a sheet of A4."""
    big = overview(currency="UAH", totals=HUGE, campaigns=(Row("1", "Sample Prospecting everywhere", HUGE),))
    page = tmp_path / "page.html"
    body = f'<meta charset="utf-8"><body style="margin:24px">{campaigns(big, locale)._repr_html_()}'
    page.write_text(body, encoding="utf-8")
    seen = visit(page.as_uri(), width=width)
    if paper:
        seen.page.emulate_media(media="print")
    cut = "[...document.querySelectorAll('.ab-scroll, .ab td')].filter(each => each.scrollWidth > each.clientWidth + 1)"
    assert seen.page.evaluate(f"{cut}.map(each => each.outerHTML.slice(0, 80))") == []
    cells = seen.page.locator("tbody tr").evaluate(
        "row => [...row.cells].map(each => each.getBoundingClientRect().right)"
    )
    assert max(cells) <= width - 24
    assert not seen.is_wider_than_the_window()


def test_amounts_of_a_usual_size_keep_their_type(tmp_path: Path, visit: Visitor) -> None:
    """Only what would not fit is made smaller."""
    page = tmp_path / "page.html"
    page.write_text(f'<meta charset="utf-8">{overview_html(overview())}', encoding="utf-8")
    seen = visit(page.as_uri(), width=1060)
    assert seen.page.locator("table").evaluate("table => getComputedStyle(table).fontSize") == "14px"


# What Jupyter says of every table in an output, before our own style comes.
JUPYTER = (
    ".jp-RenderedHTMLCommon table { table-layout: fixed; margin-bottom: 1em; }"
    ".jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th { white-space: normal; max-width: none; padding: 0.5em; }"
)
BROKEN_WORDS = """() => {
    const broken = [], texts = document.createTreeWalker(document.querySelector("table"), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/\\S+/g)) {
        const range = document.createRange();
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map(each => each.top)).size > 1) broken.push(word[0]);
    }
    return broken;
}"""


@pytest.mark.parametrize("locale", ["en", "uk"])
@pytest.mark.parametrize("width", [1240, 1060, 700, 390])
def test_no_word_of_a_table_is_broken(tmp_path: Path, visit: Visitor, width: int, locale: str) -> None:
    """Neither the kind of results under their number nor a campaign's name, in a notebook and on a page of its own."""
    page = tmp_path / "page.html"
    named = [replace(row, name=f"Sample Retargeting {row.entity_id}") for row in mixed_overview().campaigns]
    table = campaigns(mixed_overview(campaigns=tuple(named)), locale)._repr_html_()
    body = f'<style>{JUPYTER}</style><div class="jp-RenderedHTMLCommon">{table}</div>'
    page.write_text(f'<meta charset="utf-8"><body style="margin:24px">{body}', encoding="utf-8")
    seen = visit(page.as_uri(), width=width)
    assert seen.page.evaluate(BROKEN_WORDS) == []

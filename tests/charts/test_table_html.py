"""Plain tables: every figure has its head beside it where the heads are gone, and nothing is cut."""

import re
from pathlib import Path

import pytest

from aibuyer_kit.charts.fragment import style_tag
from aibuyer_kit.charts.table_html import html_table
from tests.pages import Visitor

HEADS = ("Arm", "Today", "Plan", "Порівняно зі звичайним (80%)", "Next unit <brings>")
ROWS = (
    ("Sample Prospecting everywhere <b>", "1 234 567 890,12 грн", "1 111 111 111,11 грн", "−10,0%", "0,42 грн"),
    ("Second", "75,00 грн", "82,50 грн", "+10,0%", "1,26 грн"),
)
FOOT = ("Together", "1 234 567 965,12 грн", "1 111 111 193,61 грн", "", "")


def page(tmp_path: Path) -> str:
    table = html_table(HEADS, ROWS, foot=FOOT, below=("and 3 more arms",))
    path = tmp_path / "page.html"
    path.write_text(f'<meta charset="utf-8"><body style="margin:16px">{style_tag()}<div class="ab">{table}</div>')
    return path.as_uri()


def test_every_cell_names_its_head_and_every_text_is_escaped() -> None:
    """Names and heads are anybody's words."""
    table = html_table(HEADS, ROWS, foot=FOOT)
    assert len(re.findall("<td ", table)) == len(re.findall("<td [^>]*data-label=", table)) == 12
    assert "<b>" not in table
    assert "&lt;brings&gt;" in table


def test_a_row_must_have_a_cell_for_every_head() -> None:
    """A figure under the wrong head would be a wrong figure."""
    with pytest.raises(ValueError, match="3 cells under"):
        html_table(HEADS, [("name", "1", "2")])


def test_on_a_phone_each_figure_stands_under_its_head(tmp_path: Path, visit: Visitor) -> None:
    """The heads are gone, the labels are there; a total that has no figure takes no room."""
    seen = visit(page(tmp_path), width=420)
    labels = "cell => getComputedStyle(cell, '::before').content"
    cells = seen.page.locator("tbody tr:first-child td")
    assert [each.evaluate(labels) for each in cells.all()] == [f'"{head}"' for head in HEADS[1:]]
    assert not seen.page.locator("thead").is_visible()
    assert seen.page.locator("tfoot td:visible").count() == 2
    assert not seen.is_wider_than_the_window()


@pytest.mark.parametrize("width", [1200, 900, 700, 420, 360])
def test_no_cell_is_cut(tmp_path: Path, visit: Visitor, width: int) -> None:
    """Billions, from a wide screen down to a phone."""
    seen = visit(page(tmp_path), width=width)
    cut = "[...document.querySelectorAll('.ab-scroll, .ab td')].filter(each => each.scrollWidth > each.clientWidth + 1)"
    assert seen.page.evaluate(f"{cut}.map(each => each.outerHTML.slice(0, 80))") == []


def test_no_table_of_the_package_has_cells_without_a_label() -> None:
    """A page that a phone shows as cards says of each figure what it is."""
    # A list of what a model is: each row is a name and its value, and no style of ours makes cards of it.
    lists = {"records.py"}
    package = Path(__file__).parents[2] / "aibuyer_kit"
    bare = [
        f"{path.relative_to(package)}:{number}"
        for path in sorted(package.rglob("*.py"))
        if path.name not in lists
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"<td(?![^>]*data-label)", line) and "<td></td>" not in line
    ]
    assert bare == []

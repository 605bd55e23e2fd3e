"""One page that asks nobody for anything."""

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from aibuyer_kit.charts.fragment import Fragment, style_tag
from aibuyer_kit.core.errors import ReportError
from aibuyer_kit.reports.brand import Brand
from aibuyer_kit.reports.publish import page_html, publish, self_contained

from .notebooks import executed

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class Fetches(HTMLParser):
    """Notes what a browser would fetch or run for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "base"}:
            self.found.append(tag)
        for name, value in attrs:
            link = name == "href" and tag != "a"
            if (name in {"src", "srcset", "poster", "data"} or link) and not str(value).startswith(("data:", "#")):
                self.found.append(f"{tag} {name}={value}")
            if name.startswith("on") or "javascript:" in str(value):
                self.found.append(f"{tag} {name}")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style":
            self.found += re.findall(r"@import|url\((?!#|data:)", data)


def fetched_by(page: str) -> list[str]:
    parser = Fetches()
    parser.feed(page)
    return parser.found


def page(*outputs: dict[str, object], title: str = "Sample", markdown: str = "") -> str:
    return page_html(executed(*outputs, markdown=markdown), brand=Brand(), title=title)


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/x.js"></script>',
        "<script>alert(1)</script>",
        '<link rel="stylesheet" href="https://cdn.example/x.css">',
        "<style>@import 'https://fonts.example/x.css'; b { color: red }</style>",
        "<style>b { background: url(//cdn.example/x.png) }</style>",
        '<img src="https://cdn.example/x.png" alt="x">',
        '<img srcset="//cdn.example/x.png 2x">',
        '<iframe src="https://cdn.example"></iframe>',
        '<b onclick="alert(1)">x</b>',
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" JaVaScRiPt:alert(1)">x</a>',
        '<svg><image xlink:href="https://cdn.example/x.svg"/><use href="//cdn.example/x"/></svg>',
        "<b style=\"background: URL('https://cdn.example/x.png')\">x</b>",
        '<meta http-equiv="refresh" content="0; url=https://cdn.example">',
        '<video poster="https://cdn.example/x.png"></video>',
        '<object data="https://cdn.example/x"></object>',
        '<base href="https://cdn.example/">',
        '<form action="https://cdn.example/"><button formaction="//cdn.example">x</button></form>',
    ],
)
def test_what_runs_or_is_fetched_is_taken_out(html: str) -> None:
    """A notebook may hold anything; its page is still one file."""
    kept = self_contained(f"<p>before</p>{html}<p>after</p>")
    assert fetched_by(kept) == []
    assert "cdn.example" not in kept
    assert kept.startswith("<p>before</p>")
    assert kept.endswith("<p>after</p>")


@pytest.mark.parametrize(
    "html",
    [
        '<svg viewBox="0 0 1 1"><clipPath id="a"/><path clip-path="url(#a)" style="fill: url(#b)"/></svg>',
        f'<img src="data:image/png;base64,{DOT}" alt="a &amp; b">',
        '<a href="https://example.org/?a=1&amp;b=2">x</a>',
        "<style>b { color: red }</style><p>5 &lt; 6 &#8230;</p><br/>",
        '<a href="#end">end</a>',
    ],
)
def test_what_is_harmless_stays_as_it_is(html: str) -> None:
    """Charts keep their capitals, text keeps its entities, links to read stay links."""
    assert self_contained(html) == html


def test_a_page_shows_outputs_and_no_code() -> None:
    """Clients read figures, not Python."""
    made = page({"text/html": "<p>figure</p>"}, {"text/plain": "plain <b>"}, {"image/png": DOT})
    assert "<p>figure</p>" in made
    assert "plain &lt;b&gt;" in made
    assert f"data:image/png;base64,{DOT}" in made
    assert "secret_code" not in made
    assert "In&nbsp;[" not in made


def test_a_page_forbids_the_browser_to_fetch_or_run_anything() -> None:
    """The second lock, should the first one fail."""
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page())
    assert policy is not None
    assert policy[1].split("; ")[0] == "default-src 'none'"
    assert "script-src" not in policy[1]
    assert fetched_by(page({"text/html": "<p>x</p>"})) == []


def test_the_title_is_escaped_wherever_it_comes_from() -> None:
    """A client's name may hold anything."""
    name = "</title><script>alert(1)</script>"
    about = Fragment("<p>x</p>", "x", page_title=name, locale="uk")._repr_mimebundle_()
    for made in (page(title=name), page(dict(about))):
        assert "<title>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;</title>" in made
        assert "<script" not in made
    assert '<html lang="uk">' in page(dict(about))


def test_the_style_of_pieces_stands_once() -> None:
    """Each piece brings it for notebooks; a page needs one."""
    piece = dict(Fragment("<p>x</p>", "x")._repr_mimebundle_())
    assert page(piece, piece).count(style_tag().removeprefix("<style>").removesuffix("</style>")) == 1


def test_an_empty_piece_leaves_no_gap() -> None:
    """A period without days has no trend, and no empty box in its place."""
    empty = dict(Fragment("", "")._repr_mimebundle_())
    assert page(empty, markdown="text").count("<section") == 1


def test_cells_for_readers_of_the_notebook_stay_out() -> None:
    """How to run a report is no news for a client; other text is shown."""
    cells = [
        new_markdown_cell("how to run", metadata={"tags": ["notebook-only"]}),
        new_markdown_cell("**for** all"),
        new_code_cell("1", outputs=[new_output("stream", name="stderr", text="40%|####")]),
        new_code_cell("1", outputs=[new_output("stream", name="stdout", text="a\x1b[31m red <b>")]),
    ]
    made = page_html(new_notebook(cells=cells), brand=Brand(name="Agency & Sons"), title="x")

    assert "how to run" not in made
    assert "<strong>for</strong> all" in made
    assert "40%" not in made
    assert "a red &lt;b&gt;" in made
    assert "Prepared by Agency &amp; Sons" in made


def test_a_page_that_is_too_big_to_send_is_refused(tmp_path: Path) -> None:
    """And leaves the last good one alone."""
    notebook, target = tmp_path / "n.ipynb", tmp_path / "n.html"
    target.write_text("good", encoding="utf-8")
    nbformat.write(executed({"text/plain": "x" * 1_100_000}), notebook)
    with pytest.raises(ReportError, match="a page may have 1,000,000"):
        publish(notebook, target)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["n.html", "n.ipynb"]
    assert target.read_text(encoding="utf-8") == "good"

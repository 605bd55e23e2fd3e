"""An executed notebook as one HTML page that asks nobody for anything: no script, font, style or picture from outside.

Two locks, one behind the other: what would be fetched is taken out of the page, and the page's own policy forbids the
browser to fetch or run anything that was missed.
"""

import contextlib
import re
import uuid
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from aibuyer_kit.charts.fragment import PAGE_MIME, style_css, style_tag
from aibuyer_kit.core.errors import ReportError
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import LOCALES, t
from aibuyer_kit.reports.brand import Brand, brand_css

if TYPE_CHECKING:
    from nbformat import NotebookNode

MAX_PAGE_BYTES = 1_000_000
# A cell with this tag is for readers of the notebook and stays out of the page.
NOTEBOOK_ONLY = "notebook-only"

_DROPPED = frozenset({"script", "link", "iframe", "object", "embed", "base", "meta", "template", "noscript"})
_VOID = frozenset({"link", "embed", "base", "meta"})
_FETCHING = frozenset(
    {"src", "srcset", "poster", "background", "data", "action", "formaction", "xlink:href", "manifest", "ping"}
)
_LINKING = frozenset({"a", "area"})
_OUTSIDE_CSS = re.compile(r"@import[^;]*;?|url\(\s*['\"]?(?!#|data:)[^)]*\)|image-set\([^)]*\)", re.IGNORECASE)
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def publish(notebook: Path, page: Path, *, brand: Brand | None = None, title: str = "") -> Path:
    """Write the outputs of an executed notebook as one page and return its path; the file appears whole or not at all.

    The title and language come from the first piece that names them. Raises ReportError if the page is too big or
    cannot be written.
    """
    import nbformat

    html = page_html(nbformat.read(notebook, as_version=4), brand=brand or Brand(), title=title or notebook.stem)
    encoded = html.encode(errors="replace")
    if len(encoded) > MAX_PAGE_BYTES:
        raise ReportError(
            f"{page.name} would have {len(encoded):,} bytes; a page may have {MAX_PAGE_BYTES:,}. Show fewer or smaller"
            " pictures in the notebook."
        )
    partial = page.with_name(f".{page.name}.{uuid.uuid4().hex}")
    try:
        partial.write_bytes(encoded)
        return partial.replace(page)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise ReportError(
            f"{page} cannot be written ({error.strerror}). Free some space, or check the folder's owner and mode."
        ) from None


def page_html(notebook: "NotebookNode", *, brand: Brand, title: str) -> str:
    """Return the page of an executed notebook; `title` is used where no piece names the page."""
    from nbconvert.exporters.html import HTMLExporter
    from nbconvert.exporters.templateexporter import TemplateExporter
    from traitlets.config import Config

    exporter = HTMLExporter(
        config=Config({"TagRemovePreprocessor": {"enabled": True, "remove_cell_tags": [NOTEBOOK_ONLY]}}),
        template_name="page",
        extra_template_basedirs=[str(files("aibuyer_kit.reports") / "templates")],
        filters={"self_contained": self_contained, "plain": _plain},
    )
    exporter.register_preprocessor("nbconvert.preprocessors.TagRemovePreprocessor", enabled=True)
    named = _named(notebook)
    locale = named.get("locale", "")
    locale = locale if locale in LOCALES else "en"
    css = "\n".join((style_css(), _page_css(), brand_css(brand)))
    footer = t(locale, "report.made_by", brand=brand.name)
    about = {"title": named.get("title") or title, "locale": locale, "css": css, "footer": footer}
    # The HTML exporter's own way would parse the page and write it anew, in lower case.
    body, _ = TemplateExporter.from_notebook_node(exporter, notebook, resources={"page": about})
    return str(body)


def self_contained(html: str) -> str:
    """Return HTML without anything that runs or is fetched: scripts, links, frames, outside pictures and styles."""
    cleaner = _Cleaner()
    cleaner.feed(html.replace(style_tag(), ""))
    cleaner.close()
    return "".join(cleaner.kept)


class _Cleaner(HTMLParser):
    """Copies HTML as it stands, but for elements and attributes that run or fetch something."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.kept: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            if tag not in _VOID:
                self._inside.append(tag)
        elif not self._inside:
            self._keep(tag, attrs, closing="")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _DROPPED and not self._inside:
            self._keep(tag, attrs, closing="/")

    def _keep(self, tag: str, attrs: list[tuple[str, str | None]], *, closing: str) -> None:
        whole = self.get_starttag_text() or ""
        if all(_harmless(tag, name, value or "") for name, value in attrs):
            self.kept.append(whole)
            return
        kept = ((name, value) for name, value in attrs if _harmless(tag, name, value or ""))
        inner = "".join(f" {name}" if value is None else f' {name}="{for_html(value)}"' for name, value in kept)
        self.kept.append(f"<{tag}{inner}{closing}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED:
            if tag in self._inside:
                self._inside.remove(tag)
        elif not self._inside:
            self.kept.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.kept.append(_OUTSIDE_CSS.sub("", data) if self.cdata_elem == "style" else data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")


def _harmless(tag: str, name: str, value: str) -> bool:
    if name.startswith("on"):
        return False
    if name == "style":
        return not _OUTSIDE_CSS.search(value)
    if name == "href":
        scheme = value.strip().lower()
        return scheme.startswith("#") or (tag in _LINKING and scheme.startswith(("https://", "http://", "mailto:")))
    return name not in _FETCHING or value.strip().startswith(("data:image/", "#"))


def _plain(text: str) -> str:
    words = _ANSI.sub("", str(text)).strip()
    return f'<div class="ab"><pre>{for_html(words)}</pre></div>' if words else ""


def _page_css() -> str:
    return (files("aibuyer_kit.reports") / "templates" / "page" / "page.css").read_text(encoding="utf-8").strip()


def _named(notebook: "NotebookNode") -> dict[str, str]:
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            about = output.get("data", {}).get(PAGE_MIME)
            if isinstance(about, dict):
                return {key: str(value) for key, value in about.items()}
    return {}

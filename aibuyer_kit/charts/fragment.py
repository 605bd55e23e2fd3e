"""A piece of a page that a notebook shows by itself and that a published page takes in without its style."""

from dataclasses import dataclass
from functools import cache

from aibuyer_kit.core.escape import for_html

# Beside the HTML of a page's first piece: what the whole page is called and in which language it is.
PAGE_MIME = "application/vnd.aibuyer.page+json"


@cache
def style_css() -> str:
    """Return the style sheet that every piece relies on; its colours are CSS variables that a brand may set."""
    from importlib.resources import files

    return (files("aibuyer_kit.charts") / "style.css").read_text(encoding="utf-8").strip()


def style_tag() -> str:
    """Return the style sheet as one <style> element."""
    return f"<style>{style_css()}</style>"


def whole_page(html: str, *, title: str, locale: str) -> str:
    """Return a piece whose untrusted parts are escaped as a page of its own, light or dark as its reader prefers."""
    dark = (
        "@media (prefers-color-scheme: dark) { :root { --ab-accent: #8aa4ff; --ab-good: #4cc38a; --ab-bad: #ff9470; } }"
    )
    return (
        f'<!doctype html><html lang="{locale}" style="color-scheme: light dark"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{for_html(title)}</title>{style_tag()}<style>{dark}</style>"
        '<body style="max-width: 960px; margin: 32px auto; padding: 0 16px">'
        f'<div class="ab">{html}</div></body></html>'
    )


@dataclass(frozen=True)
class Fragment:
    """HTML whose untrusted parts are already escaped, with the same in plain text.

    `page_title` and `locale` name the page that the piece opens; empty where it opens none.
    """

    html: str
    text: str
    page_title: str = ""
    locale: str = ""

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return "" if not self.html else f'{style_tag()}<div class="ab">{self.html}</div>'

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        bundle: dict[str, object] = {"text/html": self._repr_html_(), "text/plain": self.text}
        if self.page_title:
            bundle[PAGE_MIME] = {"title": self.page_title, "locale": self.locale}
        return bundle

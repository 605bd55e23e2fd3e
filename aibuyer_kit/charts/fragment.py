"""A piece of a page that a notebook shows by itself and that a published page takes in without its style."""

from dataclasses import dataclass
from functools import cache

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

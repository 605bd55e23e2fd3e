"""One escape for each way out: campaign names are written by strangers and are hostile until escaped."""

import html as _html
from unicodedata import category

# A spreadsheet runs a cell that begins so; a tab or return in front hides the character from a careless check.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

# Marks that turn the direction of the text after them: a name could make a page read otherwise than it is.
_DIRECTION_MARKS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\N{REPLACEMENT CHARACTER}")


def for_html(text: object) -> str:
    """Return `text` safe inside an HTML element or a quoted attribute.

    >>> for_html('<b onclick="x">')
    '&lt;b onclick=&quot;x&quot;&gt;'
    """
    return _html.escape(str(text).translate(_DIRECTION_MARKS), quote=True)


def for_terminal(text: object) -> str:
    """Return `text` on one line that draws nothing in the reader's terminal: no breaks, escape codes, direction marks.

    Spaces of other widths, which stand in amounts and days, become plain ones.

    >>> for_terminal("Sample\\n\\x1b[31mred"), for_terminal("270,00\\xa0EUR")
    ('Sample��[31mred', '270,00 EUR')
    """
    return "".join(map(_printable, str(text)))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return " " if category(character) == "Zs" else "\N{REPLACEMENT CHARACTER}"


def for_sheet(cell: object) -> object:
    """Return a CSV or XLSX cell that no spreadsheet runs: text that looks like a formula gets a leading apostrophe.

    Numbers stay numbers, negative ones too.

    >>> for_sheet("=1+1"), for_sheet(-3.5)
    ("'=1+1", -3.5)
    """
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA_STARTS):
        return "'" + cell
    return cell

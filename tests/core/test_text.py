"""Text on its way out: escaped for HTML and spreadsheets, harmless in a terminal."""

import doctest
import json
from datetime import date
from importlib import import_module

import pytest

from aibuyer_kit.core.escape import for_html, for_sheet
from aibuyer_kit.core.i18n import shown_decimals
from aibuyer_kit.core.text_table import as_json, as_table

MODULES = ["core.dates", "core.escape", "core.facts", "core.metrics", "core.money", "core.text_table", "access.ids"]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_are_true(name: str) -> None:
    """What a reader copies from the documentation gives what it says."""
    outcome = doctest.testmod(import_module(f"aibuyer_kit.{name}"))
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize(
    "payload", ["<script>alert(1)</script>", "\" onload='x'", "</td><img src=x onerror=y>", "&lt;"]
)
def test_no_payload_leaves_html_text(payload: str) -> None:
    """Neither an element nor an attribute can be opened or closed."""
    assert not set("<>\"'") & set(for_html(payload))


def test_marks_that_turn_the_direction_of_text_are_made_visible() -> None:
    """A name must not make the rest of the line read backwards."""
    assert for_html("ok \u202evil") == "ok \ufffdvil"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    """The name of a campaign is not a formula."""
    assert for_sheet(cell) == "'" + cell


@pytest.mark.parametrize("cell", [-3.5, 0, None, "Campaign - 1", "a=b"])
def test_numbers_and_harmless_text_stay_as_they_are(cell: object) -> None:
    """Negative numbers survive as numbers."""
    assert for_sheet(cell) is cell


def test_a_name_with_control_characters_cannot_draw_in_the_terminal() -> None:
    """Escape codes and line breaks in a campaign's name are shown as replacement characters."""
    assert "\x1b" not in as_table([{"name": "\x1b[31mred\nnext"}])
    assert len(as_table([{"name": "two\nlines"}]).splitlines()) == 2


def test_json_keeps_types_and_refuses_nan() -> None:
    """A program that reads the output gets days as text, unknowns as null, and never NaN."""
    assert json.loads(as_json([{"day": date(2026, 3, 1), "cpa": None, "n": 3}])) == [
        {"day": "2026-03-01", "cpa": None, "n": 3}
    ]
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json([{"cpa": float("nan")}])


def test_an_empty_table_says_what_it_is() -> None:
    """Nothing is printed as a sentence, not as an empty page."""
    assert as_table([], empty="No facts in this period.") == "No facts in this period."


def test_amounts_have_the_decimals_of_their_currency() -> None:
    """2,114 yen, 1.235 dinars and 0.50 euros; a ratio keeps its two, and a share its four."""
    rows = [
        {"spend": 2114.0, "currency": "JPY", "roas": 2.0, "ctr": 0.0186},
        {"spend": 1.2345, "currency": "KWD", "roas": 2.5, "ctr": 0.5},
        {"spend": 0.5, "currency": "EUR", "roas": 3.0, "ctr": None},
    ]
    lines = as_table(rows, decimals=shown_decimals).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["2,114", "1.234", "0.50"]
    assert lines[1].split()[2:] == ["2.00", "0.0186"]

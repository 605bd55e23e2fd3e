"""Figures that are still arriving: what a rule says of what they are expected to come to, on tables written by hand."""

from typing import Any

import pytest

from aibuyer_kit.rules.evaluate import evaluate
from aibuyer_kit.rules.language import Rule, rule_of
from aibuyer_kit.rules.ripening import ripened, turned, with_expected
from aibuyer_kit.rules.sentences import sentence
from aibuyer_kit.rules.trace import Trace
from aibuyer_kit.rules.trace_lines import lines_of, window_words
from aibuyer_kit.rules.versions import document_of
from tests.rules.worlds import Figures, leaf, rule, subject, table

DEAR = {"all": [leaf("spend", ">", 300), {"any": [leaf("cpa", ">", 100), leaf("results", "=", 0)]}]}
# Four results for 480, and five are expected: 120 each now, 96 then.
YOUNG: Figures = {
    "spend": 480_000_000,
    "results over 3 days to yesterday": 4,
    "results over 3 days to yesterday, matured": 5,
}


def ripe_of(one: Rule) -> Rule:
    found = ripened(one)
    assert found is not None
    return found


def both(one: Rule, figures: Figures = YOUNG) -> tuple[Trace, Trace]:
    """Return a rule's trace and that of the rule with all that has yet to arrive."""
    later = ripe_of(one)
    looked = table([one, later], [(subject(), figures)])
    return evaluate(one, looked, 0), evaluate(later, looked, 0)


def test_a_rule_is_ripened_in_every_comparison_of_results_on_both_sides() -> None:
    """Spend arrives at once; a threshold that is counted from results ripens as well."""
    against = leaf("spend", ">", {"expr": "2 * cpa", "of": "account"})
    found = [*ripe_of(rule({"all": [leaf("roas", "<", 1), {"not": against}, leaf("clicks", ">", 5)]})).leaves()]
    assert [getattr(each, "matured", None) for each in found] == [True, False, False]
    assert found[1].value.matured  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "when",
    [leaf("spend", ">", 1), leaf("cpa", ">", 1, matured=True), {"field": "name", "op": "contains", "value": "shoes"}],
)
def test_a_rule_that_waits_for_nothing_stays_as_it_is(when: Any) -> None:
    """Nothing of it ripens, or it asks for ripe figures already."""
    assert ripened(rule(when)) is None


def test_a_trace_tells_what_its_figures_are_expected_to_come_to() -> None:
    """In both languages, in the sentence and in the table of truth."""
    now, then = both(rule(DEAR))
    assert (now.verdict, then.verdict) == (True, False)
    told = with_expected(now, then).content()
    assert "is 120, above 100 (results are still arriving: 96 is expected)" in sentence(told, "en")
    assert "120, більше ніж 100 (результати ще надходять: очікується 96)" in sentence(told, "uk")
    assert any(line.endswith("still arriving, expected: 96") for line in lines_of(told))
    assert any("cpa > 100: 120 (3 дні до вчора: " in line for line in lines_of(told, 0, "uk"))


def test_what_turns_is_told_as_it_is_now_and_then() -> None:
    """Only the comparisons whose verdict is another one."""
    pairs = [(one.expr, one.value, other.value) for one, other in turned(*both(rule(DEAR)))]
    assert pairs == [("cpa", 120.0, 96.0)]


def test_a_figure_that_is_final_is_told_as_it_always_was() -> None:
    """What comes to the same needs no remark."""
    figures = {**YOUNG, "results over 3 days to yesterday, matured": 4.001}
    one, other = both(rule(leaf("cpa", ">", 100)), figures)
    assert "expected" not in sentence(with_expected(one, other).content(), "en")


def test_a_figure_of_which_nobody_knows_what_it_comes_to_says_so() -> None:
    """It is not taken for final."""
    figures = {**YOUNG, "results over 3 days to yesterday, matured": None}
    one, other = both(rule(leaf("cpa", ">", 100)), figures)
    assert (one.verdict, other.verdict) == (True, None)
    told = with_expected(one, other).content()
    assert "may still be arriving; what it will come to is not known yet" in sentence(told, "en")
    assert "expected: unknown" in next(lines_of(told))


def test_a_trace_of_before_has_no_such_figures_and_reads_as_it_did() -> None:
    """Records in ledgers stay readable."""
    content = both(rule(DEAR))[0].content()
    old = {**content["parts"][0]}
    assert not {"expected", "is_final"} & old.keys()
    assert "expected" not in sentence(old, "en") + next(lines_of(old))


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ("1 day to today", "1 день до сьогодні"),
        ("7 days to 2 days ago", "7 днів до дня, що був 2 дні тому"),
        ("3 hours to last hour", "3 години до минулої години"),
        ("this month to yesterday", "цей місяць до вчора"),
        ("last week", "минулий тиждень"),
        ("lifetime to today", "весь час до сьогодні"),
    ],
)
def test_windows_are_told_in_ukrainian(window: str, words: str) -> None:
    """As they are told in English where that is the language."""
    assert (window_words(window, "uk"), window_words(window, "en")) == (words, window)


def test_figures_that_are_meant_as_they_stand_are_told_and_ripen_nothing() -> None:
    """An explicit false holds for both sides of its comparison; it is kept, and is another revision."""
    against = {"expr": "2 * cpa", "of": "account"}
    meant, unsaid = rule(leaf("cpa", ">", against, matured=False)), rule(leaf("cpa", ">", against))
    assert ripened(meant, only_open=True) is None
    assert ripened(unsaid, only_open=True) is not None
    assert ripened(meant) is not None
    assert meant.revision != unsaid.revision
    again = rule_of(document_of(meant))
    assert (again.revision, ripened(again, only_open=True)) == (meant.revision, None)
    right = rule(leaf("cpa", ">", against | {"matured": False}))
    (only,) = ripened(right, only_open=True).leaves()  # type: ignore[union-attr]
    assert (only.matured, only.value.matured) == (True, False)  # type: ignore[union-attr]

"""What raises and lowers what creatives bring, in words."""

import math
import re
from dataclasses import replace

import pytest

from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.creatives.evidence import Evidence, Item
from aibuyer_kit.creatives.rank import rank
from aibuyer_kit.creatives.told import RankingTold
from tests.creatives.simulated import simulated
from tests.forecasting.test_why import ENGLISH


def told(evidence: Evidence, locale: str = "en") -> RankingTold:
    return RankingTold(rank(evidence, draws=200), "creatives", locale)


@pytest.fixture(scope="module")
def planted() -> Evidence:
    """Return creatives of which those with SHOP_NOW work 1.8 times as well."""
    return simulated(2, sets=30, ads=4, results_each=8, spread=0.1, of_call=0.6).evidence


def test_a_planted_attribute_is_named_first_of_all_and_of_one(planted: Evidence) -> None:
    found = told(planted)
    first = found.why().parts[0]
    assert first.key == "call_to_action: SHOP_NOW"
    assert 1.2 < math.exp(first.amount) < 2.2
    has = [each for each in planted.items if each.shown["call_to_action"] == "SHOP_NOW"]
    one = found.why(has[0].id)
    assert next(each for each in one.parts if each.key not in ("seen", "delivery")).key == first.key
    assert next(each for each in one.parts if each.key == first.key).remark == "yes"


def test_factors_multiply_to_how_good_it_is(planted: Evidence) -> None:
    """The one of the table, but for its draws."""
    found = told(planted)
    for each in found.ranked[:5]:
        whole = found.why(each.name).whole
        assert whole is not None
        assert math.exp(whole.amount) == pytest.approx(each.index, rel=0.1)


def test_a_return_is_of_its_rate_and_of_what_a_result_is_worth() -> None:
    made = simulated(4, sets=20, ads=3, metric="roas").evidence
    made = replace(made, revenue=made.count * 50.0)
    found = told(made).why(made.items[0].id)
    assert [each.title for each in found.more] == ["Results for the same money", "Value of a result"]
    assert found.whole is not None
    assert found.whole.amount == pytest.approx(sum(each.whole.amount for each in found.more if each.whole))


def test_where_nothing_was_learnt_that_is_said() -> None:
    made = simulated(1, sets=3, ads=3).evidence
    assert "does not tell yet" in repr(told(made).why())
    assert "does not tell yet" in repr(told(made).why(made.items[0].id))
    assert "<svg" not in told(made).why().html()


def test_ukrainian_has_no_english_and_names_are_text(planted: Evidence) -> None:
    """But for what the platform calls a button."""
    hostile = Item(planted.items[0].id, "<b>Ш</b>", planted.items[0].shown)
    found = told(replace(planted, items=(hostile, *planted.items[1:])), "uk")
    for text in (repr(found.why()), repr(found.why(hostile.id)).replace("<b>Ш</b>", "")):
        left = re.sub("SHOP_NOW|LEARN_MORE|SIGN_UP|Creative", "", text)
        assert not ENGLISH.search(left), left
    assert "<b>Ш" not in found.why(hostile.id).page()


def test_a_name_that_is_not_there_or_that_two_have_is_refused(planted: Evidence) -> None:
    found = told(planted)
    with pytest.raises(NotFoundError, match="no 'x' in this ranking"):
        found.why("x")
    same = tuple(replace(each, name="same") for each in planted.items)
    with pytest.raises(InputError, match="120 items are called 'same'"):
        told(replace(planted, items=same)).why("same")

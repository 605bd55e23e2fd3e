"""What can be seen of a creative explains the stated part of what it is worth, and no more."""

from itertools import product

import numpy as np
import pytest

from aibuyer_kit.sandbox.market.creatives import Creative
from aibuyer_kit.sandbox.market.emergent.creatives import quality_of
from aibuyer_kit.sandbox.market.emergent.rules import Attention

FORMS, CALLS, TITLES = ("SHARE", "VIDEO"), ("SHOP_NOW", "LEARN_MORE", "SIGN_UP"), ("one", "two", "three", "four")
SHOWN = list(product(FORMS, CALLS, TITLES))
A_KIND = 100


def creatives() -> list[Creative]:
    """Return a hundred creatives of each of 24 kinds, which differ in nothing that can be seen."""
    kinds = [kind for kind in SHOWN for _ in range(A_KIND)]
    return [
        Creative(f"creative {number}", "Sample", object_type=form, call_to_action=call, title=title)
        for number, (form, call, title) in enumerate(kinds)
    ]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_within_a_kind_the_hidden_part_is_what_is_left(share: float) -> None:
    """The variance within a kind is that of the part which cannot be seen, and no kind is better by chance alone."""
    logs = np.log(quality_of(creatives(), Attention(creative_spread=0.5, attributes_share=share), seed=3))
    by_kind = logs.reshape(len(SHOWN), A_KIND)
    within = by_kind.var(axis=1, ddof=1).mean()
    # Each kind's mean is off by the variance within over the number of its creatives.
    between = by_kind.mean(axis=1).var(ddof=1) - within / A_KIND

    assert within == pytest.approx((1 - share) * 0.25, abs=0.01)
    assert abs(between) < 0.001 if share == 0 else between > 0.1 * share * 0.25


def test_over_many_worlds_what_can_be_seen_explains_the_stated_part() -> None:
    """Over worlds, the worth of a kind has the variance that the share says: worlds value attributes differently."""
    attention = Attention(creative_spread=0.5, attributes_share=0.3)
    kinds = np.array(
        [np.log(quality_of(creatives(), attention, seed)).reshape(24, A_KIND).mean(axis=1) for seed in range(60)]
    )

    # Two kinds that share nothing are independent, so that one kind over worlds has the whole variance.
    assert kinds.var(axis=0, ddof=1).mean() == pytest.approx(0.3 * 0.25, rel=0.25)
    assert abs(kinds.mean()) < 0.06

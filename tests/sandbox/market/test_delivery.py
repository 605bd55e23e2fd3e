"""Splitting money so that the parts make the whole."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.sandbox.market.delivery import _largest_shares, largest_remainder


@given(st.lists(st.fractions(min_value=0, max_value=10**9), max_size=6))
def test_the_parts_add_up_to_the_whole_part_of_the_sum(exact: list[Fraction]) -> None:
    """No cent is made or lost, and no part is a whole unit away from its share."""
    whole = largest_remainder(exact)

    assert sum(exact) - 1 < sum(whole) <= sum(exact)
    assert all(abs(part - share) < 1 for part, share in zip(whole, exact, strict=True))


@given(
    st.integers(0, 10**15),
    st.integers(1, 10**11),
    st.lists(st.integers(0, 70), min_size=1, max_size=5),
)
def test_the_quick_way_for_quiet_days_gives_the_same(amount: int, divisor: int, weights: list[int]) -> None:
    """A day without a change is split as any other, only faster."""
    total = sum(weights)
    exact = [Fraction(amount * weight, divisor * total) if total else Fraction(0) for weight in weights]

    assert _largest_shares(amount, divisor, weights) == largest_remainder(exact)

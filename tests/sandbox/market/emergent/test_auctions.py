"""The compiled hour against the law that `hours.live` tells, written out in arrays."""

import numpy as np
import pytest

from aibuyer_kit.sandbox.market.arrays import Groups
from aibuyer_kit.sandbox.market.emergent.auctions import Bidding, Cells, Count, Luck, Memory, Passing, passed

# Four audiences, of which the first two and the last two share people; three runs of luck; two share a budget.
SLOTS = np.array([[0, 1, 2, 3, 0, 2], [4, 4, 4, 4, 1, 3]])
ADSETS, CELLS, RUNS = 4, 6, 3
OWNERS = Groups(SLOTS.ravel(), ADSETS + 1)


def of_adsets(by_slot):
    return OWNERS.sums(by_slot.reshape(-1, RUNS))[:-1]


def to_slots(by_adset):
    return np.concatenate([by_adset, np.zeros((1, RUNS))])[SLOTS]


def held(squared, rivals, people, price, traffic, parts):
    """Return spend, impressions and what is shown where ad sets take part in the first `parts` of the time."""
    of_slot, both, alone = to_slots(parts), squared.sum(axis=0) + rivals, squared + rivals
    together = np.minimum(of_slot[0], of_slot[1])
    shown_both = squared * (traffic / both) * together
    shown_alone = squared * (traffic / alone) * (of_slot - together)
    cost = np.sqrt(np.pi) * people * price * (
        shown_both / (1 + np.sqrt(rivals / both)) + shown_alone / (1 + np.sqrt(rivals / alone))
    )  # fmt: skip
    return of_adsets(cost), of_adsets((shown_both + shown_alone) * people), shown_both + shown_alone


@pytest.mark.parametrize("plenty", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_the_loops_do_what_the_law_says(seed, plenty):
    """With budgets that last, and with ones that run out within the hour, alone or together with another."""
    draw = np.random.default_rng(seed)

    def some(*shape, scale=1.0):
        return scale * draw.uniform(0.5, 1.5, shape)

    cells = Cells(
        SLOTS, some(CELLS, scale=9e4), some(CELLS, scale=0.01), some(CELLS, scale=3e-4), some(CELLS, scale=0.1),
        some(CELLS, scale=0.02), np.array([0, 1, 1, 0, 0, 1]), some(2, CELLS, scale=0.5),
    )  # fmt: skip
    luck = Luck(*(some(2, RUNS) for _ in range(2)), *(some(RUNS) for _ in range(3)))
    active = np.ones((ADSETS, RUNS))
    active[3, 1] = 0.0
    most = some(ADSETS, RUNS, scale=1e6 if plenty else 12.0)
    bidding = Bidding(active, some(2, CELLS, RUNS), some(2, CELLS, RUNS, scale=0.1), most, np.array([0, 1, 1, 2]))
    passing = Passing(0.7, 0.05, 1 / 24)
    memory = Memory(
        some(ADSETS, RUNS, scale=0.01), *(some(ADSETS, RUNS) for _ in range(4)), some(CELLS, RUNS, scale=3e-3),
        some(2, CELLS, RUNS),
    )  # fmt: skip
    before = Memory(*(each.copy() for each in memory))
    counted = Count(
        *(np.zeros((ADSETS, RUNS)) for _ in range(4)), *(np.zeros((CELLS, RUNS)) for _ in range(2)), some(RUNS)
    )
    passed(cells, bidding, luck, passing, memory, counted)

    budget = Groups(bidding.holder, 3)
    room = np.maximum(most - budget.sums(before.spent_today)[bidding.holder], 0.0)
    people, leave = cells.people[:, None], cells.leave[:, None]
    price = cells.price[:, None] * luck.day_price[cells.group] * luck.price
    squared = (to_slots(before.bid * active * (room > 0)) * bidding.worth) ** 2
    squared[1, :4] = 0.0
    spend, seen, shown = held(squared, price**2, people, price, passing.traffic, active**0)
    assert memory.rate[active > 0] == pytest.approx((spend / passing.day_share)[active > 0], rel=1e-12)
    kept = np.minimum(1.0, room / np.maximum(budget.sums(spend)[bidding.holder], 1e-12))
    assert (kept < 1.0).any() != plenty
    spend, seen, shown = held(squared, price**2, people, price, passing.traffic, np.where(spend > 0, kept, 1.0))
    over = np.minimum(1.0, room / np.maximum(budget.sums(spend)[bidding.holder], 1e-12))
    spend, seen, shown = spend * over, seen * over, shown * to_slots(over)
    persuading = shown * bidding.persuasion * luck.stock
    rate = persuading.sum(axis=0) + leave * passing.days
    coming = np.minimum(cells.inflow[:, None] * luck.day_demand[cells.group] * luck.demand, leave) * passing.days
    after = coming / rate + (before.pool - coming / rate) * np.exp(-rate)
    leaving = (before.pool + coming - after) * people / rate
    organic = leaving * cells.organic[:, None] * passing.days * luck.stock
    tracked = of_adsets(persuading * leaving * cells.in_window[..., None]) * counted.tracking
    for found, wanted in (
        (counted.spend, spend), (memory.spent_today, before.spent_today + spend), (counted.impressions, seen),
        (memory.shown_today, before.shown_today + shown), (memory.pool, after), (counted.organic, organic),
        (counted.persuaded, of_adsets(persuading * leaving)), (counted.tracked, tracked),
        (counted.organic_tracked, organic * counted.tracking), (memory.bid, before.bid),
    ):  # fmt: skip
        assert found == pytest.approx(wanted, rel=1e-12, abs=1e-15)

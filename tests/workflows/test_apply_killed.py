"""kill -9 at every step of applying a change and at any moment: the right values, one effect each, no row missing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aibuyer_kit.workflows.apply import Step

from .killed_applies import Shop, Tally, assert_accounted_for, killed_applies, shop_on


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop_on(tmp_path_factory.mktemp("shop")) as made:
        yield made


FAULTS = {"": Step, "response_lost": (Step.SENT, Step.CONCLUDED), "connection_lost": (Step.SENT, Step.CONCLUDED)}


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        pytest.param(fault, step, id=f"{fault or 'well'}-{step.name}")
        for fault, steps in FAULTS.items()
        for step in steps
    ],
)
def test_a_kill_after_any_step_leaves_one_effect(shop: Shop, step: Step, fault: str) -> None:
    """The next run brings the change to its end, whether the killed one had sent it, and whether that took effect."""
    shop.platform.advance(2 * 3_600)
    since, object_id = shop.last_call(), shop.adsets[0]
    before = int(shop.value(object_id, "daily_budget"))
    change = shop.change(object_id, "daily_budget", before + 1_000_000)
    plan = shop.approved(change)
    if fault:
        shop.fault(fault)
    killed = shop.apply_in_child(killed_at=int(step))
    shop.fine()
    assert killed or fault == "connection_lost"
    shop.apply_in_child()
    assert shop.value(object_id, "daily_budget") == change.after
    assert shop.plan(plan.proposal_id).changes[0].outcome.verdict == "done"  # type: ignore[union-attr]
    assert_accounted_for(shop, [shop.plan(plan.proposal_id)], since)


@pytest.mark.parametrize("applies", [True, False], ids=["applied", "not-applied"])
def test_a_kill_while_the_platform_says_nothing_leaves_one_effect(shop: Shop, *, applies: bool) -> None:
    """The call was on its way, and nobody knows whether it arrived."""
    shop.platform.advance(2 * 3_600)
    since, object_id = shop.last_call(), shop.adsets[1]
    change = shop.change(object_id, "daily_budget", int(shop.value(object_id, "daily_budget")) + 1_000_000)
    plan = shop.approved(change)
    shop.fault("hang", options={"seconds": 0.0, "applies": applies})
    assert shop.apply_in_child(after_seconds=1.5)
    shop.fine()
    shop.apply_in_child()
    assert shop.value(object_id, "daily_budget") == change.after
    assert_accounted_for(shop, [shop.plan(plan.proposal_id)], since)


def rounds(folder: Path, seed: int, kills: int) -> Tally:
    """Go on, under faults and beside people, until so many processes have been killed."""
    with killed_applies(folder, seed) as applies:
        while applies.tally.kills < kills:
            applies.round()
    return applies.tally


def test_random_kills_under_faults_leave_nothing_wrong(tmp_path: Path) -> None:
    """Five of them; the soak has two hundred."""
    assert rounds(tmp_path, seed=5, kills=5).verdicts["done"] > 0


@pytest.mark.soak
def test_two_hundred_random_kills_leave_nothing_wrong(tmp_path: Path) -> None:
    """0 wrong values, 0 double effects, 0 missing rows, by the platform's own record of calls."""
    tally = rounds(tmp_path, seed=17, kills=200)
    print(tally)  # noqa: T201 - the figures of the run
    assert tally.verdicts["conflict"] > 0
    assert tally.resent > 0

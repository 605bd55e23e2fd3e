"""The changes of plans of an account in another currency, with arms that are paused, slow, or of lifetime budgets."""

import math
from datetime import date, datetime, timedelta

import pytest

from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.core.exchange import ExchangeRates
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.plan import Plan
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.shown import Shown
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.panel import rate_of
from aibuyer_kit.workspace import Client
from tests.warehouse.rows import action, entity_page, insight, insight_page

from .counting import reopened, write_client

DAYS = DateRange(date(2026, 4, 1), date(2026, 5, 30))
KNOWN_AT = datetime.fromisoformat("2026-05-31T09:00+00:00")
# One unit of the account is two cents of the euro that figures are shown in: 5,000 a day are 100.00.
MONEY = '[money]\ncurrency = "EUR"\nrates = "rates.csv"\nlongest_age_days = 90\n'
# By ad set: campaign, status, daily budget, spend a day, purchases a day, last day of spend.
ADSETS = {
    "s-1": ("c-1", "ACTIVE", 5000, 5000.0, 12, DAYS.until),
    "s-2": ("c-1", "ACTIVE", 5000, 5000.0, 3, DAYS.until),
    "s-3": ("c-1", "ACTIVE", 10000, 3000.0, 9, DAYS.until),
    "s-4": ("c-1", "PAUSED", 2000, 2000.0, 5, DAYS.until - timedelta(days=3)),
    "s-5": ("c-2", "ACTIVE", 2000, 2000.0, 5, DAYS.until - timedelta(days=20)),
    "s-6": ("c-1", "ACTIVE", None, 1000.0, 9, DAYS.until),
}


def _entities(level: str) -> list[dict[str, object]]:
    base: dict[str, object] = {"platform": "meta", "account_id": "act_1", "level": level}
    if level == "account":
        return [base | {"entity_id": "act_1", "name": "Sample", "time_zone": "UTC", "currency": "UAH"}]
    if level == "campaign":
        return [
            base | {"entity_id": each, "name": f"Campaign {each}", "status": status, "objective": "OUTCOME_SALES"}
            for each, status in (("c-1", "ACTIVE"), ("c-2", "PAUSED"))
        ]
    return [
        base
        | {"entity_id": each, "name": f"Set {each}", "campaign_id": campaign, "status": status}
        | ({"daily_budget_micros": budget * 1_000_000} if budget else {"lifetime_budget_micros": 90_000_000_000})
        for each, (campaign, status, budget, *_) in ADSETS.items()
    ]


def _facts() -> list[dict[str, object]]:
    return [
        insight(
            f"ad-{each}", day, adset_id=each, campaign_id=campaign, currency="UAH", spend_micros=round(spend * 1e6),
            actions=[action("purchase", sold)], action_values=[action("purchase", sold * 1_500_000_000)],
        )
        for each, (campaign, _, _, spend, sold, last) in ADSETS.items()
        for day in DAYS
        if day <= last
    ]  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Client:
    context = write_client(tmp_path_factory.mktemp("changes"), MONEY)
    (context.folder / "rates.csv").write_text("date,from,to,rate\n2026-03-31,UAH,EUR,0.02\n", encoding="utf-8")
    with open_writer(context.warehouse) as writer:
        for level in (Level.ACCOUNT, Level.CAMPAIGN, Level.ADSET):
            page = entity_page(_entities(str(level)))
            writer.load(Coverage("entities", "meta", "act_1", level), [page], known_at=lambda: KNOWN_AT)
        facts = Coverage("insights", "meta", "act_1", Level.AD, days=DAYS, attribution="default")
        writer.load(facts, [insight_page(_facts())], known_at=lambda: KNOWN_AT)
    return reopened(context)


@pytest.fixture(scope="module")
def curves(shop: Client) -> ResponseCurves:
    return shop.curves().curves


@pytest.fixture(scope="module")
def plan(shop: Client, curves: ResponseCurves) -> Plan:
    return shop.plan(curves=curves)


def _of(plan: Plan, arm: str) -> dict[str, Change]:
    return {change.field: change for change in plan.changes if change.object_id == arm}


def test_budgets_are_read_and_changed_in_the_currency_of_their_account(curves: ResponseCurves, plan: Plan) -> None:
    """A budget of 5,000 is 100.00 a day, and a plan of 110.00 for it is a change to 5,500."""
    assert curves.spend_now[curves.arms.index("s-1")] == pytest.approx(100.0)
    assert plan.currency == "EUR"
    assert plan.allocation["s-1"] > 100_000_000 > plan.allocation["s-2"]
    for arm in ("s-1", "s-2"):
        change = _of(plan, arm)["daily_budget"]
        assert (change.before, change.after) == (5_000_000_000, plan.allocation[arm] * 50)


def test_what_does_not_spend_its_budget_stays_at_both(curves: ResponseCurves, plan: Plan) -> None:
    """It spends 60.00 of 200.00: neither its part of the plan nor its budget changes, and a note names it."""
    assert curves.goes_by_budget[curves.arms.index("s-3")] is False
    assert plan.allocation["s-3"] == 60_000_000
    assert not _of(plan, "s-3")
    assert ("not_by_budget", {"count": 1, "names": ("Set s-3",)}) in plan.notes
    assert "Set s-3" in plan.text("uk").partition("Що слід знати")[2]


def test_what_does_not_spend_its_budget_moves_only_where_nothing_else_can(shop: Client, curves: ResponseCurves) -> None:
    """Of 50.00 its 60.00 cannot stay: it falls, and no note says that its budget is left. Other clashes stand."""
    cut = shop.plan(50, curves=curves)
    assert cut.allocation["s-3"] < 60_000_000
    notes = dict(cut.notes)
    assert "not_by_budget" not in notes
    assert notes["not_by_budget_moved"]["names"] == ("Set s-3",)
    half = shop.plan(140, curves=curves)
    assert half.allocation["s-3"] == 60_000_000
    with pytest.raises(PlanError, match="'Set s-1' spends at least 200") as refused:
        shop.plan(120, curves=curves, least={"s-1": 200})
    assert all(limit.of != "s-3" for limit in refused.value.clashing)


def test_what_is_paused_itself_or_above_gets_nothing_and_does_not_count_as_spent(plan: Plan) -> None:
    """One was paused three days ago, the other is under a paused campaign: today's total is that of the others."""
    assert set(plan.allocation) == {"s-1", "s-2", "s-3", "s-6"}
    assert plan.today_micros == plan.total_micros == 280_000_000
    assert ("paused", {"count": 2, "names": ("Set s-4", "Set s-5")}) in plan.notes


def test_what_is_asked_to_start_is_started_with_what_is_above_it(shop: Client, curves: ResponseCurves) -> None:
    """Its own status or its campaign's is set, beside the budget; without `start` it can be given nothing."""
    begun = shop.plan(320, curves=curves, start=("Set s-4", "s-5"), least={"s-4": 20, "s-5": 20})
    assert _of(begun, "s-4")["status"].after == "ACTIVE"
    assert "status" not in _of(begun, "s-5")
    assert _of(begun, "c-2")["status"].after == "ACTIVE"
    assert begun.allocation["s-4"] <= 50_000_000, "no further than the past has shown"
    with pytest.raises(PlanError, match="'s-5' is paused"):
        shop.plan(320, curves=curves, least={"s-5": 20})


def test_what_has_no_daily_budget_is_told_to_be_moved_by_hand(plan: Plan) -> None:
    """The ad set with a lifetime budget moves in the plan, and no change can do it."""
    (note,) = [values for key, values in plan.notes if key == "by_hand"]
    assert note["names"] == ("Set s-6",)
    assert note["money"] == pytest.approx(abs(plan.allocation["s-6"] / 1e6 - 20.0))
    assert not _of(plan, "s-6")


def test_a_plan_of_what_the_past_does_not_tell_claims_no_certainty(plan: Plan) -> None:
    """No budget ever moved: there is no share of draws, and the lead says what the gain rests on."""
    assert plan.better is None
    assert "rests on what is usual of such arms" in plan.text("en")
    assert "%" not in plan.text("en").partition("\n\n")[2].partition("\n\n")[0]


def test_a_limit_given_twice_is_refused(shop: Client, curves: ResponseCurves) -> None:
    """By name and by id it is the same arm."""
    with pytest.raises(PlanError, match="names one arm twice"):
        shop.plan(curves=curves, most={"s-1": 100, "Set s-1": 120})


def test_a_rate_that_ended_leaves_budgets_unknown_and_nothing_crashes() -> None:
    """An account that spent long ago may have no rate of today: nobody knows what its budgets are worth."""
    assert math.isnan(rate_of(Shown("EUR", ExchangeRates({}, 7)), "UAH", DAYS.until))
    assert rate_of(None, "UAH", DAYS.until) == 1.0

"""Random questions for plans, and judges that know nothing of how plans are made."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import linprog

from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.plan import Plan
from aibuyer_kit.planning.request import Group, PlanRequest

CENT = 0.01


def curves_of(ceiling, half, slope, now=None, **others) -> ResponseCurves:
    """Return curves of arms a, b, c …; numbers are by arm, or by draw and arm."""
    shaped = [np.atleast_2d(np.asarray(each, np.float64)) for each in (ceiling, half, slope)]
    draws = max(each.shape[0] for each in shaped)
    count = shaped[0].shape[1]
    arms = tuple(f"a{place}" for place in range(count))
    given = {
        "arms": arms,
        "names": tuple(f"Arm {arm}" for arm in arms),
        "spend_now": np.asarray(now if now is not None else [100.0] * count, np.float64),
        "identified": ("yes",) * count,
        "warnings": {},
        "basis": "incremental",
        "value_of": "gross_profit",
        "currency": "EUR",
    } | others
    top, middle, power = (np.ascontiguousarray(np.broadcast_to(each, (draws, count))) for each in shaped)
    return ResponseCurves(ceiling=top, half=middle, slope=power, **given)


def random_curves(seed: int, count: int, *, draws: int = 1, shaped: bool = False) -> ResponseCurves:
    rng = np.random.default_rng(seed)
    luck = np.exp(0.2 * rng.normal(size=(2, draws, count))) if draws > 1 else np.ones((2, 1, count))
    half = rng.lognormal(4.0, 0.7, count)
    slope = rng.uniform(1.2, 3.0, count) if shaped else rng.uniform(0.4, 1.0, count)
    return curves_of(
        rng.lognormal(5.0, 1.0, count) * luck[0], half * luck[1], slope, half * rng.uniform(0.2, 1.0, count)
    )


@dataclass(frozen=True)
class Asked:
    curves: ResponseCurves
    request: PlanRequest


@st.composite
def questions(draw) -> Asked:
    """Any mixture of limits, sensible or not."""
    count = draw(st.integers(1, 7))
    curves = random_curves(
        draw(st.integers(0, 10_000)), count, draws=draw(st.sampled_from([1, 1, 3])), shaped=draw(st.booleans())
    )
    arms = curves.arms
    today = float(curves.spend_now.sum())
    money = st.integers(0, int(140 * today)).map(lambda cents: f"{cents / 100:.2f}")
    some = st.lists(st.sampled_from(arms), unique=True, max_size=count).map(tuple)
    any_of = st.lists(st.sampled_from(arms), unique=True, min_size=1, max_size=count).map(tuple)
    groups = []
    for place in range(draw(st.integers(0, 3))):
        inside = draw(any_of)
        groups.append(Group(f"g{place}", inside, draw(st.none() | money), draw(st.none() | money)))
    small = st.integers(0, int(60 * today)).map(lambda cents: f"{cents / 100:.2f}")
    request = PlanRequest(
        total_daily_budget=draw(st.none() | money.filter(lambda amount: float(amount) > 0)),
        spend_all=draw(st.booleans()),
        least=draw(st.none() | st.dictionaries(st.sampled_from(arms), small, max_size=3)),
        most=draw(st.none() | st.dictionaries(st.sampled_from(arms), money, max_size=3)),
        step=draw(st.sampled_from(["usual", None, 0.2, 0.5])),
        groups=tuple(groups),
        may_stop=draw(some),
        held=draw(st.lists(st.sampled_from(arms), max_size=1).map(tuple)),
        reset_loss=draw(st.sampled_from([None, None, 5])),
        risk=draw(st.sampled_from([None, None, None, 0.2])),
        days=draw(st.integers(1, 3)),
    )
    return Asked(curves, request)


def broken(asked: Asked, plan: Plan) -> list[str]:
    """Return every limit that a plan breaks, judged by the request alone; steps of ours are none of a person's."""
    request, curves = asked.request, asked.curves
    spend = {arm: micros / 1e6 for arm, micros in plan.allocation.items()}
    now = dict(zip(curves.arms, curves.spend_now.tolist(), strict=True))
    found = []

    def wants(name: str, holds: bool) -> None:
        if not holds:
            found.append(name)

    total = sum(plan.allocation.values())
    wants("adds up", total == plan.total_micros)
    wants("whole cents", all(micros % 10_000 == 0 and micros >= 0 for micros in plan.allocation.values()))
    wanted = (
        float(request.total_daily_budget)
        if request.total_daily_budget
        else sum(round(each, 2) for each in now.values())
    )
    wants("total", total == round(wanted * 1e6) if request.spend_all else total <= round(wanted * 1e6))
    for arm in curves.arms:
        stops = spend[arm] == 0.0 and arm in request.may_stop
        if arm in (request.least or {}):
            wants(f"least {arm}", stops or spend[arm] >= float(request.least[arm]) - 1e-9)
        if arm in (request.most or {}):
            wants(f"most {arm}", spend[arm] <= float(request.most[arm]) + 1e-9)
        if arm in request.held:
            wants(f"held {arm}", stops or abs(spend[arm] - now[arm]) <= CENT)
        elif isinstance(request.step, float):
            # Between two limits that no whole cent lies between, the nearest one is taken.
            wants(f"step {arm}", stops or abs(spend[arm] - now[arm]) <= request.step * now[arm] + CENT + 1e-9)
    for group in request.groups:
        inside = sum(spend[arm] for arm in group.arms)
        wants(f"least of {group.name}", group.least is None or inside >= float(group.least) - 1e-6)
        wants(f"most of {group.name}", group.most is None or inside <= float(group.most) + 1e-6)
    for day in plan.days:
        wants("a day adds up", sum(day.micros) == day.total_micros)
    wants("days add up", sum(day.total_micros for day in plan.days) == len(plan.days) * plan.total_micros)
    wants("bound", plan.worth <= plan.bound + 1e-9 * abs(plan.bound))
    return found


def holds_together(asked: Asked, limits) -> bool:
    """Return whether some split meets these limits and no others, by linear programming."""
    arms = list(asked.curves.arms)
    rows, sides = [], []
    for limit in limits:
        if limit.kind == "total":
            inside = arms
        elif limit.kind == "group":
            inside = next(group.arms for group in asked.request.groups if group.name == limit.of)
        else:
            inside = [limit.of]
        row = np.array([float(arm in inside) for arm in arms])
        sign = 1.0 if limit.side == "most" else -1.0
        rows.append(sign * row)
        sides.append(sign * limit.amount)
    if not rows:
        return True
    answer = linprog(np.zeros(len(arms)), A_ub=np.array(rows), b_ub=np.array(sides), bounds=[(0, None)] * len(arms))
    return bool(answer.status == 0)

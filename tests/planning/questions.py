"""Random questions for plans, and judges that know nothing of how plans are made."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

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
    known = tuple(draw(st.sampled_from(["yes"] * 6 + ["partly", "no"])) for _ in arms)
    target = draw(st.sampled_from([None, None, None, "target_roas", "target_cpa"]))
    value_of = {"target_roas": "revenue", "target_cpa": "results"}.get(target or "", "gross_profit")
    curves = replace(curves, identified=known, value_of=value_of, seen=draw(st.none() | st.just(_seen(curves))))
    total = st.none() | money_of(140, today).filter(lambda amount: float(amount) > 0)
    money, small = money_of(140, today), money_of(40, today)
    some = st.lists(st.sampled_from(arms), unique=True, max_size=count).map(tuple)
    any_of = st.lists(st.sampled_from(arms), unique=True, min_size=1, max_size=count).map(tuple)
    groups = []
    for place in range(draw(st.integers(0, 3))):
        inside = draw(any_of)
        groups.append(Group(f"g{place}", inside, draw(st.none() | small), draw(st.none() | money)))
    held = draw(st.lists(st.sampled_from(arms), max_size=1).map(tuple))
    request = PlanRequest(
        total_daily_budget=None if target else draw(total),
        spend_all=value_of != "gross_profit" or draw(st.booleans()),
        least=draw(st.none() | st.dictionaries(st.sampled_from(arms), small, max_size=3)),
        most=draw(st.none() | st.dictionaries(st.sampled_from(arms), money, max_size=3)),
        step=draw(st.sampled_from(["usual", None, None, None, 0.5])),
        groups=tuple(groups),
        may_stop=tuple(arm for arm in draw(some) if arm not in held),
        held=held,
        stopped=tuple(arm for arm in draw(st.lists(st.sampled_from(arms), max_size=1)) if arm not in held),
        unidentified=draw(st.sampled_from(["near", "held", "free"])),
        reset_loss=draw(st.sampled_from([None, None, 5])),
        risk=None if target else draw(st.sampled_from([None, None, None, 0.2])),
        days=draw(st.integers(1, 3)),
        **({target: draw(st.floats(0.2, 8.0))} if target else {}),
    )
    return Asked(curves, request)


def money_of(most: float, today: float) -> st.SearchStrategy[str]:
    """Amounts in cents, up to so many hundredths of today's total."""
    return st.integers(0, int(most * today)).map(lambda cents: f"{cents / 100:.2f}")


def _seen(curves: ResponseCurves) -> np.ndarray:
    return np.stack([0.7 * curves.spend_now, 1.2 * curves.spend_now])


def _is_proportional(asked: Asked) -> bool:
    """Return whether ranges of ours may lie around parts of what was asked for, not around today's."""
    return asked.request.total_daily_budget is not None or bool(asked.request.groups)


def _around_today(asked: Asked, arm: str) -> tuple[float, float]:
    """Return the range of an arm's spend by its step and by what is known of it, ours or a person's."""
    request, place = asked.request, asked.curves.arms.index(arm)
    now = float(asked.curves.spend_now[place])
    least, most = (now, now) if asked.curves.seen is None else asked.curves.seen[:, place]
    share = 0.3 if asked.curves.seen is None else 0.25
    least, most = min(least, now) * (1 - share), max(most, now) * (1 + share)
    if moves := _is_proportional(asked):
        least = CENT
    low, high = 0.0, np.inf
    if isinstance(request.step, float):
        low, high = now * (1 - request.step), now * (1 + request.step)
    elif request.step == "usual":
        low, high = least, most
    if asked.curves.identified[place] == "no" and request.unidentified == "near" and moves:
        low, high = max(low, least), min(high, most)
    elif asked.curves.identified[place] == "no" and request.unidentified != "free":
        share = 0.1 if request.unidentified == "near" else 0.0
        low, high = max(low, now * (1 - share)), min(high, now * (1 + share))
    return low, high


def _total_holds(asked: Asked, total: int) -> bool:
    """Return whether the total is the one asked for, or today's, less only what limits take out."""
    request, arms = asked.request, asked.curves.arms
    today = dict(zip(arms, np.round(asked.curves.spend_now, 2).tolist(), strict=True))
    if request.total_daily_budget:
        wanted = round(float(request.total_daily_budget) * 1e6)
        return total == wanted if request.spend_all else total <= wanted
    capped = {arm: min(today[arm], float((request.most or {}).get(arm, np.inf))) for arm in arms}
    capped |= dict.fromkeys(request.stopped, 0.0)
    out = sum(today.values()) - sum(capped.values())
    # Groups overlap here: all of them take out at least what any one does, and no more than they do together.
    groups = [
        max(0.0, sum(capped[arm] for arm in group.arms) - float(group.most or np.inf)) for group in request.groups
    ]
    low, high = sum(today.values()) - out - sum(groups), sum(today.values())
    return (
        (low - CENT * 2) * 1e6 <= total <= (high + CENT / 2) * 1e6 if request.spend_all else total <= high * 1e6 + 5e3
    )


def _step_alone(asked: Asked, arm: str) -> tuple[float, float]:
    """Return the range of a step that a person asked for."""
    now, step = float(asked.curves.spend_now[asked.curves.arms.index(arm)]), float(asked.request.step)
    return now * (1 - step), now * (1 + step)


def _meets_target(asked: Asked, spend: dict[str, float]) -> bool:
    """Return whether a target is met, but for a cent of every arm."""
    request, curves = asked.request, asked.curves
    each = np.array([spend[arm] for arm in curves.arms])
    brings = float(curves.value(each + CENT).mean(axis=0).sum())
    paid = max(float(each.sum()) - CENT * len(each), 0.0)
    if request.target_roas is not None:
        return brings >= request.target_roas * paid * (1 - 1e-9)
    return request.target_cpa is None or paid <= request.target_cpa * brings * (1 + 1e-9)


def _of_arm(asked: Asked, arm: str, spend: float) -> Iterator[tuple[str, bool]]:
    """Yield the limits of one arm, and whether each holds."""
    request, now = asked.request, float(asked.curves.spend_now[asked.curves.arms.index(arm)])
    stops, named = spend == 0.0 and arm in request.may_stop, {**(request.least or {}), **(request.most or {})}
    if arm in (request.least or {}):
        yield "least", stops or spend >= float(request.least[arm]) - 1e-9
    if arm in (request.most or {}):
        yield "most", spend <= float(request.most[arm]) + 1e-9
    if arm in request.stopped:
        yield "stopped", spend == 0.0
    if arm in request.held:
        yield "held", stops or abs(spend - now) <= CENT
    elif arm not in request.stopped and (isinstance(request.step, float) or arm not in named):
        # Between two limits that no whole cent lies between, the nearest one is taken; ours reach to the next cent.
        low, high = _around_today(asked, arm) if arm not in named else _step_alone(asked, arm)
        yield "step", stops or low - 2 * CENT <= spend <= high + 2 * CENT


def broken(asked: Asked, plan: Plan) -> list[str]:
    """Return every limit that a plan breaks, judged by the request alone."""
    request, curves = asked.request, asked.curves
    spend = {arm: micros / 1e6 for arm, micros in plan.allocation.items()}
    found: list[str] = []

    def wants(name: str, holds: bool) -> None:
        if not holds:
            found.append(name)

    total = sum(plan.allocation.values())
    wants("adds up", total == plan.total_micros)
    wants("whole cents", all(micros % 10_000 == 0 and micros >= 0 for micros in plan.allocation.values()))
    if request.target_roas is None and request.target_cpa is None:
        wants("total", _total_holds(asked, total))
    wants("target", _meets_target(asked, spend))
    for arm in curves.arms:
        for name, holds in _of_arm(asked, arm, spend[arm]):
            wants(f"{name} {arm}", holds)
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

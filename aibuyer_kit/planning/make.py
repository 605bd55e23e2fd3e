"""From curves and a question to a plan."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np

from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.core.money import MICROS_PER_UNIT, meta_minor_per_unit
from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.days import planned_days
from aibuyer_kit.planning.groups import limits_of
from aibuyer_kit.planning.limits import Limit, Side
from aibuyer_kit.planning.parts import highest_of, parts_of, usual_total, whole_today
from aibuyer_kit.planning.plan import INTERVAL, Binding, Expected, Plan, PlannedArm
from aibuyer_kit.planning.request import BEYOND_SEEN, NEAR, USUAL_STEP, PlanRequest, units
from aibuyer_kit.planning.risk import solve_risk
from aibuyer_kit.planning.rounding import whole_split, within_rows
from aibuyer_kit.planning.solve import Solved, reset_loss, solve
from aibuyer_kit.planning.target import solve_target, target_of

_AT_LIMIT = 1e-7
_NOTHING = 1e-12
# By how much a plan of whole amounts may be beyond its bound.
_BEYOND = 1e-6
_MOST_NAMES = 5
Note = tuple[str, Mapping[str, Any]]


def make_plan(
    curves: ResponseCurves, asked: PlanRequest | None = None, *, since: date | None = None, locale: str = "en"
) -> Plan:
    """Return the best plan that answers a question, from the day `since` on.

    Raises PlanError that names limits which clash, and for a question that these curves cannot answer.
    """
    asked = asked or PlanRequest()
    per_unit = meta_minor_per_unit(curves.currency)
    is_profit = curves.value_of == "gross_profit"
    solved, of_target = _solved(curves, asked, per_unit)
    amounts = _whole(solved, per_unit)
    spend = amounts / per_unit
    resets = _resets(solved, per_unit, spend)
    worth = _worth(curves, spend, is_profit) - reset_loss(asked) * resets.sum()
    today = _worth(curves, curves.spend_now, is_profit)
    arms = tuple(_arms(curves, solved, amounts, per_unit, resets))
    made, bound = _made(curves, asked, solved, worth, spend)
    groups = (of_target,) if of_target else (*_binding_groups(solved, is_profit), *_binding_crossing(solved))
    return Plan(
        arms=arms,
        total_micros=int(amounts.sum()) * (MICROS_PER_UNIT // per_unit),
        today_micros=round(float(curves.spend_now.sum()) * MICROS_PER_UNIT),
        currency=curves.currency,
        basis=curves.basis,
        value_of=curves.value_of,
        is_profit=is_profit,
        expected=_expected(worth),
        today=_expected(today),
        gain=_expected(worth - today),
        better=float((worth > today).mean()) if any(_moves_as_told(arms)) else None,
        worth=made,
        bound=_bound(bound, made, _rounded(curves, spend, per_unit) + _BEYOND * float(spend.sum())),
        binding=groups + tuple(arm.binding for arm in arms if arm.binding),
        days=planned_days(amounts, MICROS_PER_UNIT // per_unit, asked.days, asked.day_weights, since),
        notes=tuple(_notes(curves, asked, resets, amounts)),
        locale=locale,
    )


def _solved(curves: ResponseCurves, asked: PlanRequest, per_unit: int) -> tuple[Solved, Binding | None]:
    """Return the split, and what the target is worth where there is one instead of a total."""
    if target := target_of(curves, asked):
        solved, worth = solve_target(curves, asked, target)
        amount = float(getattr(asked, target.name))
        return solved, Binding(Limit("target", "least", target.name, amount), worth)
    is_profit = curves.value_of == "gross_profit"
    if not (asked.spend_all or is_profit):
        raise PlanError(
            f"Whether a unit is worth spending shows in profit only; these curves are of {curves.value_of}."
        )
    cost, total = float(not asked.spend_all), _total(curves, asked, per_unit)
    if asked.risk is None or curves.draws == 1:
        return solve(curves, asked, total, cost=cost), None
    return solve_risk(curves, asked, total, cost=cost, risk=asked.risk), None


def _worth(curves: ResponseCurves, spend: Floats, is_profit: bool) -> Floats:
    """Return profit, or value, a day by draw."""
    return np.asarray(curves.value(spend).sum(axis=1) - is_profit * spend.sum())


def _made(
    curves: ResponseCurves, asked: PlanRequest, solved: Solved, worth: Floats, spend: Floats
) -> tuple[float, float]:
    """Return what the plan makes the most of, and the bound on it: mean profit, its quantile, or value at a target."""
    if asked.target_roas is not None or asked.target_cpa is not None:
        brings = worth + spend.sum() if curves.value_of == "gross_profit" else worth
        return float(brings.mean()), solved.found.bound
    # The question counts no spend where all of it is spent anyway.
    paid = float(spend.sum()) if curves.value_of == "gross_profit" and asked.spend_all else 0.0
    made = float(worth.mean() if asked.risk is None else np.quantile(worth, asked.risk))
    return made, solved.found.bound - paid


def _moves_as_told(arms: tuple[PlannedArm, ...]) -> Iterator[bool]:
    """Yield of each arm that moves whether the past tells its response; of a plan that moves nothing, that it does."""
    moving = [arm for arm in arms if arm.planned_micros != arm.now_micros]
    yield from (arm.identified == "yes" for arm in moving)
    yield not moving


def _bound(bound: float, made: float, near: float) -> float:
    """Return the bound, no lower than the plan itself where only rounding lies between them.

    Tables of curves are exact to a share of what arms bring, which is profit and spend together.
    """
    return made if 0.0 < made - bound <= near + _BEYOND * max(abs(bound), 1.0) else bound


def _rounded(curves: ResponseCurves, spend: Floats, per_unit: int) -> float:
    """Return what a minor unit more for every arm brings: by so much a plan may miss a target, and exceed its bound.

    Limits that lie between two whole amounts reach to the next one.
    """
    return float((curves.value(spend + 1.0 / per_unit) - curves.value(spend)).mean(axis=0).sum())


def _total(curves: ResponseCurves, asked: PlanRequest, per_unit: int) -> float:
    """Return the money a day. Raises PlanError for an amount that the platform cannot hold."""
    if asked.total_daily_budget is None:
        if float(whole_today(curves).sum()) <= 0.0:
            raise PlanError("Nothing is spent today: say how much there is, total_daily_budget=….")
        return usual_total(curves, asked)
    found = units(asked.total_daily_budget, "total_daily_budget")
    if found * per_unit % 1:
        raise PlanError(f"The total {found} is finer than the smallest unit of {curves.currency}: 1/{per_unit}.")
    beside = _beside(curves, per_unit)
    if beside and beside >= found:
        names = ", ".join(name for name, _ in curves.left_out[:_MOST_NAMES])
        raise PlanError(
            f"Of the total {found}, {beside:.2f} a day is spent by what has no curve and goes on spending: {names}. "
            "Give a larger total, or pause these first."
        )
    return round((float(found) - beside) * per_unit) / per_unit


def _beside(curves: ResponseCurves, per_unit: int) -> float:
    """Return what is spent a day beside the arms of the plan, in whole minor units."""
    return round(sum(spend for _, spend in curves.left_out) * per_unit) / per_unit


def _whole(solved: Solved, per_unit: int) -> Ints:
    """Return amounts in minor units by arm, in the curves' order, within the piece of spend that each was given."""
    order, question = solved.bounds.grove.order, solved.question
    ideal = solved.found.spend * per_unit
    low, high = _pieces_of(solved)
    total = None
    if question.tree.least[0] == question.tree.most[0]:
        total = round(float(question.tree.most[0]) * per_unit)
    tree = question.tree._replace(least=question.tree.least * per_unit, most=question.tree.most * per_unit)
    amounts = np.empty(len(order), np.int64)
    amounts[order] = whole_split(tree, ideal, low * per_unit, high * per_unit, total)
    if question.rows is not None:
        amounts[order] = within_rows(question, amounts[order], ideal, (low, high), per_unit)
    return amounts


def _pieces_of(solved: Solved) -> tuple[Floats, Floats]:
    """Return the range of each arm's piece of spend, in the tree's order."""
    arms, spend = solved.question.arms, solved.found.spend
    owner = np.repeat(np.arange(len(spend)), np.diff(arms.first))
    near = 1e-9 * np.maximum(spend[owner], 1e-9)
    holds = (arms.piece_from - near <= spend[owner]) & (spend[owner] <= arms.piece_to + near)
    low, high = spend.copy(), spend.copy()
    # Of two pieces that meet in a spend, the cheaper one.
    for place in np.flatnonzero(holds)[np.argsort(-arms.piece_cost[holds], kind="stable")]:
        low[owner[place]], high[owner[place]] = arms.piece_from[place], arms.piece_to[place]
    return low, high


def _resets(solved: Solved, per_unit: int, spend: Floats) -> Floats:
    """Return by arm 1 where the platform would learn anew; of what does not spend there is nothing to learn."""
    begin, stop = solved.bounds.free
    near = 0.5 / per_unit
    return ((spend < begin - near) | (spend > stop + near)).astype(np.float64)


def _expected(draws: Floats) -> Expected:
    tail = (1.0 - INTERVAL) / 2.0
    low, high = np.quantile(draws, (tail, 1.0 - tail)).tolist()
    return Expected(float(draws.mean()), float(low), float(high))


def _binding_groups(solved: Solved, is_profit: bool) -> Iterator[Binding]:
    """Yield the limits of the whole and of groups that set a price, and what one unit more of room is worth."""
    root, grove, tree = solved.found.root, solved.bounds.grove, solved.question.tree
    for node in np.flatnonzero(root.sets == np.arange(len(root.sets))).tolist():
        above = float(root.prices[tree.parent[node]]) if node else float(is_profit)
        step = float(root.prices[node]) - above
        side: Side = "most" if step > 0.0 else "least"
        amount = float(tree.most[node] if side == "most" else tree.least[node])
        if abs(step) > _NOTHING:
            yield Binding(Limit("group" if node else "total", side, grove.names[node], amount), abs(step))


def _binding_crossing(solved: Solved) -> Iterator[Binding]:
    """Yield the limits of overlapping groups that have a price."""
    for group, price in zip(solved.bounds.grove.crossing, solved.crossing.tolist(), strict=True):
        least, most = limits_of(group)
        if abs(price) > _NOTHING * solved.question.guess:
            side: Side = "most" if price > 0.0 else "least"
            yield Binding(Limit("group", side, group.name, most if side == "most" else least), abs(price))


def _arms(curves: ResponseCurves, solved: Solved, amounts: Ints, per_unit: int, resets: Floats) -> Iterator[PlannedArm]:
    order, root = solved.bounds.grove.order, solved.found.root
    prices = np.empty(len(order))
    # In a target's question one unit of value may count more or less than one.
    prices[order] = (root.prices[solved.question.tree.node_of] + solved.question.arms.extra) / solved.scale
    spend, now = amounts / per_unit, curves.spend_now
    # The first unit of a curve may be worth infinitely much by its formula: what is told is of one minor unit.
    least = 1.0 / per_unit
    value, value_now = curves.value(spend).mean(axis=0), curves.value(now).mean(axis=0)
    marginal = curves.marginal(np.maximum(spend, least)).mean(axis=0)
    marginal_now = curves.marginal(np.maximum(now, least)).mean(axis=0)
    exact = curves.marginal(np.maximum(solved.spend, least)).mean(axis=0)
    for place, arm in enumerate(curves.arms):
        yield PlannedArm(
            id=arm,
            name=curves.names[place],
            now_micros=round(float(now[place]) * MICROS_PER_UNIT),
            planned_micros=int(amounts[place]) * (MICROS_PER_UNIT // per_unit),
            value_now=float(value_now[place]),
            value=float(value[place]),
            marginal_now=float(marginal_now[place]),
            marginal=float(marginal[place]),
            price=float(prices[place]),
            moved=float(value[place] - value_now[place] - prices[place] * (spend[place] - now[place])),
            binding=_binding_of(solved, arm, place, float(exact[place] - prices[place])),
            identified=curves.identified[place],
            warning=curves.warnings.get(arm, ""),
            resets=bool(resets[place]),
        )


def _binding_of(solved: Solved, arm: str, place: int, worth: float) -> Binding | None:
    """Return the limit that an arm stands at, with what a unit more of room for it is worth."""
    box, spend = solved.bounds.box, float(solved.spend[place])
    near = _AT_LIMIT * max(spend, 1e-6)
    low, high = float(box.low[place]), float(box.high[place])
    if worth > 0.0 and spend >= high - near:
        limit = box.tightest(arm, "most")
    elif worth < 0.0 and spend <= low + near:
        limit = box.tightest(arm, "least")
    elif solved.question.arms.piece_cost.any() and worth > 0.0 and abs(spend - solved.bounds.free[1][place]) <= near:
        limit = Limit("reset", "most", arm, spend)
    elif solved.question.arms.piece_cost.any() and worth < 0.0 and abs(spend - solved.bounds.free[0][place]) <= near:
        limit = Limit("reset", "least", arm, spend)
    else:
        limit = None
    return Binding(limit, abs(worth)) if limit else None


def _notes(curves: ResponseCurves, asked: PlanRequest, resets: Floats, amounts: Ints) -> Iterator[Note]:
    """Yield what a reader has to know to judge the plan, as keys of sentences."""
    for name in ("target_roas", "target_cpa"):
        if (target := getattr(asked, name)) is not None:
            yield name, {"target": float(target)}
    if asked.risk is not None:
        yield "risk", {"share": asked.risk}
    if curves.basis == "reported":
        yield "reported", {}
    if curves.value_of != "gross_profit":
        yield f"value_{curves.value_of}", {}
    yield from _moved_notes(curves, asked, amounts)
    counts = {
        "idle": int(((curves.spend_now <= 0.0) & (amounts <= 0)).sum()),
        "resets": int(resets.sum()),
    }
    yield from ((key, {"count": count}) for key, count in counts.items() if count)
    if curves.left_out:
        key = "left_out" if asked.total_daily_budget is None else "left_out_of_total"
        names = tuple(name for name, _ in curves.left_out[:_MOST_NAMES])
        money = float(sum(spend for _, spend in curves.left_out))
        yield key, {"count": len(curves.left_out), "names": names, "money": money}


def _moved_notes(curves: ResponseCurves, asked: PlanRequest, amounts: Ints) -> Iterator[Note]:
    """Yield how far budgets may move, around today's or around their parts of what was asked for."""
    per_unit = meta_minor_per_unit(curves.currency)
    now, has_total = whole_today(curves), asked.total_daily_budget is not None
    if not (has_total or asked.target_roas or asked.target_cpa):
        out = float(now.sum()) - usual_total(curves, asked)
        if out * per_unit >= 0.5:
            yield "taken_out", {"money": out}
    parts = parts_of(curves, asked, _total(curves, asked, per_unit) if has_total else None)
    fixed = {*asked.held, *asked.stopped, *asked.start}
    free = np.array([arm not in fixed for arm in curves.arms])
    off = free & (np.abs(parts - now) * per_unit > 0.5)
    if asked.step == "usual":
        share, name = (USUAL_STEP, "usual_step") if curves.seen is None else (BEYOND_SEEN, "seen")
        yield name + ("_less" if (off & (parts < now)).any() else ""), {"share": share}
        low = np.minimum(np.minimum(now, parts), now if curves.seen is None else curves.seen[0]) * (1.0 - share)
        spend = amounts / per_unit
        beyond = free & ((spend < low - 1.0 / per_unit) | (spend > highest_of(curves) + 1.0 / per_unit)) & (now > 0.0)
        if beyond.any():
            yield "beyond_as_asked", {"count": int(beyond.sum())}
    unsure = np.array([known == "no" for known in curves.identified])
    if unsure.any():
        count, near = int(unsure.sum()), asked.unidentified == "near" and (unsure & off).any()
        if near and now[unsure].sum() > 0.0:
            of_today = float(parts[unsure].sum() / now[unsure].sum())
            yield "unidentified_near_part", {"count": count, "share": NEAR, "of_today": of_today}
        else:
            yield f"unidentified_{asked.unidentified}", {"count": count}

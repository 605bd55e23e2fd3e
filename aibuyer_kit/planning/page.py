"""A plan on one page: sentences and a table as text, the same with charts as HTML, in English and Ukrainian."""

from collections.abc import Iterator
from itertools import islice
from math import isfinite

from aibuyer_kit.charts.spec import Bar, BarChart
from aibuyer_kit.charts.table_html import html_table
from aibuyer_kit.core.escape import for_html, for_terminal
from aibuyer_kit.core.i18n import UNKNOWN, format_change, format_count, format_money, format_ratio, format_share, t
from aibuyer_kit.planning.plan import Binding, Plan, PlannedArm

_MOST_LIMITS = 5
_MOST_NAMES = 3
_MOST_MOVES = 5
_MOST_BARS = 10
_MOST_ROWS = 40
# Below this share of the bound's distance there is nothing to speak of.
_MET = 5e-5


def plan_text(plan: Plan, locale: str) -> str:
    """Return a plan as plain text, fit for a terminal."""
    lines = [plan_title(plan, locale), "", *_lead(plan, locale), ""]
    lines += _text_table(plan, locale)
    for heading, sentences in _sections(plan, locale):
        lines += ["", f"{heading}:", *(f"- {for_terminal(each)}" for each in sentences)]
    return "\n".join(lines)


def plan_html(plan: Plan, locale: str) -> str:
    """Return a plan as a piece of a page; every name is escaped."""
    lead = " ".join(for_html(each) for each in _lead(plan, locale))
    sections = "".join(
        f"<section><h2>{for_html(heading)}</h2><ul>{''.join(f'<li>{for_html(each)}</li>' for each in sentences)}</ul>"
        "</section>"
        for heading, sentences in _sections(plan, locale)
    )
    charts = "".join(f'<figure class="ab-card">{_figure(chart)}</figure>' for chart in plan_charts(plan, locale))
    return (
        f'<div class="ab-stack"><header><h1>{for_html(plan_title(plan, locale))}</h1></header>'
        f'<p class="ab-lead">{lead}</p><div class="ab-charts">{charts}</div>'
        f"{_html_table(plan, locale)}{sections}</div>"
    )


def plan_charts(plan: Plan, locale: str) -> tuple[BarChart, BarChart]:
    """Return the budgets of the largest arms, and what the next unit brings there."""
    arms = _largest(plan)[:_MOST_BARS]
    budgets = tuple(
        Bar(arm.name, arm.planned_micros / 1e6, f"{_money(plan, arm.planned_micros, locale)} ({_change(arm, locale)})")
        for arm in arms
    )
    marginals = tuple(Bar(arm.name, arm.marginal, _value(plan, arm.marginal, locale)) for arm in arms)
    measure = "results" if plan.value_of == "results" else "spend"
    return (
        BarChart(t(locale, "plan.chart_split"), "spend", plan.currency, locale, budgets),
        BarChart(t(locale, "plan.chart_marginal"), measure, plan.currency, locale, marginals),
    )


def _figure(chart: BarChart) -> str:
    from aibuyer_kit.charts.static import svg

    return f"<figcaption>{for_html(chart.title)}</figcaption>{svg(chart)}"


def plan_title(plan: Plan, locale: str) -> str:
    """Return what a page of the plan is called."""
    return t(locale, "plan.title", total=_money(plan, plan.total_micros, locale))


def _lead(plan: Plan, locale: str) -> list[str]:
    """Return what the plan brings, beside today's and beside the bound."""
    key = "plan.expected_profit" if plan.is_profit else "plan.expected_value"
    mean, low, high = (_value(plan, each, locale) for each in vars(plan.expected).values())
    sentences = [t(locale, key, mean=mean, low=low, high=high)]
    sentences += _gain(plan, locale)
    beyond = plan.bound - plan.worth
    if not isfinite(plan.bound):
        sentences.append(t(locale, "plan.bound_unknown"))
    elif beyond <= _MET * max(abs(plan.bound), 1e-9):
        sentences.append(t(locale, "plan.bound_met"))
    else:
        share = format_share(beyond / max(abs(plan.worth), 1e-9), locale, decimals=2)
        sentences.append(t(locale, "plan.bound", share=share))
    if len(plan.days) > 1:
        total = _money(plan, sum(day.total_micros for day in plan.days), locale)
        sentences.append(t(locale, "plan.days", count=len(plan.days), total=total))
    return sentences


def _gain(plan: Plan, locale: str) -> list[str]:
    """Return what the plan brings beside today's split, and what that rests on."""
    if not plan.moving:
        return [t(locale, "plan.gain_none")]
    key = "plan.gain_more" if plan.gain.mean >= 0.0 else "plan.gain_less"
    gain = t(locale, key, gain=_value(plan, abs(plan.gain.mean), locale))
    low, high = (_signed(plan, each, locale) for each in (plan.gain.low, plan.gain.high))
    if plan.is_told:
        better = format_share(plan.better or 0.0, locale, decimals=0)
        return [t(locale, "plan.gain", gain=gain, low=low, high=high, better=better)]
    return [t(locale, "plan.gain_usual", gain=gain, low=low, high=high), _rests(plan, locale)]


def _rests(plan: Plan, locale: str) -> str:
    """Return what the gain rests on, where it is not, or not only, what the past tells."""
    told = [arm for arm in plan.moving if arm.identified == "yes"]
    if not told:
        return t(locale, "plan.rests_on_usual")
    money = _signed(plan, sum(arm.moved for arm in told), locale)
    return t(locale, "plan.rests_partly", count=len(plan.moving) - len(told), arms=len(plan.moving), money=money)


def _sections(plan: Plan, locale: str) -> Iterator[tuple[str, list[str]]]:
    if moves := list(islice(_moves(plan, locale), _MOST_MOVES)):
        yield t(locale, "plan.moves"), moves
    if limits := _limits(plan, locale):
        yield t(locale, "plan.binding"), limits
    notes = [_note(plan, key, dict(values), locale) for key, values in plan.notes]
    notes += _warnings(plan, locale)
    if notes:
        yield t(locale, "plan.notes"), notes


def _warnings(plan: Plan, locale: str) -> Iterator[str]:
    """Yield what to know of arms, each sentence once with those that it is about."""
    told: dict[str, list[str]] = {}
    for arm in plan.arms:
        if arm.warning:
            told.setdefault(arm.warning, []).append(arm.name)
    for warning, names in sorted(told.items(), key=lambda each: -len(each[1])):
        more = [t(locale, "plan.more_arms", count=len(names) - _MOST_NAMES)] if len(names) > _MOST_NAMES else []
        yield f"{', '.join([*names[:_MOST_NAMES], *more])}: {warning}"


def _moves(plan: Plan, locale: str) -> Iterator[str]:
    """Yield why the arms that move most do: what a unit brings there, and what it brings elsewhere."""
    for arm in sorted(plan.arms, key=lambda each: -abs(each.planned_micros - each.now_micros)):
        if arm.planned_micros == arm.now_micros or not arm.now_micros:
            continue
        yield t(
            locale,
            "plan.more_than",
            name=arm.name,
            change=_change(arm, locale),
            planned=_money(plan, arm.planned_micros, locale),
            now=_value(plan, arm.marginal_now, locale),
            price=_value(plan, arm.price, locale),
            after=_value(plan, arm.marginal, locale),
        )


def _limits(plan: Plan, locale: str) -> list[str]:
    ranked = sorted(plan.binding, key=lambda each: (each.limit.kind != "total", -each.worth))
    said = [binding_sentence(plan, each, locale) for each in ranked[:_MOST_LIMITS]]
    if len(ranked) > _MOST_LIMITS:
        said.append(t(locale, "plan.and_more", count=len(ranked) - _MOST_LIMITS))
    return said


def binding_sentence(plan: Plan, binding: Binding, locale: str) -> str:
    """Return a limit that binds and what relaxing it is worth, in a sentence."""
    limit = binding.limit
    kind = "step" if limit.kind == "usual_step" else limit.kind
    key = f"plan.limit_{kind}"
    if kind == "target":
        said = t(locale, f"plan.limit_{limit.of}", amount=format_ratio(limit.amount, locale))
        return t(locale, f"plan.worth_{limit.of}", limit=said, worth=_value(plan, binding.worth, locale))
    if kind in ("total", "group", "step", "seen", "near", "reset"):
        key += f"_{limit.side}"
    names = {arm.id: arm.name for arm in plan.arms}
    said = t(locale, key, name=names.get(limit.of, limit.of), amount=format_money(limit.amount, plan.currency, locale))
    worth = "plan.worth_more" if limit.side == "most" else "plan.worth_less"
    return t(locale, worth, limit=said, worth=_value(plan, binding.worth, locale))


def _note(plan: Plan, key: str, values: dict[str, object], locale: str) -> str:
    for name in ("share", "of_today"):
        if isinstance(share := values.get(name), float):
            values[name] = format_share(share, locale, decimals=0)
    if isinstance(money := values.get("money"), float):
        values["money"] = format_money(money, plan.currency, locale)
    if isinstance(names := values.get("names"), tuple):
        values["names"] = ", ".join(map(str, names))
    if isinstance(target := values.get("target"), float):
        values["target"] = format_ratio(target, locale)
    count = values.pop("count", None)
    return t(locale, f"plan.{key}", count=count if isinstance(count, int) else None, **values)


def _text_table(plan: Plan, locale: str) -> list[str]:
    rows = [_heads(locale), *(_cells(plan, arm, locale) for arm in _largest(plan)[:_MOST_ROWS])]
    rows = [[for_terminal(cell) for cell in row] for row in [*rows, _together(plan, locale)]]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    return [*lines, *_left_out(plan, locale)]


def _html_table(plan: Plan, locale: str) -> str:
    rows = [_cells(plan, arm, locale) for arm in _largest(plan)[:_MOST_ROWS]]
    return html_table(_heads(locale), rows, foot=_together(plan, locale), below=_left_out(plan, locale))


def _heads(locale: str) -> list[str]:
    return [t(locale, f"plan.{key}") for key in ("arm", "now", "planned", "change", "next_unit")]


def _cells(plan: Plan, arm: PlannedArm, locale: str) -> list[str]:
    return [
        arm.name,
        _money(plan, arm.now_micros, locale),
        _money(plan, arm.planned_micros, locale),
        _change(arm, locale),
        _value(plan, arm.marginal, locale),
    ]


def _together(plan: Plan, locale: str) -> list[str]:
    change = plan.total_micros / plan.today_micros - 1.0 if plan.today_micros else None
    return [
        t(locale, "plan.total"),
        _money(plan, plan.today_micros, locale),
        _money(plan, plan.total_micros, locale),
        format_change(change, locale),
        "",
    ]


def _left_out(plan: Plan, locale: str) -> list[str]:
    more = len(plan.arms) - _MOST_ROWS
    return [t(locale, "plan.more_arms", count=more)] if more > 0 else []


def _largest(plan: Plan) -> list[PlannedArm]:
    return sorted(plan.arms, key=lambda arm: (-max(arm.planned_micros, arm.now_micros), arm.id))


def _change(arm: PlannedArm, locale: str) -> str:
    return UNKNOWN if arm.change is None else format_change(arm.change, locale)


def _money(plan: Plan, micros: int, locale: str) -> str:
    return format_money(micros / 1e6, plan.currency, locale)


def _value(plan: Plan, value: float, locale: str) -> str:
    """Return a value: money, or a number of results."""
    if plan.value_of == "results":
        return format_ratio(value, locale) if abs(value) < 1000 else format_count(value, locale)
    return format_money(value, plan.currency, locale)


def _signed(plan: Plan, value: float, locale: str) -> str:
    return ("−" if value < 0.0 else "+") + _value(plan, abs(value), locale)

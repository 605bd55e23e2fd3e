"""What comes of a rule that fired, as data: changes, notices, outgoing calls, or the reason why there is nothing.

A rule can only propose: nothing here reads or sends anything. The order of rules, rows and objects changes nothing.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import ParamSpec, TypeVar

from aibuyer_kit.core.changes import (
    ACTIVE,
    LONGEST_NAME,
    NO_COPY,
    PAUSED,
    Change,
    Field,
    Value,
    canonical_json,
    copy_value,
    labels_value,
)
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ChangeError
from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.rules import actions as forms
from aibuyer_kit.rules.actions import Action
from aibuyer_kit.rules.conditions import Target
from aibuyer_kit.rules.evaluate import metric_of
from aibuyer_kit.rules.expression import names, parse_expression, value_of
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.rebalance import Member, rebalanced
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import Table, name_columns
from aibuyer_kit.rules.windows import Window

Asked = ParamSpec("Asked")
Told = TypeVar("Told")
# Figures are floats: beyond this many digits they are noise, which must not decide on which side of a cent one ends.
_DIGITS = 12
_COSTS = ("cpa", "cpc", "cpm")
_PLACEHOLDER = re.compile("|".join(re.escape("{" + name + "}") for name in forms.PLACEHOLDERS))


@dataclass(frozen=True)
class Notice:
    """Words for people; nothing is changed."""

    message: str


@dataclass(frozen=True)
class OutgoingCall:
    """A POST to an address of the client's own; `body` is canonical JSON that holds no secret."""

    url: str
    body: str


@dataclass(frozen=True)
class Effect:
    """What one action makes of one object; `what` is the reason where it makes nothing.

    Changes of one `bundle` belong together: all of them, or none.
    """

    action: str
    what: Change | Notice | OutgoingCall | str
    bundle: str = ""

    def sentence(self, subject: Subject) -> str:
        """Return it in a few words, fit for a terminal."""
        match self.what:
            case Change() as change:
                return change.sentence()
            case Notice(message=said):
                pass
            case OutgoingCall(url=url):
                said = f"call {url}"
            case reason:
                said = reason
        return f"{subject.level} {subject.object_id}: {for_terminal(said)}"


def effects(rule: Rule, table: Table, rows: Sequence[int]) -> list[tuple[Effect, ...]]:
    """Return what the actions of a rule make of each object that it fired on, given as rows of the table."""
    by_action = [_of_action(action, rule, table, rows) for action in rule.then]
    return [tuple(found) for found in zip(*by_action, strict=True)] if rows else []


def _of_action(action: Action, rule: Rule, table: Table, rows: Sequence[int]) -> list[Effect]:
    if isinstance(action, forms.Rebalance):
        return _rebalance(action, rule, table, rows)
    found = []
    for row in rows:
        subject = table.subjects[row]
        match action:
            case forms.Toward():
                what: Change | Notice | OutgoingCall | str = _or_why(_toward, action, table, row)
            case forms.Notify():
                what = Notice(action.message or rule.name)
            case forms.Call():
                what = OutgoingCall(action.url, _body(rule, table, subject))
            case _:
                what = proposed(action, subject, table.now.date())
        found.append(Effect(action.action, what))
    return found


def proposed(action: Action, subject: Subject, today: date | None = None) -> Change | str:
    """Return the change that an action makes of an object by itself, or why there is nothing to change."""
    return _or_why(_proposed, action, subject, today)


def _or_why(work: Callable[Asked, Told], *args: Asked.args, **kwargs: Asked.kwargs) -> Told | str:
    """Return what comes of it, or why it would be no change that makes sense."""
    try:
        return work(*args, **kwargs)
    except ChangeError as error:
        return str(error)


def _proposed(action: Action, subject: Subject, today: date | None) -> Change | str:
    match action:
        case forms.Pause():
            return _switched(subject, ACTIVE, PAUSED, "pause")
        case forms.Start():
            return _switched(subject, PAUSED, ACTIVE, "start")
        case forms.SetAmount() | forms.MoveAmount():
            return _amount(action, subject)
        case forms.SwapCreative():
            return _shown(subject, action.creative_id)
        case forms.RotateCreative(creative_ids=ids):
            current = _creative(subject)
            return _shown(subject, ids[(ids.index(current) + 1) % len(ids)] if current in ids else ids[0])
        case forms.Rename():
            return _renamed(subject, _name(action.name, subject, today))
        case forms.TagWith():
            return _tagged(action, subject)
        case forms.Duplicate():
            return _copied(action, subject, today)
    return f"the action {action.action} makes nothing of one object by itself"


def _change(subject: Subject, field: Field, before: Value, after: Value) -> Change:
    return Change(subject.platform, subject.account_id, subject.level, subject.object_id, field, before, after)


def _switched(subject: Subject, before: str, after: str, verb: str) -> Change | str:
    if subject.status != before:
        return f"its status is {subject.status or 'not known'}, so there is nothing to {verb}"
    return _change(subject, "status", before, after)


# Amounts


def _amount(action: forms.SetAmount | forms.MoveAmount, subject: Subject) -> Change | str:
    field = _field_of(action)
    before = _own(subject, field)
    if isinstance(before, str):
        return before
    if isinstance(action, forms.SetAmount):
        return _moved(action, subject, field, before, _micros(action.amount), only=0)
    sign = 1 if action.action.startswith("raise") else -1
    step = _micros(action.amount) if action.amount is not None else before * (action.percent or Decimal()) / 100
    return _moved(action, subject, field, before, before + sign * step, only=sign)


def _field_of(action: forms.SetAmount | forms.MoveAmount) -> Field:
    if action.action.endswith("bid"):
        return "bid"
    return "daily_budget" if action.budget == "daily" else "lifetime_budget"


def _own(subject: Subject, field: Field) -> int | str:
    """Return an amount of an object in micros, or that it has none."""
    micros = subject.number(field)
    if micros is None or not math.isfinite(micros) or micros <= 0 or micros != int(micros):
        return f"it has no {field.replace('_', ' ')} of its own"
    return int(micros)


def _moved(
    action: forms.SetAmount | forms.MoveAmount | forms.Toward,
    subject: Subject,
    field: Field,
    before: int,
    wanted: Decimal,
    *,
    only: int,
) -> Change | str:
    """Return the amount that is wanted, within floor and cap and in whole steps toward where it was.

    With `only` 1 it is a raise or nothing, which no floor makes larger; with -1 a cut or nothing, and no cap does.
    """
    step, said = _step(action.round_to, subject.minor_per_unit), field.replace("_", " ")
    floor = Decimal(0) if action.floor is None or only > 0 else _micros(action.floor)
    cap = None if action.cap is None or only < 0 else _micros(action.cap)
    bounded = max(wanted, floor) if cap is None else min(max(wanted, floor), cap)
    side = 1 if bounded > before else -1
    after = max(
        _in_steps(bounded, step, ROUND_FLOOR if side > 0 else ROUND_CEILING), _in_steps(floor, step, ROUND_CEILING)
    )
    if cap is not None:
        after = min(after, _in_steps(cap, step, ROUND_FLOOR))
    if after <= 0:
        return f"the {said} would come to nothing"
    if (after - before) * (only or side) <= 0:
        return f"its {said} is there already, within floor, cap and rounding"
    return _change(subject, field, before, after)


def _step(round_to: Decimal | None, minor_per_unit: int) -> int:
    """Return the micros of which an amount is a multiple: whole smallest units of the currency, and of `round_to`."""
    smallest = MICROS_PER_UNIT // minor_per_unit
    if round_to is None:
        return smallest
    return math.lcm(smallest, max(1, int(_micros(round_to).to_integral_value(ROUND_CEILING))))


def _in_steps(micros: Decimal, step: int, rounding: str) -> int:
    return int((micros / step).quantize(Decimal(1), rounding)) * step


def _micros(units: Decimal) -> Decimal:
    return units * MICROS_PER_UNIT


def _toward(action: forms.Toward, table: Table, row: int) -> Change | str:
    subject = table.subjects[row]
    field: Field = "bid" if action.action == "bid_toward" else "daily_budget"
    before, target = _own(subject, field), _target(action.to, table, row)
    if isinstance(before, str):
        return before
    value = metric_of(
        action.metric, [table.number(each, row) for each in name_columns(action.metric, action.window, "self", False)]
    )
    if value is None or target is None:
        return (
            f"its {action.metric} over {action.window}"
            + (", or the target of it," if target is None else "")
            + " is not known"
        )
    is_cost = action.metric in _COSTS
    if target <= 0 or (is_cost and value <= 0):
        return f"its {action.metric} is {value:g} and the target {target:f}: there is no proportion between them"
    figure = _decimal(value)
    most = before * action.most_percent / 100
    wanted = before * (target / figure if is_cost else figure / target)
    kept = min(max(wanted, before - most), before + most)
    return _moved(action, subject, field, before, kept, only=1 if kept > before else -1)


def _target(to: Decimal | Target, table: Table, row: int) -> Decimal | None:
    if not isinstance(to, Target):
        return to
    goals = table.targets.get(to.target)
    if goals is None or not math.isfinite(goals[row]):
        return None
    return to.times * _decimal(float(goals[row]))


def _decimal(value: float) -> Decimal:
    return Decimal(f"{value:.{_DIGITS}g}")


# Groups


def _rebalance(action: forms.Rebalance, rule: Rule, table: Table, rows: Sequence[int]) -> list[Effect]:
    groups, members = table.groups(action.within), defaultdict[int, list[int]](list)
    told: dict[int, Change | str] = {}
    for row in rows:
        budget = _own(table.subjects[row], "daily_budget")
        if not _runs(table.subjects[row]):
            told[row] = "it does not run, so it has nothing to share"
        elif isinstance(budget, str):
            told[row] = budget
        else:
            members[int(groups[row])].append(row)
    bundles: dict[int, str] = {}
    for group in members.values():
        changed = _or_why(_of_group, action, rule, table, group)
        told |= dict.fromkeys(group, changed) if isinstance(changed, str) else changed
        bundles |= dict.fromkeys(group, f"{rule.id} {min(table.subjects[row].object_id for row in group)}")
    return [Effect(action.action, told[row], bundles.get(row, "")) for row in rows]


def _runs(subject: Subject) -> bool:
    """Return whether an object is on, and nothing above it off: what is not spent cannot be moved elsewhere."""
    return subject.status == ACTIVE and subject.text("effective_status") in (None, ACTIVE)


def _of_group(action: forms.Rebalance, rule: Rule, table: Table, group: Sequence[int]) -> dict[int, Change | str]:
    smallest = {MICROS_PER_UNIT // table.subjects[row].minor_per_unit for row in group}
    budgets = {row: table.subjects[row].daily_budget_micros or 0 for row in group}
    metrics = {row: _formula(action.by, action.window, rule, table, row) for row in group}
    unknown = sorted(table.subjects[row].object_id for row in group if metrics[row] is None)
    if len(group) < 2:
        return dict.fromkeys(group, f"nobody else of its {action.within} matches, so there is nothing to share")
    if unknown:
        others = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        return dict.fromkeys(
            group, f"{action.by} of {unknown[0]}{others} is not known: its {action.within} is left as it is"
        )
    if len(smallest) > 1 or any(budget % min(smallest) for budget in budgets.values()):
        return dict.fromkeys(group, "its group has budgets that are no whole number of one smallest unit")
    unit = smallest.pop()
    floor = 0 if action.floor is None else _in_steps(_micros(action.floor), unit, ROUND_CEILING) // unit
    found = rebalanced(
        [Member(table.subjects[row].object_id, budgets[row] // unit, metrics[row] or 0.0) for row in group],
        action.most_percent,
        floor,
    )
    if found is None:
        return dict.fromkeys(group, f"{action.by} is 0 for all of its {action.within}: there is nothing to share by")
    return {
        row: _change(table.subjects[row], "daily_budget", budgets[row], after * unit)
        if after * unit != budgets[row]
        else "its share is what it has"
        for row, after in zip(group, found, strict=True)
    }


def _formula(text: str, window: Window, rule: Rule, table: Table, row: int) -> float | None:
    tree = parse_expression(text, rule.metrics)
    known = {
        name: metric_of(name, [table.number(each, row) for each in name_columns(name, window, "self", False)])
        for name in names(tree)
    }
    value = value_of(tree, known)
    return value if value is not None and math.isfinite(value) else None


# Creatives, names, labels, copies


def _creative(subject: Subject) -> str | None:
    current = subject.text("creative.id")
    return current if isinstance(current, str) and current else None


def _shown(subject: Subject, after: str) -> Change | str:
    before = _creative(subject)
    if before is None:
        return "the creative that it shows is not known"
    return _change(subject, "creative", before, after) if after != before else f"it shows {after} already"


def _name(template: str, subject: Subject, today: date | None) -> str:
    """Return the name that a template makes; what names hold is never looked at as a template itself."""
    known = {
        "{name}": subject.name,
        "{id}": subject.object_id,
        "{date}": "" if today is None else today.isoformat(),
        "{campaign.name}": subject.campaign_name,
    }
    return _PLACEHOLDER.sub(lambda found: known[found[0]], template).strip()


def _renamed(subject: Subject, after: str) -> Change | str:
    if problem := _name_problem(after):
        return problem
    if not subject.name:
        return "its name is not known"
    return _change(subject, "name", subject.name, after) if after != subject.name else "it is called so already"


def _name_problem(name: str) -> str:
    if len(name) > LONGEST_NAME:
        return f"the new name would have {len(name)} characters, and the platform takes {LONGEST_NAME}: it is not cut"
    if not name or not name.isprintable():
        return "the new name would be empty, or hold characters that cannot be shown"
    return ""


def _tagged(action: forms.TagWith, subject: Subject) -> Change | str:
    labels = subject.text("labels")
    if not isinstance(labels, tuple):
        return "its labels are not known"
    before = labels_value(labels)
    after = labels_value((set(labels) | set(action.add)) - set(action.remove))
    return _change(subject, "labels", before, after) if after != before else "its labels are so already"


def _copied(action: forms.Duplicate, subject: Subject, today: date | None) -> Change | str:
    name = _name(action.name, subject, today)
    if problem := _name_problem(name):
        return problem
    if action.daily_budget is None:
        return _change(subject, "copy", NO_COPY, copy_value(name))
    if subject.level is Level.AD:
        return "an ad has no budget, so its copy can have none"
    smallest = MICROS_PER_UNIT // subject.minor_per_unit
    micros = _in_steps(_micros(action.daily_budget), smallest, ROUND_HALF_UP)
    return _change(subject, "copy", NO_COPY, copy_value(name, micros))


def _body(rule: Rule, table: Table, subject: Subject) -> str:
    return canonical_json(
        {
            "rule": rule.id,
            "revision": rule.revision,
            "platform": subject.platform,
            "account_id": subject.account_id,
            "level": str(subject.level),
            "object_id": subject.object_id,
            "object_name": subject.name,
            "data_known_at": table.known_at.isoformat(),
        }
    )

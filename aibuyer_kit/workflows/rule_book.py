"""A client's rules as a notebook holds them: frames in and out, and nothing that changes a platform."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.rules.conditions import All, AnyOf, Condition, Not
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.parse import parse_rule
from aibuyer_kit.rules.strict import exact_numbers
from aibuyer_kit.rules.trace_lines import lines_of, verdict_word
from aibuyer_kit.rules.versions import is_number, values_of, with_value
from aibuyer_kit.workflows.rule_check import CHECK_COLUMNS, REACHED_DAYS, check, rows_of
from aibuyer_kit.workflows.rule_files import find_rule, read_rules
from aibuyer_kit.workflows.rule_stats import STATS_COLUMNS, rule_stats
from aibuyer_kit.workflows.rule_tools import (
    COMPARE_COLUMNS,
    EXPLAIN_COLUMNS,
    PREVIEW_COLUMNS,
    Look,
    compare,
    explain,
    preview,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from aibuyer_kit.workflows.replay import At, Mode, Replay
    from aibuyer_kit.workflows.tune import TunedRule


class RuleBook(Mapping[str, "BookedRule"]):
    """The rules in force by id; each reading takes the files as they are now, and raises RuleError for a wrong one."""

    def __init__(self, context: ClientContext) -> None:
        self._context = context

    def __getitem__(self, rule_id: str) -> "BookedRule":
        return BookedRule(self._context, find_rule(self._rules(), rule_id))

    def __iter__(self) -> Iterator[str]:
        return iter([rule.id for rule in self._rules()])

    def __len__(self) -> int:
        return len(self._rules())

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per rule: id, name, level, mode, schedule, what it does, revision."""
        rows = [
            {
                "rule": rule.id,
                "name": rule.name,
                "level": rule.level,
                "mode": rule.mode,
                "does": ", ".join(action.action for action in rule.then),
                "revision": rule.revision,
            }
            for rule in self._rules()
        ]
        return _frame(rows, ("rule", "name", "level", "mode", "does", "revision"))

    def preview(self) -> "pd.DataFrame":
        """Return what every rule says of every object of its scope now, and why, in the client's language.

        `held_back` tells what would not be proposed: another rule opposes it, a guardrail, a cooldown.
        """
        return _preview(self._context, self._rules())

    def explain(self, object_id: str) -> "Explanation":
        """Return why each rule of its level fires on an object or does not. Raises NotFoundError."""
        return Explanation(self._context, explain(self._context, self._rules(), object_id))

    def check(self, *, days: int = REACHED_DAYS) -> "pd.DataFrame":
        """Return one row per fault of the rules in force: which rules, what, what to do, and an object as example.

        Figures are held against what they came to at this hour of each of the last `days`.
        """
        found = check(self._context, self._rules(), days=days)
        return _frame(rows_of(found, self._context.settings.locale), CHECK_COLUMNS)

    def stats(self, *, days: int = 28) -> "pd.DataFrame":
        """Return one row per rule: what it looked at, found, proposed and had held back, and how long it took."""
        return _frame(rule_stats(self._context, days=days), STATS_COLUMNS)

    def replay(self, *, days: int = 28, mode: "Mode" = "observed", at: "At" = "figures") -> "Replay":
        """Return what all rules would have decided over the last days, each time on what was known then.

        They are looked at whenever figures came, or (`at="decisions"`) when they were evaluated at the time.
        """
        return _replayed(self._context, self._rules(), days, mode, at)

    def new(self, document: Mapping[str, Any]) -> "BookedRule":
        """Return a rule that is not in force, to try it out. Raises RuleError."""
        content = json.dumps(document).encode()
        return BookedRule(self._context, parse_rule(content, "new rule", self._context.settings.metrics))

    def _rules(self) -> tuple[Rule, ...]:
        return read_rules(self._context.rules, self._context.settings.metrics)

    def __repr__(self) -> str:
        return f"RuleBook({', '.join(self) or 'no rules yet'})"

    def _repr_html_(self) -> str:
        items = "".join(f"<li><code>{for_html(rule.id)}</code> {for_html(rule.name)}</li>" for rule in self._rules())
        return f"<ul>{items or '<li>no rules yet</li>'}</ul>"


class BookedRule:
    """One rule of a client."""

    def __init__(self, context: ClientContext, rule: Rule) -> None:
        self._context = context
        self.rule = rule

    def preview(self) -> "pd.DataFrame":
        """Return what it says of every object of its scope now, and why, in the client's language.

        `held_back` tells what would not be proposed beside the rules in force.
        """
        return _preview(self._context, [self.rule])

    def explain(self, object_id: str) -> "Explanation":
        """Return why it fires on an object or does not. Raises NotFoundError."""
        return Explanation(self._context, explain(self._context, [self.rule], object_id))

    def with_value(self, place: str, value: Any) -> "BookedRule":
        """Return the rule with another value, such as `with_value("when.all.0.value", 60)`, to try it out."""
        return BookedRule(self._context, with_value(self.rule, place, exact_numbers(value)))

    def thresholds(self) -> dict[str, float]:
        """Return the numbers that it compares with, by place, as `with_value` takes it."""
        return {
            place: float(value) for place, value in values_of(self.rule) if place.endswith("value") and is_number(value)
        }

    def diff(self, other: "BookedRule") -> "pd.DataFrame":
        """Return one row for each object of which this rule and another one say different things now."""
        return _frame(compare(self._context, self.rule, other.rule), COMPARE_COLUMNS)

    def replay(self, *, days: int = 28, mode: "Mode" = "observed") -> "Replay":
        """Return what this rule alone would have decided over the last days, each time on what was known then.

        `observed` takes the history as it went, `carried` carries its own changes forward.
        """
        return _replayed(self._context, [self.rule], days, mode)

    def tune(
        self, *, days: int = 90, trials: int = 60, wrong: float = 1.0, missed: float = 1.0, seed: int = 7
    ) -> "TunedRule":
        """Look for better thresholds on older days and report them on newer ones; the rule stays as it is.

        `wrong` and `missed` say what a wrong match and a missed object weigh. Raises InputError for too few days.
        """
        from aibuyer_kit.measurement.tuning import Costs
        from aibuyer_kit.workflows.tune import tune_rule

        return tune_rule(self._context, self.rule, Costs(wrong, missed), days=days, trials=trials, seed=seed)

    def lines(self) -> list[str]:
        """Return its conditions as a tree, one line each."""
        return list(_tree(self.rule.when, 0))

    def __repr__(self) -> str:
        head = f"{self.rule.id} ({self.rule.mode}, revision {self.rule.revision}): {self.rule.name}"
        does = ", ".join(action.action for action in self.rule.then)
        return "\n".join([head, f"of each {self.rule.level} of its scope, {does} when", *self.lines()])

    def _repr_html_(self) -> str:
        return f"<pre>{for_html(repr(self))}</pre>"


class Explanation:
    """Why rules fire on one object or do not: a sentence each, and the truth table."""

    def __init__(self, context: ClientContext, looks: list[Look]) -> None:
        self._locale = context.settings.locale
        self.looks = looks

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per rule."""
        return _frame([each.row(self._locale) for each in self.looks], EXPLAIN_COLUMNS)

    def __repr__(self) -> str:
        lines = []
        for each in self.looks:
            lines += [f"{each.rule.id}: {verdict_word(each.verdict, self._locale)}", f"  {each.why(self._locale)}"]
            lines += lines_of(each.trace.content(), 1, self._locale)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "".join(
            f"<p><b>{for_html(each.rule.id)}</b>: {for_html(verdict_word(each.verdict, self._locale))}<br>"
            f"{for_html(each.why(self._locale))}</p>"
            f"<pre>{for_html(chr(10).join(lines_of(each.trace.content(), 0, self._locale)))}</pre>"
            for each in self.looks
        )


def _replayed(
    context: ClientContext, rules: "Sequence[Rule]", days: int, mode: "Mode", at: "At" = "figures"
) -> "Replay":
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.progress import tqdm_progress
    from aibuyer_kit.workflows.replay import replay

    with tqdm_progress("Replaying") as progress:
        return replay(
            context, read_settings(context.rules.parent), rules, days=days, mode=mode, at=at, progress=progress
        )


def _tree(condition: Condition, depth: int) -> Iterator[str]:
    indent = "  " * (depth + 1)
    match condition:
        case All(all=parts) | AnyOf(any=parts):
            yield f"{indent}{'all' if isinstance(condition, All) else 'any'} of"
            for part in parts:
                yield from _tree(part, depth + 1)
        case Not(not_=part):
            yield f"{indent}not"
            yield from _tree(part, depth + 1)
        case leaf:
            yield f"{indent}{leaf}"


def _preview(context: ClientContext, rules: "Sequence[Rule]") -> "pd.DataFrame":
    from aibuyer_kit.settings.workspace_settings import read_settings

    in_force = read_rules(context.rules, context.settings.metrics)
    looks = preview(context, read_settings(context.rules.parent), rules, in_force)
    return _frame([each.preview_row(context.settings.locale) for each in looks], PREVIEW_COLUMNS)


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(rows, columns=list(columns))

"""Looking at rules before they act: what they would do now, and why of one object; nothing is written anywhere.

A preview goes through the same steps as a decision, so that it tells what another rule in force opposes, what a
guardrail holds back, and what is proposed already.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.core.i18n import t
from aibuyer_kit.ledger.database import FILE_NAME
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.rules.actions import Rebalance
from aibuyer_kit.rules.effects import effects
from aibuyer_kit.rules.evaluate import verdicts
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.sentences import sentence
from aibuyer_kit.rules.subjects import Subject, is_in
from aibuyer_kit.rules.table import Table, columns_of
from aibuyer_kit.rules.trace import Trace
from aibuyer_kit.settings.workspace_settings import Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.desk import Held
from aibuyer_kit.workflows.evaluation import Checks, Moment, evaluated
from aibuyer_kit.workflows.evidence import Evidence
from aibuyer_kit.workflows.evidence_days import Key
from aibuyer_kit.workflows.missing_targets import MissingTarget, missing_in
from aibuyer_kit.workflows.period import client_clock
from aibuyer_kit.workflows.pictures import Pictures, limits_of
from aibuyer_kit.workflows.replay import thrown_away_ledger
from aibuyer_kit.workflows.ripening import traces_told

_VERDICTS = {True: "fires", False: "does not fire", None: "unknown"}
EXPLAIN_COLUMNS = ("rule", "level", "object_id", "object_name", "verdict", "would", "why")
PREVIEW_COLUMNS = (*EXPLAIN_COLUMNS, "held_back")

COMPARE_COLUMNS = (
    *("object_id", "object_name", "left", "right", "left_would", "right_would", "left_why", "right_why"),
)


@dataclass(frozen=True)
class Look:
    """One rule and one object: whether the rule is about it, and its trace, whether or not it is.

    `missing` are targets that the client does not have; `held_back` tells why what it would do is not proposed now,
    `score_told` what drove the score that it compares, `is_unripe` that the rule fires only until the results that are
    still arriving are there.
    """

    rule: Rule
    subject: Subject
    in_scope: bool
    trace: Trace
    would: str
    missing: tuple[MissingTarget, ...] = ()
    held_back: str = ""
    score_told: str = ""
    is_unripe: bool = False

    @property
    def verdict(self) -> str:
        return _VERDICTS[self.trace.verdict] if self.in_scope else "out of scope"

    def why(self, locale: str) -> str:
        """Return what settled it, in the reader's language."""
        said = [sentence(self.trace.content(), locale), *(each.sentence(locale) for each in self.missing)]
        said += [self.score_told] if self.score_told else []
        told = " ".join([*said, t(locale, "trace.unripe")] if self.is_unripe else said)
        return told if self.in_scope else f"{t(locale, 'trace.out_of_scope')} {told}"

    def row(self, locale: str) -> dict[str, Any]:
        """Return it as one row of a frame."""
        return {
            "rule": self.rule.id,
            "level": str(self.subject.level),
            "object_id": self.subject.object_id,
            "object_name": self.subject.name,
            "verdict": self.verdict,
            "would": self.would,
            "why": self.why(locale),
        }

    def preview_row(self, locale: str) -> dict[str, Any]:
        """Return it as one row of a preview."""
        return {**self.row(locale), "held_back": self.held_back}


def preview(
    context: ClientContext, settings: Settings, rules: Sequence[Rule], in_force: Sequence[Rule] = ()
) -> list[Look]:
    """Return what rules say now of every object of their scopes; by rule, then by object.

    What they would do is held against each other and the rules `in_force`. Raises NotFoundError before the first load.
    """
    with _newest(context) as evidence:
        held = _held_back(context, settings, evidence, rules, in_force)
        found = [
            look
            for table, of_level in _tables(evidence, rules)
            for rule in of_level
            for look in _looks(context, evidence, rule, table, _in_scope(rule, table))
        ]
    found = [replace(look, held_back=held.get((look.rule.id, look.subject.key), "")) for look in found]
    return sorted(found, key=lambda each: (each.rule.id, each.verdict != "fires", each.subject.key))


def _in_scope(rule: Rule, table: Table) -> list[int]:
    return [row for row, each in enumerate(table.subjects) if is_in(rule.scope, each)]


def _held_back(
    context: ClientContext, settings: Settings, evidence: Evidence, rules: Sequence[Rule], in_force: Sequence[Rule]
) -> dict[tuple[str, Key], str]:
    """Return why what rules would do now is not proposed, by rule and object.

    Of rules that only tell it says what would be held back if they proposed.
    """
    own = {rule.id for rule in rules}
    others = [rule for rule in in_force if rule.id not in own]
    with ExitStack() as stack:
        is_there = (context.ledger / FILE_NAME).exists()
        ledger = stack.enter_context(Ledger(context.ledger) if is_there else thrown_away_ledger())
        pictures = Pictures(context, ledger)
        stack.callback(pictures.close)
        checks, moment = Checks(pictures, limits_of(settings.guardrails)), Moment(evidence.moment, evidence.load_id)
        found = _reasons(evaluated([*others, *rules], evidence, ledger, checks, moment).held, own, "")
        if telling := {rule.id for rule in rules if rule.mode == "notify"}:
            bold = [rule.model_copy(update={"mode": "propose"}) if rule.id in telling else rule for rule in rules]
            held = evaluated([*others, *bold], evidence, ledger, checks, moment).held
            found |= _reasons(held, telling, "if it proposed: ")
    return found


def _reasons(held: Iterable[Held], own: Collection[str], head: str) -> dict[tuple[str, Key], str]:
    found: dict[tuple[str, Key], list[str]] = {}
    for each in held:
        if each.why != "nothing to do" and each.match.rule.id in own:
            found.setdefault((each.match.rule.id, each.match.subject.key), []).append(f"{each.by}: {each.reason}")
    return {key: head + "; ".join(dict.fromkeys(said)) for key, said in found.items()}


def explain(context: ClientContext, rules: Sequence[Rule], object_id: str) -> list[Look]:
    """Return what each rule of its level says of one object, and why, also where a rule is not about it.

    Raises NotFoundError where no account of the client has the object, or no rule is about its level.
    """
    found, seen = [], set[str]()
    with _newest(context) as evidence:
        for table, of_level in _tables(evidence, rules):
            seen.update(str(table.level) for _ in table.subjects[:1])
            rows = [row for row, subject in enumerate(table.subjects) if subject.object_id == object_id]
            for rule in of_level:
                scored = any(each.name == "score" for each in columns_of([rule]))
                for look in _looks(context, evidence, rule, table, rows):
                    told = evidence.score_told(look.subject, context.settings.locale) if scored else ""
                    found.append(replace(look, score_told=told))
    if not found:
        levels = ", ".join(sorted(seen)) or "no level"
        raise NotFoundError(f"There is no object {object_id!r} that the rules look at ({levels}). Check its id.")
    return sorted(found, key=lambda each: each.rule.id)


def compare(context: ClientContext, left: Rule, right: Rule) -> list[dict[str, Any]]:
    """Return one row for each object of which two versions of a rule say different things now, and why each does."""
    locale = context.settings.locale
    looks = [{each.subject.key: each for each in explain_all(context, rule)} for rule in (left, right)]
    rows = []
    for key in sorted({*looks[0], *looks[1]}):
        one, other = looks[0].get(key), looks[1].get(key)
        some = one or other
        if some and (one is None or other is None or (one.verdict, one.would) != (other.verdict, other.would)):
            rows.append(
                {
                    "object_id": some.subject.object_id,
                    "object_name": some.subject.name,
                    "left": one.verdict if one else None,
                    "right": other.verdict if other else None,
                    "left_would": one.would if one else None,
                    "right_would": other.would if other else None,
                    "left_why": one.why(locale) if one else None,
                    "right_why": other.why(locale) if other else None,
                }
            )
    return rows


def explain_all(context: ClientContext, rule: Rule) -> list[Look]:
    """Return what a rule says of every object of its level, whether it is about it or not."""
    with _newest(context) as evidence:
        return [
            look
            for table, _ in _tables(evidence, [rule])
            for look in _looks(context, evidence, rule, table, range(len(table)))
        ]


@contextmanager
def _newest(context: ClientContext) -> Iterator[Evidence]:
    """Yield the newest figures."""
    reader = Reader(context.warehouse)
    try:
        fresh = reader.freshness()
        yield Evidence(context, reader, client_clock(context, reader).now(), fresh.load_id)
    finally:
        reader.close()


def _tables(evidence: Evidence, rules: Sequence[Rule]) -> Iterator[tuple[Table, list[Rule]]]:
    """Yield the tables of each level that rules are about, with these rules."""
    for level in Level:
        if of_level := [rule for rule in rules if rule.of_level is level]:
            for table in evidence.tables(level, columns_of(of_level)):
                yield table, of_level


def _looks(context: ClientContext, evidence: Evidence, rule: Rule, table: Table, rows: Sequence[int]) -> list[Look]:
    """Return what a rule says of these rows; where it shares something among all that match, all are looked at."""
    told = dict(zip(rows, traces_told(rule, table, rows, evidence), strict=True))
    traces = {row: trace for row, (trace, _) in told.items()}
    in_scope = {row: is_in(rule.scope, table.subjects[row]) for row in rows}
    fired = [row for row in rows if in_scope[row] and traces[row].verdict is True]
    if fired and any(isinstance(action, Rebalance) for action in rule.then):
        fired = [row for row, verdict in enumerate(verdicts(rule, table)) if verdict is True]
    would = {
        row: "; ".join(each.sentence(table.subjects[row]) for each in made)
        for row, made in zip(fired, effects(rule, table, fired), strict=True)
    }
    missing = {row: tuple(missing_in(context, rule, table, [row])) for row in rows}
    return [
        Look(
            rule,
            table.subjects[row],
            in_scope[row],
            traces[row],
            would.get(row, ""),
            missing[row],
            is_unripe=bool(told[row][1]),
        )
        for row in rows
    ]

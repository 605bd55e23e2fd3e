"""Targets that rules name and a client does not have: which, and where to set them. What hangs on one is unknown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.i18n import t
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.subjects import is_in
from aibuyer_kit.rules.table import Table
from aibuyer_kit.workflows.what_counts import section_of, section_targets

CLIENT_FILE = "client.toml"


@dataclass(frozen=True, order=True)
class MissingTarget:
    """A target that a rule needs, and the section of the client's file in which it would stand."""

    rule_id: str
    metric: str
    section: str
    path: Path

    @property
    def place(self) -> str:
        """Where to set it, for a person."""
        return f"[{self.section}] in {self.path}"

    def sentence(self, locale: str = "en") -> str:
        """Return what is missing and where to set it, in the reader's language."""
        return t(locale, "trace.missing_target", metric=self.metric, place=self.place)

    def line(self) -> str:
        """Return it with the rule, for a terminal."""
        return f"MISSING TARGET {self.rule_id}: {self.sentence()}"


def missing_targets(
    context: ClientContext, rules: Sequence[Rule], tables: Sequence[Table]
) -> tuple[MissingTarget, ...]:
    """Return the targets that objects in the scopes of rules would need, by rule, metric and section."""
    found = {
        each
        for table in tables
        for rule in rules
        if rule.of_level is table.level
        for each in missing_in(context, rule, table, range(len(table)))
    }
    return tuple(sorted(found))


def missing_in(
    context: ClientContext, rule: Rule, table: Table, rows: Sequence[int] | range
) -> Iterator[MissingTarget]:
    """Yield the targets that a rule needs for some rows of a table, as far as they are in its scope."""
    for metric in rule.targets():
        known = table.targets.get(metric)
        seen: set[str] = set()
        for row in rows:
            if known is not None and np.isfinite(known[row]):
                continue
            told = table.subjects[row].text("objective")
            section = section_of(context, told if isinstance(told, str) else None)
            if section not in seen and is_in(rule.scope, table.subjects[row]):
                seen.add(section)
                yield _missing(context, rule, metric, section)


def nowhere_set(context: ClientContext, rules: Sequence[Rule]) -> tuple[MissingTarget, ...]:
    """Return the targets that rules need and no section of the client's file has, without a look at any figure."""
    sections = ("", *context.settings.results)
    return tuple(
        _missing(context, rule, metric, "")
        for rule in rules
        for metric in rule.targets()
        if not any(metric in section_targets(context, each) for each in sections)
    )


def _missing(context: ClientContext, rule: Rule, metric: str, section: str) -> MissingTarget:
    named = f"results.{section}.targets" if section else "targets"
    return MissingTarget(rule.id, metric, named, context.folder / CLIENT_FILE)

"""What an analysis tells: which rules, what is wrong, an object on which it shows, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from aibuyer_kit.core.i18n import t
from aibuyer_kit.rules.analysis.witness import Witness, columns_at, level_order, shown, table_of
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import Table

Kind = Literal[
    "contradiction",
    "oscillation",
    "never",
    "always",
    "subsumed",
    "compounding",
    "levels",
    "immature",
    "unreached",
    "no_results",
    "undecided",
    "missing_target",
]


@dataclass(frozen=True)
class Example:
    """An object, made up (or `observed`, from a table of data), and those above it, as the named rules see it."""

    rules: tuple[Rule, ...]
    witness: Witness | None = None
    observed: Subject | None = None

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """One table of one row for each level of the rules; the rules can be evaluated on it. Empty if observed."""
        if self.witness is None:
            return {}
        levels = level_order(rule.level for rule in self.rules)
        return {level: table_of(self.witness, level, columns_at(level, self.rules)) for level in levels}

    @property
    def subjects(self) -> tuple[Subject, ...]:
        if self.observed is not None:
            return (self.observed,)
        return tuple(table.subjects[0] for table in self.tables.values())

    @property
    def figures(self) -> Mapping[str, float]:
        """What the rules read of it, in units, by column; empty if observed."""
        if self.witness is None:
            return {}
        return {name: number for rule in self.rules for name, number in shown(self.witness, rule).items()}

    def __str__(self) -> str:
        who = ", ".join(f"{each.level} {each.name!r} ({each.object_id}, {each.status})" for each in self.subjects)
        figures = ", ".join(f"{name} = {number:,.6g}" for name, number in self.figures.items())
        return f"{who}: {figures}" if figures else who


@dataclass(frozen=True)
class Finding:
    """One fault of one or two rules (by id); `about` fills its sentence. `undecided` names the kind that is open."""

    kind: Kind
    rules: tuple[str, ...]
    example: Example | None = None
    about: Mapping[str, str] = field(default_factory=dict)

    def sentence(self, locale: str = "en") -> str:
        """Return what is wrong."""
        return t(locale, f"analysis.{self.kind}", **self._values(locale))

    def cure(self, locale: str = "en") -> str:
        """Return what to do about it."""
        return t(locale, f"analysis.{self.kind}_cure", **self._values(locale))

    def _values(self, locale: str) -> dict[str, Any]:
        found: dict[str, Any] = {"one": self.rules[0], "other": self.rules[-1], **self.about}
        if "open" in found:
            found["open"] = t(locale, f"analysis_kind.{found['open']}")
        return found

    def content(self, locale: str = "en") -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "kind": self.kind,
            "rules": list(self.rules),
            "sentence": self.sentence(locale),
            "cure": self.cure(locale),
            "example": None if self.example is None else str(self.example),
        }

    def __str__(self) -> str:
        return f"{self.kind}: {self.sentence()} {self.cure()}"

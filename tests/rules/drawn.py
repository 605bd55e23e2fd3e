"""Rules and tables drawn by a seed over the whole language: what a buyer could write, and figures at their worst."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.metrics import METRICS, Measure
from aibuyer_kit.rules.conditions import PROBABLE
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.language import Rule, rule_of
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import ARRIVED, Column, Table, columns_of
from tests.rules.worlds import KNOWN_AT, NOW

SUMMED = [each for each, found in METRICS.items() if not isinstance(found, Measure) or found.additive == "everywhere"]
OWN = {"worth": "revenue - 2 * spend", "strain": "max(cpa, cpc) / min(spend, daily_budget)"}
WINDOWS: Sequence[dict[str, Any]] = (
    {"days": 1, "ends": "today"},
    {"days": 3, "ends": "yesterday"},
    {"days": 7, "ends": 2},
    {"hours": 6, "ends": "last_hour"},
    {"calendar": "this_month", "ends": "yesterday"},
    {"calendar": "last_week"},
    {"lifetime": True, "ends": "today"},
)
WORDS = ("Spring", "UA", "shoes", "retarget", "LAL 2%", "=cmd()", "спорт", "")
LABELS = ("hold", "winner", "test", "new")
STATUSES = ("ACTIVE", "PAUSED", None)
# Whole sums, and what goes wrong with them.
ODD = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1e308, -1e308, 5e-324, -3.0, 2.0**53)


def drawn_rules(seed: int, count: int, ranks: float = 0.05, chances: float = 0.02) -> list[Rule]:
    """Return rules of whose comparisons a share, `ranks`, is of places in a ranking, and one asks for a probability."""
    return [_Drawing(random.Random(seed * 1_000_003 + number), ranks, chances).rule(number) for number in range(count)]  # noqa: S311 # a sample


def drawn_table(seed: int, rules: Sequence[Rule], rows: int) -> Table:
    """Return ad sets of a few accounts and campaigns with a column for all that the rules name."""
    return table_of(seed, drawn_subjects(seed, rows), columns_of(rules))


def drawn_subjects(seed: int, rows: int) -> list[Subject]:
    draw = random.Random(seed)  # noqa: S311 # a sample
    return [_subject(draw, number) for number in range(rows)]


def table_of(seed: int, subjects: Sequence[Subject], columns: Sequence[Column]) -> Table:
    """Return a table of these objects: columns of what is above them hold one value for each group."""
    generator = np.random.default_rng(seed)
    blank = Table(Level.ADSET, NOW, KNOWN_AT, subjects, {})
    numbers = {}
    for column in columns:
        values = generator.random(len(subjects)) if column.name == ARRIVED else _figures(generator, len(subjects))
        if column.of != "self":
            values = _of_groups(values, blank.groups(column.of), numbers.get(replace(column, of="self")))
        numbers[column] = values
    targets = {name: _figures(generator, len(subjects)) for name in ("cpa", "roas")}
    return Table(Level.ADSET, NOW, KNOWN_AT, subjects, numbers, targets)


def _of_groups(values: Any, groups: Any, own: Any) -> Any:
    """Return one value for each group: for two in three, what the known parts of its members come to, and more."""
    found = values[groups % len(values)]
    if own is None:
        return found
    parts = np.where(np.isfinite(own) & (own > 0) & (own < 1e15), own, 0.0)
    return np.where(groups % 3 == 0, found, np.bincount(groups, weights=parts)[groups] * 2)


def _figures(generator: np.random.Generator, rows: int) -> Any:
    """Return sums that often equal each other and the thresholds that are drawn, with one in six out of order."""
    scale = generator.choice([1.0, 1_000_000.0, 500_000.0])
    values = generator.integers(0, 12, rows) * scale
    spread = np.floor(generator.lognormal(4, 3, rows)) * scale
    values = np.where(generator.random(rows) < 0.5, values, spread)
    return np.where(generator.random(rows) < 0.17, generator.choice(ODD, rows), values)


def _subject(draw: random.Random, number: int) -> Subject:
    campaign = str(draw.randrange(8)) if draw.random() < 0.95 else None
    texts = {
        "learning_stage": draw.choice(("LEARNING", "SUCCESS", "FAIL", None)),
        "labels": draw.choice((None, (), tuple(draw.sample(LABELS, 2)), (draw.choice(LABELS),))),
        "adset.name": draw.choice(WORDS),
    }
    return Subject(
        "meta",
        f"act_{(int(campaign or 0)) % 2}",
        Level.ADSET,
        f"s{number}",
        " ".join(draw.choices(WORDS, k=2)),
        f"Campaign {campaign}",
        draw.choice(STATUSES) if draw.random() < 0.4 else "ACTIVE",
        draw.choice((None, 50_000_000, 1)),
        100,
        campaign_id=campaign,
        adset_id=f"s{number}",
        created_on=draw.choice((None, date(2026, 1, 1) + timedelta(days=draw.randrange(120)))),
        texts=texts,
    )


class _Drawing:
    """One rule."""

    def __init__(self, draw: random.Random, ranks: float, chances: float) -> None:
        self._draw, self._ranks, self._chances = draw, ranks, chances

    def rule(self, number: int) -> Rule:
        then = {"action": "notify"}
        scope, when = self._scope(), self._condition(self._draw.randrange(4))
        content = {"id": f"drawn-{number}", "name": "Drawn", "level": "adset", "scope": scope, "when": when}
        return rule_of({**content, "then": [then]}, OWN)

    def _scope(self) -> dict[str, Any]:
        scope: dict[str, Any] = {}
        if self._chance(0.6):
            scope["status"] = self._draw.choice((["ACTIVE"], ["PAUSED"], ["ACTIVE", "PAUSED"]))
        if self._chance(0.2):
            scope["where"] = [self._text() for _ in range(self._draw.randint(1, 2))]
        if self._chance(0.1):
            scope["include"] = self._ids(60)
        if self._chance(0.1):
            scope["exclude"] = self._ids(20)
        if self._chance(0.1):
            scope["created_before"] = "2026-03-15"
        return scope if {"status", "where", "include"} & set(scope) else {"status": ["ACTIVE"], **scope}

    def _ids(self, count: int) -> list[str]:
        named = [str(self._draw.randrange(8)), *(f"s{self._draw.randrange(300)}" for _ in range(count))]
        return [*dict.fromkeys(named)]

    def _condition(self, depth: int) -> dict[str, Any]:
        kind = self._draw.choice(("all", "all", "any", "not")) if depth else "leaf"
        if kind == "leaf":
            return self._text() if self._chance(0.1) else self._leaf()
        if kind == "not":
            return {"not": self._condition(depth - 1)}
        parts = [self._condition(self._draw.randrange(depth)) for _ in range(self._draw.randint(1, 3))]
        return {kind: parts}

    def _leaf(self) -> dict[str, Any]:
        leaf = self._figure()
        if self._chance(self._ranks):
            return {**leaf, "op": self._draw.choice(("in", "not in")), "value": self._rank()}
        kind = self._draw.choice(("number", "number", "number", "range", "list", "other", "other", "target"))
        if kind == "range":
            low, high = sorted((self._number(), self._number()))
            return {**leaf, "op": self._draw.choice(("in range", "not in range")), "value": [low, high]}
        if kind == "list":
            numbers = [self._number() for _ in range(self._draw.randint(1, 9))]
            return {**leaf, "op": self._draw.choice(("in", "not in")), "value": numbers}
        value: Any = self._number()
        if kind == "other":
            value = self._figure(constants=True)
            if "window" in leaf and self._chance(0.4):
                value.pop("window", None)
        if kind == "target":
            value = {
                "target": self._draw.choice(("cpa", "roas", "cpm")),
                "times": Decimal(self._draw.randint(1, 9)) / 4,
            }
        if self._chance(self._chances):
            own = {"expr": self._draw.choice(PROBABLE), "window": leaf["window"], "matured": "matured" in leaf}
            least = self._draw.choice((Decimal("0.5"), Decimal("0.8"), Decimal("0.95")))
            return {**own, "op": self._draw.choice((">", ">=", "<", "<=")), "value": value, "min_probability": least}
        return {**leaf, "op": self._draw.choice((">", ">=", "<", "<=", "=", "!=")), "value": value}

    def _rank(self) -> dict[str, Any]:
        share = self._draw.choice((1, 3, 50, "1%", "20%", "100%"))
        return {
            self._draw.choice(("top", "bottom")): share,
            "within": self._draw.choice(("account", "campaign", "parent")),
            "among": self._draw.choice(("scope", "all")),
            "zeros": self._draw.choice(("in", "out")),
        }

    def _figure(self, constants: bool = False) -> dict[str, Any]:
        """Return a formula with the window it needs, of the object or of what is above it."""
        text = self._formula(self._draw.choice((0, 0, 0, 1, 2)))
        if constants and self._chance(0.05):
            return {"expr": self._draw.choice(("2 * 3", "1000000000000000 * 1000000000000000", "0 - 1"))}
        whose = {"of": self._draw.choice(("parent", "campaign", "account"))} if self._chance(0.25) else {}
        matured = {"matured": True} if self._chance(0.2) else {}
        return {"expr": text, "window": self._draw.choice(WINDOWS), **whose, **matured}

    def _formula(self, depth: int) -> str:
        """Return the text of a formula; at its left end there is always a name."""
        if not depth:
            return self._draw.choice([*SUMMED, *SUMMED, *NUMBERS, *OWN])
        left = self._formula(depth - 1)
        right = self._formula(depth - 1) if self._chance(0.6) else str(self._draw.choice((0.5, 2, 3, 10, 1e12)))
        match self._draw.randrange(6):
            case 0:
                return f"min({left}, {right}, {self._formula(0)})"
            case 1:
                return f"max({left}, {right})"
            case 2:
                return f"abs({left}) * -({right})"
        return f"({left}) {self._draw.choice('+-*/')} ({right})"

    def _text(self) -> dict[str, Any]:
        kind = self._draw.choice(("name", "name", "status", "labels", "learning_stage", "id", "campaign.id"))
        word = self._draw.choice([each for each in WORDS if each])
        match kind:
            case "name":
                return {"field": kind, "op": self._draw.choice(("contains", "not contains", "=", "!=")), "value": word}
            case "labels":
                if self._chance(0.5):
                    return {"field": kind, "op": self._draw.choice(("contains", "not contains")), "value": "hold"}
                op = self._draw.choice(("any", "all", "none"))
                return {"field": kind, "op": op, "value": self._draw.sample(LABELS, 2)}
            case "id" | "campaign.id":
                return {"field": kind, "op": self._draw.choice(("in", "not in")), "value": self._ids(5)}
        wanted = self._draw.choice(("ACTIVE", "LEARNING", "FAIL"))
        return {"field": kind, "op": self._draw.choice(("=", "!=", "contains")), "value": wanted}

    def _number(self) -> Decimal:
        if self._chance(0.5):
            return Decimal(self._draw.randint(-2, 12))
        return Decimal(str(round(self._draw.lognormvariate(2, 3), 3)))

    def _chance(self, share: float) -> bool:
        return self._draw.random() < share

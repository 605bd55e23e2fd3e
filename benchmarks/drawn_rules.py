"""Rules as they are drawn for benchmarks: 3 to 5 comparisons of sums and ratios over windows of days."""

import random
from decimal import Decimal
from typing import Any

from aibuyer_kit.rules.language import Rule, rule_of

WINDOWS = (1, 3, 7, 14, 28)
MEASURES = ("spend", "impressions", "clicks", "results", "revenue")
RATIOS = ("cpa", "roas", "ctr", "cpc", "cvr")
USUAL = {"spend": 60, "impressions": 9_000, "clicks": 90, "results": 3, "revenue": 150}
USUAL_RATIO = {"cpa": 20, "roas": 2.5, "ctr": 0.01, "cpc": 0.7, "cvr": 0.03}
ORDERS = {">": "gt", ">=": "ge", "<": "lt", "<=": "le"}


def drawn_rules(count: int, chances: float = 0.0) -> list[Rule]:
    """Return rules of which a share of the comparisons asks for a probability."""
    draw = random.Random(20_260_610)  # noqa: S311 # a benchmark
    return [drawn_rule(draw, number, chances) for number in range(count)]


def drawn_rule(draw: random.Random, number: int, chances: float) -> Rule:
    leaves = [drawn_leaf(draw, chances) for _ in range(draw.randint(3, 5))]
    when = {"all": [leaves[0], {"any": leaves[1:3]}, *leaves[3:]]}
    content = {"id": f"rule-{number}", "name": "Drawn", "level": "adset", "scope": {"status": ["ACTIVE"]}, "when": when}
    return rule_of({**content, "then": [{"action": "pause"}]})


def drawn_leaf(draw: random.Random, chances: float) -> dict[str, Any]:
    """Return a comparison: seven in ten of a sum and two of a ratio with a number, one against another window."""
    days, kind = draw.choice(WINDOWS), draw.random()
    name = draw.choice(MEASURES if kind < 0.7 else RATIOS)
    usual = USUAL[name] * days if name in USUAL else USUAL_RATIO[name]
    leaf: dict[str, Any] = {"expr": name, "window": window(days), "op": draw.choice(tuple(ORDERS))}
    leaf["value"] = Decimal(str(round(usual * draw.lognormvariate(0, 0.7), 4)))
    if draw.random() < chances:
        name = draw.choice(("cpa", "roas", "cvr", "ctr"))
        value = Decimal(str(round(USUAL_RATIO[name] * draw.lognormvariate(0, 0.5), 4)))
        return {**leaf, "expr": name, "value": value, "min_probability": Decimal("0.9")}
    if kind >= 0.9:
        leaf["value"] = {"expr": f"{draw.choice((1.2, 1.5, 2))} * {name}", "window": window(draw.choice(WINDOWS))}
    return leaf


def window(days: int) -> dict[str, Any]:
    return {"days": days, "ends": "yesterday"}

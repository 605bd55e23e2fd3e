"""How long the static analysis of a set of rules takes: 300 rules of 2 to 5 comparisons over three levels.

The set is drawn like those that people keep: guards, scaling and trimming over a few windows, in scopes by name, with
faults left in. The solver on every pair, without samples and bounds first, is the peer.
"""

import argparse
import json
import os
import platform
import random
import time
from collections import Counter
from importlib.metadata import version
from itertools import combinations
from typing import Any

from aibuyer_kit.rules.analysis import Finding, analyse
from aibuyer_kit.rules.analysis.meaning import Meaning
from aibuyer_kit.rules.analysis.solver import Build, Solver
from aibuyer_kit.rules.language import Rule, rule_of

RULES = 300
BAR_SECONDS = 10.0
PEER = "z3 on every pair of 40 rules, scaled to all pairs"
_PEER_RULES = 40
_NAMES = ("Prospecting", "Retargeting", "Lookalike", "Brand", "UA", "PL", "Video", "Sale")
_WINDOWS = (
    {"days": 1, "ends": "today"},
    {"days": 1, "ends": "yesterday"},
    {"days": 3, "ends": "yesterday"},
    {"days": 7, "ends": "yesterday"},
    {"days": 14, "ends": "yesterday"},
    {"days": 30, "ends": "yesterday"},
    {"calendar": "this_month", "ends": "yesterday"},
    {"hours": 6, "ends": "last_hour"},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=3, help="runs, the best of which counts (default: 3)")
    arguments = parser.parse_args()
    outcome = result(arguments.rounds)
    print(json.dumps(outcome) if arguments.json else as_table(outcome))


def drawn_rules(count: int, seed: int = 5) -> list[Rule]:
    """Return rules as people write them, faults included."""
    draw = random.Random(seed)  # noqa: S311 # a sample, no secret
    return [rule_of(_document(number, draw)) for number in range(count)]


def _document(number: int, draw: random.Random) -> dict[str, Any]:
    level = draw.choice(("adset",) * 6 + ("ad", "ad", "campaign"))
    kind = draw.choice(("pause", "pause", "pause", "raise", "lower", "start", "notify"))
    if level == "ad" and kind in ("raise", "lower"):
        kind = "pause"
    window = draw.choice(_WINDOWS)
    parts = [_comparison(kind, window, draw) for _ in range(draw.randint(2, 5))]
    if draw.random() < 0.25:
        parts = [parts[0], {"any": parts[1:]}]
    where = {"field": draw.choice(("name", "campaign.name")), "op": "contains", "value": draw.choice(_NAMES)}
    scope: dict[str, Any] = {"status": ["PAUSED" if kind == "start" else "ACTIVE"]}
    if draw.random() < 0.5:
        scope["where"] = [where]
    return {
        "id": f"rule-{number}",
        "name": f"Rule {number}",
        "level": level,
        "scope": scope,
        "when": {"all": parts},
        "then": [_action(kind, draw)],
    }


def _action(kind: str, draw: random.Random) -> dict[str, Any]:
    percent = draw.choice((10, 15, 20, 30))
    if kind == "raise":
        return {"action": "raise_budget", "percent": percent, **({"cap": 500} if draw.random() < 0.8 else {})}
    if kind == "lower":
        return {"action": "lower_budget", "percent": percent, **({"floor": 20} if draw.random() < 0.8 else {})}
    return {"action": kind}


def _comparison(kind: str, window: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    bad = kind in ("pause", "lower", "notify")
    expr, op, values = draw.choice(
        (
            ("spend", ">", (20, 50, 100, 300)),
            ("results", "<" if bad else ">=", (1, 2, 5, 10)),
            ("cpa", ">" if bad else "<", (20, 40, 60, 100)),
            ("roas", "<" if bad else ">", (1, 2, 3, 4)),
            ("ctr", "<" if bad else ">", ()),
            ("impressions", ">=", (500, 1000, 5000)),
            ("clicks", ">", (10, 50, 100)),
            ("cpm", ">" if bad else "<", (5, 10, 20)),
            ("spend / daily_budget", ">", (1, 2, 3)),
            ("daily_budget", "<", (100, 200, 400)),
        )
    )
    if expr == "cpa" and draw.random() < 0.2:
        longer = {"days": 30, "ends": "yesterday"}
        return {"expr": expr, "window": window, "op": op, "value": {"expr": "1.5 * cpa", "window": longer}}
    value = draw.choice(values) if values else 1
    return {"expr": expr if values else "100 * ctr", "window": window, "op": op, "value": value}


def result(rounds: int) -> dict[str, Any]:
    rules = drawn_rules(RULES)
    took: list[float] = []
    found: tuple[Finding, ...] = ()
    for _ in range(rounds):
        started = time.perf_counter()
        found = analyse(rules)
        took.append(time.perf_counter() - started)
    peer = all_pairs_seconds(rules)
    best = round(min(took), 2)
    return {
        "name": "rule_analysis",
        "unit": "s",
        "limit": {},
        "peers": {PEER: round(peer, 1)},
        "ours": {f"{RULES} rules": best},
        "ratios": {PEER: round(best / peer, 4)},
        "bars": {f"{RULES} rules": BAR_SECONDS},
        "held": {f"{RULES} rules": best <= BAR_SECONDS},
        "findings": dict(sorted(Counter(each.kind for each in found).items())),
        "conditions": {
            "rounds": rounds,
            "statistic": "best; the first one imports z3",
            "z3": version("z3-solver"),
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        },
    }


def all_pairs_seconds(rules: list[Rule]) -> float:
    """Return what asking the solver whether both fire takes over all pairs, from those of a few rules."""
    few = rules[:_PEER_RULES]
    started = time.perf_counter()
    for pair in combinations(few, 2):
        Solver().solve(_both(pair))
    took = time.perf_counter() - started
    return took * (len(rules) * (len(rules) - 1)) / (len(few) * (len(few) - 1))


def _both(pair: tuple[Rule, Rule]) -> Build:
    return lambda facts: [Meaning(rule, facts).fires() for rule in pair]


def as_table(outcome: dict[str, Any]) -> str:
    held = "held" if all(outcome["held"].values()) else "MISSED"
    rows = [("peer", *each) for each in outcome["peers"].items()] + [
        ("ours", *each) for each in outcome["ours"].items()
    ]
    lines = [f"{kind:<6} {name:<52} {value:>8.2f} s" for kind, name, value in rows]
    found = ", ".join(f"{kind} {count}" for kind, count in outcome["findings"].items())
    return "\n".join(["rule analysis", *lines, f"bar {BAR_SECONDS:.0f} s: {held}", f"findings: {found}"])


if __name__ == "__main__":
    main()

"""How rules do: what each looked at, found, held back and proposed over a period, and how long it took."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.workflows.proposals import proposals_clock

STATS_COLUMNS = (
    *("rule", "evaluations", "objects", "matches", "proposed", "suppressed", "nothing_to_do", "notify", "conflict"),
    *("open_proposal", "cooldown", "maturity", "guardrail", "limit", "p50_ms", "p95_ms", "last_evaluated"),
)
_WHYS = ("nothing to do", "notify", "conflict", "open proposal", "cooldown", "maturity", "guardrail", "limit")


def rule_stats(context: ClientContext, *, days: int = 28, until: datetime | None = None) -> list[dict[str, Any]]:
    """Return one row per rule that was evaluated in the last `days` up to a moment, sorted by id.

    `objects` and `matches` add up over evaluations and accounts; `suppressed` counts the effects that were kept back,
    and the columns after it say by what. Times are those of one evaluation over one account.
    """
    end = until or proposals_clock(context).now() + timedelta(microseconds=1)
    with Ledger(context.ledger) as ledger:
        found = ledger.evaluations.findings(end - timedelta(days=days), end)
    by_rule: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        by_rule[row["rule_id"]].append(row)
    return [_row(rule_id, by_rule[rule_id]) for rule_id in sorted(by_rule)]


def _row(rule_id: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    held = sum((Counter(row["suppressed"]) for row in rows), Counter[str]())
    latencies_ms = sorted(row["latency_us"] / 1000 for row in rows)
    return {
        "rule": rule_id,
        "evaluations": len({row["evaluation_id"] for row in rows}),
        "objects": sum(row["evaluated"] for row in rows),
        "matches": sum(row["matched"] for row in rows),
        "proposed": sum(row["proposed"] for row in rows),
        "suppressed": held.total(),
        **{why.replace(" ", "_"): held[why] for why in _WHYS},
        "p50_ms": _quantile(latencies_ms, 50),
        "p95_ms": _quantile(latencies_ms, 95),
        "last_evaluated": max(row["evaluated_at"] for row in rows),
    }


def _quantile(values: list[float], percent: int) -> float:
    """Return the smallest value that so many percent of them do not exceed.

    >>> _quantile([1.0, 2.0, 3.0, 4.0], 50), _quantile([1.0, 2.0, 3.0, 4.0], 95)
    (2.0, 4.0)
    """
    return values[-(-len(values) * percent // 100) - 1]

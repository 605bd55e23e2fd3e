"""Traces that tell what figures still arriving are expected to come to, and what holds of a rule then."""

from collections.abc import Callable, Sequence

from aibuyer_kit.rules.evaluate import traces
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.ripening import ripened, share_columns, turned, with_expected, young
from aibuyer_kit.rules.table import Table, columns_of
from aibuyer_kit.rules.trace import Trace
from aibuyer_kit.workflows.evidence import Evidence


def traces_told(
    rule: Rule,
    table: Table,
    rows: Sequence[int],
    evidence: Evidence,
    seen_as: Callable[[Table], Table] | None = None,
) -> list[tuple[Trace, str]]:
    """Return a rule's trace of each of some objects, and why it is not true of what the figures are expected to be.

    The second is empty where the rule is not true anyway, where it stays so, where nobody knows, and of figures that a
    rule means as they stand, in so many words. What the table lacks is read only where there are rows, and shown as the
    table is.
    """
    later = ripened(rule) if rows else None
    if later is None:
        return [(trace, "") for trace in traces(rule, table, rows)]
    binding = ripened(rule, only_open=True)
    table = evidence.more(table, (*columns_of([later, *([binding] if binding else [])]), *share_columns(rule)), seen_as)
    found, expected = traces(rule, table, rows), traces(later, table, rows)
    held_by = traces(binding, table, rows) if binding else found
    each = zip(rows, found, expected, held_by, strict=True)
    return [
        (with_expected(trace, ripe, young(rule, table, row)), _unripe(trace, then)) for row, trace, ripe, then in each
    ]


def _unripe(trace: Trace, ripe: Trace) -> str:
    if trace.verdict is not True or ripe.verdict is not False:
        return ""
    told = "; ".join(
        f"{now.expr} {now.op} {now.threshold} is true of {_number(now.value)}, not of {_number(then.value)}"
        for now, then in turned(trace, ripe)
    )
    return f"results are still arriving, and at what is expected of them the rule does not fire: {told}"


def _number(value: float | None) -> str:
    return "what is not known" if value is None else f"{value:,.2f}"

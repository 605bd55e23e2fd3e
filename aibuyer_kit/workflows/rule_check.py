"""Rules held against each other before they run: what contradicts, undoes, repeats or never fires, and the cure."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.core.escape import for_terminal
from aibuyer_kit.features.maturity import MaturityPoint
from aibuyer_kit.rules.analysis import Finding, Reached, analyse, columns_reached, reached, widest
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.table import Column, Table, columns_of
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.evidence import Evidence
from aibuyer_kit.workflows.maturity import client_maturity
from aibuyer_kit.workflows.missing_targets import MissingTarget, missing_targets, nowhere_set
from aibuyer_kit.workflows.period import client_clock

CHECK_COLUMNS = ("kind", "rules", "sentence", "cure", "example")
# What figures ever came to is looked up at this hour of each of so many days.
REACHED_DAYS = 28


def check(context: ClientContext, rules: Sequence[Rule], *, days: int = REACHED_DAYS) -> tuple[Finding, ...]:
    """Return what is wrong with a set of rules, by themselves and for what this client's data is like.

    The data tells how late results arrive, what the figures of rules came to at this hour of each of the last `days`
    (as known now), and an object on which a fault shows. Before the first load the rules are only held against each
    other. Targets that the client does not have are told last. Nothing is written, and nothing that is found keeps
    rules from being evaluated.
    """
    reader = Reader(context.warehouse)
    try:
        load_id = reader.freshness().load_id
    except NotFoundError:
        return (*analyse(rules), *_untargeted(nowhere_set(context, rules)))
    else:
        moment = client_clock(context, reader).now()
        evidence = Evidence(context, reader, moment - timedelta(days=days - 1), load_id)
        earlier: list[Reached] = []
        for back in range(days - 2, -1, -1):
            earlier += reached(rules, _tables(evidence, rules, columns_reached))
            evidence = evidence.advanced(moment - timedelta(days=back), load_id)
        newest = list(_tables(evidence, rules, columns_of))
        ranges = widest([*earlier, *reached(rules, newest)])
        found = analyse(rules, delays=_slowest(client_maturity(context, reader)), ranges=ranges, tables=newest)
        return (*found, *_untargeted(missing_targets(context, rules, newest)))
    finally:
        reader.close()


def _untargeted(missing: Sequence[MissingTarget]) -> Iterator[Finding]:
    for each in missing:
        yield Finding("missing_target", (each.rule_id,), about={"metric": each.metric, "place": each.place})


def rows_of(findings: Sequence[Finding], locale: str) -> list[dict[str, Any]]:
    """Return one row per finding, in the reader's language."""
    return [each.content(locale) for each in findings]


def lines_of(findings: Sequence[Finding], locale: str) -> Iterator[str]:
    """Yield each finding for a terminal: what is wrong, what to do, and an example."""
    for each in findings:
        yield f"{each.kind}: {each.sentence(locale)}"
        yield f"  {each.cure(locale)}"
        if each.example is not None:
            yield f"  {for_terminal(str(each.example))}"


def _tables(
    evidence: Evidence, rules: Sequence[Rule], needed: Callable[[Sequence[Rule]], tuple[Column, ...]]
) -> Iterator[Table]:
    for level in Level:
        of_level = [rule for rule in rules if rule.of_level is level]
        if columns := needed(of_level):
            yield from evidence.tables(level, columns)


def _slowest(curves: Mapping[str, Sequence[MaturityPoint]]) -> tuple[MaturityPoint, ...]:
    """Return the curve of several accounts that promises least: at each age the lowest share, or none."""
    by_age: dict[int, list[MaturityPoint]] = defaultdict(list)
    for curve in curves.values():
        for point in curve:
            by_age[point.age_days].append(point)
    return tuple(
        min(points, key=lambda point: -1.0 if point.share_known is None else point.share_known)
        for _, points in sorted(by_age.items())
    )

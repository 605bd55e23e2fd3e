"""All findings of a rule set, in a stable order."""

from collections.abc import Iterable, Iterator, Sequence

from aibuyer_kit.features.maturity import MaturityPoint
from aibuyer_kit.rules.analysis.findings import Example, Finding
from aibuyer_kit.rules.analysis.pairs import Pairs
from aibuyer_kit.rules.analysis.ranges import Reached
from aibuyer_kit.rules.analysis.search import Search
from aibuyer_kit.rules.analysis.singles import Singles, immature, unreached
from aibuyer_kit.rules.analysis.solver import STEPS_EACH
from aibuyer_kit.rules.evaluate import verdicts
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.table import Table, columns_of


def analyse(
    rules: Sequence[Rule],
    *,
    delays: Sequence[MaturityPoint] | None = None,
    ranges: Iterable[Reached] | None = None,
    tables: Iterable[Table] = (),
    steps_each: int = STEPS_EACH,
) -> tuple[Finding, ...]:
    """Return what is wrong with a set of rules, whose order makes no difference.

    `delays` is the client's maturity curve, `ranges` what its figures ever came to; without them nothing is said of
    early windows and of thresholds out of reach. An object of `tables` on which all rules of a finding fire stands for
    it in place of a made-up one. What the solver does not settle in `steps_each` steps is `undecided`.
    """
    ordered = sorted(rules, key=lambda rule: rule.id)
    if not ordered:
        return ()
    found = list(_found(Search(ordered, steps_each)))
    found += immature(ordered, delays) if delays else ()
    found += unreached(ordered, ranges) if ranges is not None else ()
    for table in tables:
        found = list(_observed(found, ordered, table))
    return tuple(found)


def _found(search: Search) -> Iterator[Finding]:
    singles, pairs = Singles(search), Pairs(search)
    yield from singles.never()
    yield from singles.always()
    yield from pairs.contradictions()
    yield from pairs.oscillations()
    yield from pairs.subsumed()
    yield from pairs.levels()
    yield from singles.compounding()
    yield from singles.no_results()


def _observed(found: Iterable[Finding], rules: Iterable[Rule], table: Table) -> Iterator[Finding]:
    """Yield findings whose example is an object of the table on which all of their rules fire, where there is one."""
    by_id = {rule.id: rule for rule in rules if rule.level == table.level}
    fired: dict[str, list[bool]] = {}
    for each in found:
        mine = [by_id[name] for name in each.rules if name in by_id]
        can_tell = len(mine) == len(each.rules) and set(columns_of(mine)) <= set(table.numbers)
        shown = each.example is not None and each.example.observed is not None
        if shown or each.kind in ("oscillation", "no_results", "undecided") or not can_tell:
            yield each
            continue
        for rule in mine:
            fired.setdefault(rule.id, [verdict is True for verdict in verdicts(rule, table)])
        row = next((row for row in range(len(table)) if all(fired[rule.id][row] for rule in mine)), None)
        example = each.example if row is None else Example(tuple(mine), observed=table.subjects[row])
        yield Finding(each.kind, each.rules, example, each.about)

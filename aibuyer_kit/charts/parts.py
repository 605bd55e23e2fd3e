"""What a page tells once for the whole, and what kind by kind where campaigns count several kinds of result."""

from collections.abc import Sequence

from aibuyer_kit.charts.kinds import ResultLike, result_names
from aibuyer_kit.charts.overview_like import OverviewLike
from aibuyer_kit.core.i18n import t
from aibuyer_kit.core.metrics import counts_results


def told_kinds(overview: OverviewLike) -> Sequence[ResultLike]:
    """Return what is told kind by kind: nothing where all campaigns count one kind of result."""
    return overview.by_result if len({each.kind for each in overview.by_result}) > 1 else ()


def told_parts(
    overview: OverviewLike, metrics: Sequence[str], locale: str
) -> "list[tuple[str, str, OverviewLike | ResultLike]]":
    """Return metrics with what they are of: the whole under no name, or each kind where results of several count."""
    kinds = told_kinds(overview)
    counting = [name for name in metrics if kinds and counts_results(name)]
    pairs = list(zip(kinds, result_names(kinds, locale), strict=True))
    found: list[tuple[str, str, OverviewLike | ResultLike]] = []
    for name in metrics:
        if name not in counting:
            found.append(("", name, overview))
        elif name == counting[0]:  # All that is of one kind stands together.
            found += [(words, each, kind) for kind, words in pairs for each in counting]
    return found


def part_label(name: str, kind_name: str, locale: str) -> str:
    if not kind_name:
        return t(locale, f"metric.{name}")
    return (
        kind_name
        if name == "results"
        else t(locale, "result.of_kind", metric=t(locale, f"metric.{name}"), kind=kind_name)
    )

"""Results of several kinds as words: how each is called, how many there were, and at which cost."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from aibuyer_kit.charts.compare import Figure
from aibuyer_kit.core.i18n import action_name, format_count, format_money, t
from aibuyer_kit.core.results import ResultKind


class ResultLike(Protocol):
    """All campaigns that count one kind of result under one section of the client's settings."""

    @property
    def section(self) -> str: ...
    @property
    def kind(self) -> ResultKind: ...
    @property
    def totals(self) -> Mapping[str, Figure]: ...
    @property
    def previous_totals(self) -> Mapping[str, Figure]: ...
    @property
    def targets(self) -> Mapping[str, float]: ...
    @property
    def daily(self) -> Sequence[tuple[date, Mapping[str, Figure]]]: ...


def result_names(results: Sequence[ResultLike], locale: str) -> tuple[str, ...]:
    """Return what each is called; where two would be called the same, the window or the objective tells them apart."""
    names = [action_name(each.kind.action_type, locale) for each in results]
    windows = [t(locale, f"window.{each.kind.window}") for each in results]
    names = _told_apart(names, windows, locale)
    return tuple(_told_apart(names, [each.section or "" for each in results], locale))


def result_line(result: ResultLike, name: str, currency: str, locale: str) -> str:
    """Return one kind's results and their cost in a sentence.

    >>> from types import SimpleNamespace
    >>> leads = SimpleNamespace(totals={"results": 120, "cpa": 8.1})
    >>> result_line(leads, "Leads", "EUR", "en")
    'Leads: 120 at €8.10.'
    """
    results, cpa = result.totals.get("results"), result.totals.get("cpa")
    if results is None:
        return t(locale, "result.unknown", kind=name)
    if not results:
        return t(locale, "result.none", kind=name)
    counted = format_count(results, locale)
    if cpa is None:
        return t(locale, "result.no_cost", kind=name, results=counted)
    return t(locale, "result.line", kind=name, results=counted, cpa=format_money(cpa, currency, locale))


def _told_apart(names: list[str], more: list[str], locale: str) -> list[str]:
    groups = {name: {other for each, other in zip(names, more, strict=True) if each == name} for name in names}
    return [
        t(locale, "result.with_more", kind=name, more=added) if added and len(groups[name]) > 1 else name
        for name, added in zip(names, more, strict=True)
    ]

"""What happened in a period, as sentences."""

from collections.abc import Mapping

from aibuyer_kit.charts.arrival import Arrival, arrival_of
from aibuyer_kit.charts.compare import Figure, compared
from aibuyer_kit.charts.kinds import ResultLike, result_line, result_names
from aibuyer_kit.charts.overview_like import OverviewLike
from aibuyer_kit.charts.parts import told_kinds
from aibuyer_kit.core.i18n import currency_decimals, format_money, format_share, t


def summary_sentences(overview: OverviewLike, locale: str | None = None) -> tuple[str, ...]:
    """Return what happened in plain words: spend against the period before, results, their cost against the target."""
    language = locale or overview.locale
    sentences = (each(overview, language) for each in (_spend_words, _result_words, _return_words))
    return tuple(words for words in sentences if words)


def _spend_words(overview: OverviewLike, locale: str) -> str:
    days = t(locale, "period.days", count=len(overview.period))
    spend, many = overview.totals.get("spend"), len(overview.period) > 1
    before = t(locale, "period.days_before", count=len(overview.period)) if many else t(locale, "period.day_before")
    if spend is None:
        return t(locale, "summary.spend_unknown", days=days)
    change = compared("spend", spend, overview.previous_totals.get("spend"))
    money = format_money(spend, overview.currency, locale)
    if change.change is None:
        return t(locale, "summary.spend_only", spend=money, days=days)
    if change.verdict == "same":
        return t(locale, "summary.spend_same", spend=money, days=days, before=before)
    key = "summary.spend_more" if change.change > 0 else "summary.spend_less"
    share = format_share(abs(change.change), locale, decimals=1)
    return t(locale, key, spend=money, days=days, before=before, share=share)


def _result_words(overview: OverviewLike, locale: str) -> str:
    kinds = told_kinds(overview)
    if kinds:
        names = result_names(kinds, locale)
        return " ".join(_kind_words(overview, each, name, locale) for each, name in zip(kinds, names, strict=True))
    results, cpa = overview.totals.get("results"), overview.totals.get("cpa")
    if results is None:
        return t(locale, "summary.results_unknown")
    if not results or cpa is None:
        return t(locale, "summary.results_none")
    words = t(locale, "summary.results", count=int(results), cpa=format_money(cpa, overview.currency, locale))
    arrival = arrival_of("cpa", overview.daily, overview.immature)
    return f"{words}{_cost_verdict(cpa, overview.targets, arrival, overview.currency, locale)}"


def _kind_words(overview: OverviewLike, result: ResultLike, name: str, locale: str) -> str:
    currency, arrival = overview.currency, arrival_of("cpa", result.daily, overview.immature)
    line = result_line(result, name, currency, locale)
    return f"{line}{_cost_verdict(result.totals.get('cpa'), result.targets, arrival, currency, locale)}"


def _cost_verdict(cpa: Figure, targets: Mapping[str, float], arrival: Arrival, currency: str, locale: str) -> str:
    if cpa is None or "cpa" not in targets:
        return ""
    aim = targets["cpa"]
    if not arrival.settles("cpa", cpa, aim):
        return f" {t(locale, 'summary.cpa_open', target=format_money(aim, currency, locale))}"
    verdict = compared("cpa", cpa, aim).verdict
    key = {"better": "summary.cpa_met", "same": "summary.cpa_exact"}.get(verdict, "summary.cpa_missed")
    return f" {t(locale, key, target=format_money(aim, currency, locale))}"


def _return_words(overview: OverviewLike, locale: str) -> str:
    roas = overview.totals.get("roas")
    if roas is None:
        return ""
    spent = 1 if currency_decimals(overview.currency) else 100
    unit, returned = (format_money(amount, overview.currency, locale) for amount in (spent, spent * roas))
    return t(locale, "summary.roas", unit=unit, returned=returned)

"""Reading facts as a client counts them: results by objective, money in the client's currency, names as dimensions."""

from collections.abc import Mapping, Sequence

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.access.rates_file import client_rates
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import MixedCurrencyError, RateError
from aibuyer_kit.core.metrics import counts_results
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Answer, Reader
from aibuyer_kit.warehouse.shown import Shown


def read_facts(
    context: ClientContext,
    reader: Reader,
    level: Level,
    days: DateRange,
    *,
    as_of: AsOf | None = None,
    breakdown: tuple[str, ...] = (),
    by: Sequence[str] = (),
    in_account_currency: bool = False,
) -> Answer:
    """Return insights as the client's settings of today ask for them, over what was known at `as_of`.

    With `in_account_currency` money is in each account's own, whatever the client's figures are shown in.

    Raises RateError for a rate that is missing, MixedCurrencyError where one value per result would be counted in
    several currencies; otherwise as Reader.insights.
    """
    settings = context.settings
    shown = None if in_account_currency else shown_in(context)
    if shown is None:
        check_one_currency(context, reader, days, as_of)
    try:
        return reader.insights(
            level,
            days,
            result=settings.rules,
            as_of=as_of,
            breakdown=breakdown,
            shown=shown,
            by=by,
            naming=settings.naming.rules(),
        )
    except RateError as error:
        where = context.folder / ((settings.money and settings.money.rates) or "client.toml")
        raise RateError(f"{error} Add it to {where}; figures in two currencies are not added up.") from None


def shown_in(context: ClientContext) -> Shown | None:
    """Return the currency that the client's figures are shown in with its rates; None for the accounts' own."""
    money = context.settings.money
    return None if money is None else Shown(money.currency, client_rates(context))


def result_setting(context: ClientContext) -> ResultSetting:
    """Return the client's own result, that of every objective without one, as the reader takes it."""
    return context.settings.rules.default


def result_settings(context: ClientContext) -> tuple[ResultSetting, ...]:
    """Return one setting for each kind of result that the client counts, its own first."""
    return tuple({each.kind: each for each in reversed(context.settings.rules.settings())}.values())[::-1]


def section_of(context: ClientContext, objective: str | None) -> str:
    """Return the objective whose own section says what counts for it; '' for the client's."""
    return objective if objective and objective in context.settings.results else ""


def section_targets(context: ClientContext, section: str) -> Mapping[str, float]:
    """Return the targets by which campaigns of a section are judged: its own, or the client's without one."""
    return context.settings.results[section].targets if section else context.settings.targets


def whole_targets(context: ClientContext, sections: Sequence[str], *, mixed: bool) -> Mapping[str, float]:
    """Return the targets by which totals are judged: the client's, and those of the only section that there is.

    A cost per result of the client is that of its own result, and says nothing about a mixture or about others.
    """
    targets = context.settings.targets
    if list(sections) in ([], [""]):
        return targets
    of_money = {name: aim for name, aim in targets.items() if not counts_results(name)}
    if mixed or len(sections) > 1:
        return of_money if mixed else targets
    return {**of_money, **section_targets(context, sections[0])}


def check_one_currency(context: ClientContext, reader: Reader, days: DateRange, as_of: AsOf | None) -> None:
    """Raise MixedCurrencyError where one value per result would be counted in several currencies."""
    if all(each.value_per_result_micros is None for each in context.settings.rules.settings()):
        return
    found = reader.currencies(days, as_of=as_of)
    if len(found) > 1:
        raise MixedCurrencyError(
            f"value_per_result would be counted in {', '.join(found)} alike. Say under [money] in"
            f" {context.folder / 'client.toml'} in which currency it is, and give rates."
        )

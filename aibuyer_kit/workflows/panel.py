"""Reading the panel that models learn from: one level of a client, day by day, as known after one load."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, account_date
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import MixedCurrencyError, NotFoundError, RateError
from aibuyer_kit.core.metrics import MEASURES
from aibuyer_kit.core.results import ResultKind
from aibuyer_kit.features.panel import DailyPanel, PanelObject
from aibuyer_kit.features.windows import Bools, Floats, Ints
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.shown import Shown
from aibuyer_kit.workflows.evidence_days import AccountKey, Key
from aibuyer_kit.workflows.evidence_objects import Known, Objects
from aibuyer_kit.workflows.maturity import known_shares
from aibuyer_kit.workflows.panel_besides import coded, days_of, with_besides
from aibuyer_kit.workflows.period import day_ends
from aibuyer_kit.workflows.what_counts import check_one_currency, shown_in

if TYPE_CHECKING:
    import pyarrow as pa

# What is added up over kinds of result at will; results are not.
_MEASURES = tuple(each.name for each in MEASURES if each.additive == "everywhere")


def read_panel(
    context: ClientContext,
    reader: Reader,
    level: Level,
    days: DateRange,
    *,
    as_of: AsOf | None = None,
    measures: Sequence[str] = _MEASURES,
    besides: bool = False,
) -> DailyPanel:
    """Return every object of `level` that has a figure within `days`, as known at `as_of`, in the order of ids.

    With `besides`, also what was set and counted besides the figures: budgets, reach, breakdowns and creatives.

    Money is in the client's currency, or in that of the accounts. Raises NotFoundError where nothing is known of these
    days, MixedCurrencyError for accounts in several currencies without rates, and otherwise as Reader.insights.
    """
    freshness = reader.freshness(as_of=as_of)
    shown = shown_in(context)
    if shown is None:
        check_one_currency(context, reader, days, freshness.load_id)
    currencies = reader.currencies(days, as_of=freshness.load_id)
    if shown is None and len(currencies) > 1:
        raise MixedCurrencyError(
            f"The accounts spend in {', '.join(currencies)}, and models add up money. Say under [money] in "
            f"{context.folder / 'client.toml'} in which currency figures are shown, and give rates."
        )
    names = ("results", *(each for each in measures if each != "results"))
    facts = reader.sums(level, days, names, result=context.settings.rules, as_of=freshness.load_id, shown=shown)
    if not facts.num_rows:
        raise NotFoundError(f"Nothing is known of {days} at the level {level}. What is known: aibuyer status")
    keys, places = coded(facts, ("platform", "account_id", "entity_id"))
    day_of = days_of(facts, days)
    values = {name: _dense(facts, name, day_of, places, (len(days), len(keys))) for name in names}
    read = _read_days(reader, level, days, keys, (day_of, places), freshness.load_id)
    for each in values.values():
        each[~read] = np.nan
    kinds = _kinds(facts, places, len(keys))
    values["results"][:, kinds == _SEVERAL] = np.nan
    objects = Objects(reader, freshness.load_id)
    known_accounts = {key[:2]: objects.accounts.get(key[:2]) for key in keys}
    rates = {key: rate_of(shown, each.currency if each else None, days.until) for key, each in known_accounts.items()}
    named = sorted({each.kind for each in context.settings.rules.settings()})
    panel = DailyPanel(
        level=level,
        days=days,
        objects=tuple(
            _object(level, key, objects, None if kind == _SEVERAL else named[kind], rates)
            for key, kind in zip(keys, kinds, strict=True)
        ),
        measures=values,
        known_share=_shares(context, reader, objects, keys, kinds, days, freshness.load_id, (facts, day_of, places)),
        currency=shown.currency if shown else currencies[0],
        load_id=freshness.load_id,
        known_at=freshness.known_at,
    )
    return with_besides(panel, context, reader, keys) if besides else panel


_SEVERAL = -1


def _read_days(
    reader: Reader, level: Level, days: DateRange, keys: Sequence[Key], told: tuple[Ints, Ints], load_id: int
) -> Bools:
    """Return (days, objects) which days of an object's account are known: those read whole after their end, which hold
    all there is, if only nothing, and those of which something is told.

    Accounts that only files tell of are known on the days of which they tell.
    """
    accounts = {account: place for place, account in enumerate(dict.fromkeys(key[:2] for key in keys))}
    of = np.array([accounts[key[:2]] for key in keys])
    found = np.zeros((len(days), len(accounts)), dtype=np.bool_)
    day_of, places = told
    found[day_of, of[places]] = True
    ends = list(day_ends(reader, days, [account for account in accounts if account[0] == "meta"], as_of=load_id))
    for row in reader.levels_read(ends, as_of=load_id).rows() if ends else ():
        if Level(row["level"]).depth >= level.depth:
            found[(row["date"] - days.since).days, accounts[row["platform"], row["account_id"]]] = True
    return np.asarray(found[:, of])


def _dense(facts: "pa.Table", name: str, day_of: Ints, places: Ints, shape: tuple[int, int]) -> Floats:
    """Return a measure by day and object: 0 without a row, NaN where a row does not report it."""
    numbers = facts[name].to_numpy().astype(np.float64)
    found = np.zeros(shape)
    np.add.at(found, (day_of, places), numbers)
    return found


def _kinds(facts: "pa.Table", places: Ints, count: int) -> Ints:
    """Return which kind of result each object counts, `_SEVERAL` where it is more than one."""
    kinds = facts["kind"].to_numpy().astype(np.int64)
    least, most = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
    np.minimum.at(least, places, kinds)
    np.maximum.at(most, places, kinds)
    return np.where(least == most, most, _SEVERAL)


def _object(
    level: Level, key: Key, objects: Objects, kind: ResultKind | None, rates: Mapping[AccountKey, float]
) -> PanelObject:
    """Return what is known of an object; one of which there are only figures has its id for a name."""
    known = objects.of(level).get(key)
    result_type, window = (kind.action_type, kind.window) if kind else (None, "")
    if known is None:
        return PanelObject(
            key[2], key[2], key[1], result_type=result_type, result_window=window, platform=key[0],
            rate=rates[key[:2]],
        )  # fmt: skip
    campaign = _above(objects, Level.CAMPAIGN, known)
    account = objects.accounts.get(known.account)
    holder = _holder(objects, level, known, campaign)
    created = account_date(known.created_at, account.zone) if known.created_at and account else None
    return PanelObject(
        id=key[2],
        name=known.name or key[2],
        account_id=key[1],
        campaign_id=known.campaign_id,
        campaign_name=campaign.name if campaign else None,
        adset_id=known.adset_id,
        objective=campaign.objective if campaign else None,
        status=known.status,
        created_on=created,
        daily_budget_micros=known.daily_budget,
        campaign_daily_budget_micros=campaign.daily_budget if campaign else None,
        creative_id=known.creative_id,
        result_type=result_type,
        result_window=window,
        attributes=known.attributes,
        holder_id=holder.key[2] if holder else "",
        holder_budget_micros=holder.daily_budget if holder else None,
        time_zone=str(account.zone) if account else "UTC",
        platform=key[0],
        rate=rates[key[:2]],
        delivers=may_spend(objects, level, known),
    )


def may_spend(objects: Objects, level: Level, known: Known) -> bool:
    """Return whether neither an object nor what is above it is paused or gone, as far as is known."""
    above = [_above(objects, Level.CAMPAIGN, known)]
    if level is Level.AD:
        above.append(objects.of(Level.ADSET).get((*known.account, known.adset_id or "")))
    return all(each.may_spend for each in (known, *above) if each)


def rate_of(shown: Shown | None, currency: str | None, day: date) -> float:
    """Return what a unit of an account is worth in the currency of the figures, NaN without a rate of that day."""
    if not (shown and currency):
        return 1.0
    try:
        return float(shown.rates.rate(currency, shown.currency, day))
    except RateError:
        return float("nan")


def _holder(objects: Objects, level: Level, known: Known, campaign: Known | None) -> Known | None:
    """Return whose daily budget an object spends from, if anyone's."""
    adset = objects.of(Level.ADSET).get((*known.account, known.adset_id or "")) if level is Level.AD else None
    return next((each for each in (known, adset, campaign) if each and each.daily_budget), None)


def _above(objects: Objects, level: Level, known: Known) -> Known | None:
    return objects.of(level).get((*known.account, known.campaign_id or ""))


def _shares(
    context: ClientContext,
    reader: Reader,
    objects: Objects,
    keys: Sequence[Key],
    kinds: Ints,
    days: DateRange,
    load_id: int,
    told: "tuple[pa.Table, Ints, Ints]",
) -> Floats:
    """Return which share of each day's final results is known, by its age on the day of the newest figures.

    Of an object that counts several kinds it is the share of their revenue, which alone adds up over them.
    """
    known_at = reader.freshness(as_of=load_id).known_at
    curves = [
        known_shares(reader, kind, as_of=load_id)
        for kind in sorted({each.kind for each in context.settings.rules.settings()})
    ]
    columns: dict[tuple[str, int], Floats] = {}

    def column(key: Key, kind: int) -> Floats:
        if (key[1], kind) not in columns:
            account = objects.accounts.get(key[:2])
            today = account_date(known_at, account.zone) if account else known_at.date()
            columns[key[1], kind] = _by_age(curves[kind].get(key[1]), days, today)
        return columns[key[1], kind]

    found = []
    for place, (key, kind) in enumerate(zip(keys, kinds.tolist(), strict=True)):
        if kind != _SEVERAL:
            found.append(column(key, kind))
            continue
        amounts = _by_kind(told, place, (len(days), len(curves)))
        found.append(share_of_several(amounts, np.stack([column(key, each) for each in range(len(curves))], axis=1)))
    return np.stack(found, axis=1)


def _by_kind(told: "tuple[pa.Table, Ints, Ints]", place: int, shape: tuple[int, int]) -> Floats:
    """Return the revenue of one object by day and kind of result."""
    facts, day_of, places = told
    mine, amounts = places == place, np.zeros(shape)
    if "revenue" not in facts.column_names:
        return amounts
    kinds, revenue = (facts[name].to_numpy().astype(np.float64)[mine] for name in ("kind", "revenue"))
    np.add.at(amounts, (day_of[mine], kinds.astype(np.int64)), np.maximum(np.nan_to_num(revenue), 0.0))
    return amounts


def share_of_several(amounts: Floats, shares: Floats) -> Floats:
    """Return the share known by day of amounts (days, kinds) of which these shares are known; of none, the mean one."""
    ends = np.where(amounts > 0, amounts / np.where(shares > 0, shares, np.nan), 0.0).sum(axis=1)
    known = np.where(np.isfinite(shares), shares, 1.0).mean(axis=1)
    found: Floats = np.where(ends == 0, known, amounts.sum(axis=1) / np.where(ends == 0, 1.0, ends))
    return found


def _by_age(curve: Sequence[float | None] | None, days: DateRange, today: date) -> Floats:
    """Return the share by day; where no curve was learnt, days are final when they are older than any curve."""
    shares = np.array([np.nan if share is None else share for share in curve or ()], dtype=np.float64)
    ages = np.array([(today - day).days for day in days])
    found = np.ones(len(ages))
    young = ages < max(len(shares), 1)
    found[young] = shares[np.clip(ages[young], 0, None)] if len(shares) else np.nan
    return found

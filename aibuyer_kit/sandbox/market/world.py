"""What a world is made of, and how a preset or a world file is read; every key that is not understood is refused."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from aibuyer_kit.core.dates import time_zone
from aibuyer_kit.core.errors import AibuyerError, SettingsError
from aibuyer_kit.core.money import known_currency, meta_minor_per_unit, micros_from_units, minor_from_micros

FIRST_NOW = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
OBJECTIVES = ("OUTCOME_SALES", "OUTCOME_LEADS")
MIN_DAILY_BUDGET_MINOR = 100
# The platform keeps 37 months.
MAX_HISTORY_DAYS = 1123

_WORLD_KEYS = ("preset", "history_days", "currency", "time_zone", "today_split", "learning", "campaign")
_LEARNING_KEYS = ("results", "days", "budget_change_share")
_CAMPAIGN_KEYS = ("name", "objective", "adset")
_ADSET_KEYS = ("name", "daily_budget")
_NOT_YET = ("lift_tests", "audience_size")


@dataclass(frozen=True)
class AdSetPlan:
    """An ad set as a world begins with it; `paused_share` is the part of the history it was paused in, from-to in 0..1.

    Its first ad does not deliver on every `first_ad_idle_every`-th day; 0 for always on.
    """

    name: str
    daily_budget_micros: int
    paused_share: tuple[float, float] | None = None
    first_ad_idle_every: int = 0


@dataclass(frozen=True)
class CampaignPlan:
    """A campaign as a world begins with it."""

    name: str
    objective: str
    adsets: tuple[AdSetPlan, ...]


@dataclass(frozen=True)
class LearningRule:
    """When an ad set has learnt, and which change of its budget makes it learn anew.

    That 50 results end learning is documented; that a change by more than 20% resets it is practitioners' folklore.
    """

    results: int = 50
    days: int = 7
    budget_change_share: float = 0.2


@dataclass(frozen=True)
class World:
    """What a market is opened from; `history_days` full days are lived through before `now`."""

    preset: str
    campaigns: tuple[CampaignPlan, ...]
    history_days: int = 60
    currency: str = "EUR"
    time_zone: str = "Europe/Kyiv"
    now: datetime = FIRST_NOW
    learning: LearningRule = LearningRule()


def load_world(world: str | Path, presets: Mapping[str, World]) -> World:
    """Return the preset called `world`, or what the world file at that path says over its preset.

    Raises SettingsError that names the file, the key and the known ones.
    """
    if str(world) in presets:
        return presets[str(world)]
    path = Path(world)
    if not path.is_file():
        raise SettingsError(f"{world}: no preset and no file of that name. Presets: {', '.join(presets)}.")
    try:
        return _overridden(_parsed(path), presets)
    except AibuyerError as error:
        raise SettingsError(f"{path}: {error}") from None


def _parsed(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"cannot be read as TOML: {error}.") from None


def _overridden(table: Mapping[str, object], presets: Mapping[str, World]) -> World:
    _check_keys(table, _WORLD_KEYS, "the world")
    name = _text(table, "preset", "the world", default="hill")
    if name not in presets:
        raise SettingsError(f"preset is {name!r}. Known: {', '.join(presets)}.")
    if (split := _text(table, "today_split", "the world", default="as_is")) != "as_is":
        raise SettingsError(f"today_split is {split!r}; only 'as_is' is supported yet.")
    base = presets[name]
    world = replace(
        base,
        history_days=_history_days(table.get("history_days", base.history_days)),
        currency=known_currency(_text(table, "currency", "the world", default=base.currency)),
        time_zone=time_zone(_text(table, "time_zone", "the world", default=base.time_zone)).key,
        learning=_learning(table.get("learning", {})),
    )
    return replace(world, campaigns=_campaigns(table, world.currency)) if "campaign" in table else world


def _learning(table: object) -> LearningRule:
    if not isinstance(table, dict):
        raise SettingsError("learning must be a table: [learning].")
    _check_keys(table, _LEARNING_KEYS, "[learning]")
    for key, number in table.items():
        if isinstance(number, bool) or not isinstance(number, int | Decimal) or number <= 0:
            raise SettingsError(f"[learning] {key} is {number!r}; give a number above 0.")
    usual = LearningRule()
    return LearningRule(
        int(table.get("results", usual.results)),
        int(table.get("days", usual.days)),
        float(table.get("budget_change_share", usual.budget_change_share)),
    )


def _campaigns(table: Mapping[str, object], currency: str) -> tuple[CampaignPlan, ...]:
    plans = tuple(
        _campaign(entry, f"[[campaign]] {number}", currency)
        for number, entry in enumerate(_tables(table, "campaign", "the world"), start=1)
    )
    _check_distinct((plan.name for plan in plans), "campaigns")
    return plans


def _campaign(table: Mapping[str, object], where: str, currency: str) -> CampaignPlan:
    _check_keys(table, _CAMPAIGN_KEYS, where)
    objective = _text(table, "objective", where, default=OBJECTIVES[0])
    if objective not in OBJECTIVES:
        raise SettingsError(f"{where}: objective is {objective!r}. Known: {', '.join(OBJECTIVES)}.")
    adsets = tuple(
        _adset(entry, f"{where}, [[campaign.adset]] {number}", currency)
        for number, entry in enumerate(_tables(table, "adset", where), start=1)
    )
    _check_distinct((plan.name for plan in adsets), f"ad sets of {where}")
    return CampaignPlan(_text(table, "name", where), objective, adsets)


def _adset(table: Mapping[str, object], where: str, currency: str) -> AdSetPlan:
    _check_keys(table, _ADSET_KEYS, where)
    amount = table.get("daily_budget")
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        raise SettingsError(f"{where}: daily_budget is {amount!r}; give a number in {currency}, such as 120.0.")
    micros = micros_from_units(amount)
    minor_per_unit = meta_minor_per_unit(currency)
    if minor_from_micros(micros, minor_per_unit) < MIN_DAILY_BUDGET_MINOR:
        least = Decimal(MIN_DAILY_BUDGET_MINOR) / minor_per_unit
        raise SettingsError(f"{where}: daily_budget is {amount}; the least is {least} {currency}.")
    return AdSetPlan(_text(table, "name", where), micros)


def _history_days(count: object) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_HISTORY_DAYS:
        raise SettingsError(f"history_days is {count!r}; give a whole number from 1 to {MAX_HISTORY_DAYS}.")
    return count


def _check_keys(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key in _NOT_YET:
            raise SettingsError(f"{where} uses {key!r}, which no preset supports yet. Remove it.")
        if key not in known:
            raise SettingsError(f"{where} uses the key {key!r}. Known: {', '.join(known)}.")


def _check_distinct(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SettingsError(f"two {what} are called {name!r}; draws go by name, so give each its own.")
        seen.add(name)


def _text(table: Mapping[str, object], key: str, where: str, default: str = "") -> str:
    text = table.get(key, default)
    if not isinstance(text, str) or not text.strip():
        raise SettingsError(f"{where}: {key} is {text!r}; give a text.")
    return text


def _tables(table: Mapping[str, object], key: str, where: str) -> list[Mapping[str, object]]:
    entries = table.get(key)
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise SettingsError(f"{where} needs at least one [[{key if where == 'the world' else 'campaign.' + key}]].")
    return entries

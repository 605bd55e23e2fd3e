"""What a world is made of, and how a preset or a world file is read; every key that is not understood is refused."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from aibuyer_kit.core.dates import time_zone
from aibuyer_kit.core.errors import AibuyerError, SettingsError
from aibuyer_kit.core.money import known_currency, meta_minor_per_unit, micros_from_units, minor_from_micros
from aibuyer_kit.sandbox.market.emergent.rules import Event, Rules

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FIRST_NOW = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
OBJECTIVES = ("OUTCOME_SALES", "OUTCOME_LEADS")
MIN_DAILY_BUDGET_MINOR = 100
# The platform keeps 37 months.
MAX_HISTORY_DAYS = 1123

_WORLD_KEYS = (
    *("preset", "history_days", "currency", "time_zone", "today_split", "daily_spend", "learning", "lift_tests"),
    *(*Rules.model_fields, "campaign"),
)
_MOST_LIFT_TESTS = 100
_LEARNING_KEYS = ("results", "days", "budget_change_share")
_CAMPAIGN_KEYS = ("name", "objective", "adset", "daily_budget", "lifetime_budget", "lifetime_days")
_ADSET_KEYS = ("name", "daily_budget", "lifetime_budget", "lifetime_days", "audience_size", "audience", "ads")
# How the budgets of ad sets stand when a world begins: as they are written, or their sum split anew.
TODAY_SPLITS = ("as_is", "equal", "proportional_to_roas")
# Whether a daily budget is spent to the cent each day, or up to 1.75 times on one day and 7 times within a week.
DAILY_SPENDS = ("exact", "uneven")
# Kinds of audiences, and from how many to how many people they have unless a world says more exactly.
AUDIENCE_SIZES: Mapping[str, tuple[int, int]] = {
    "interest": (120_000, 300_000),
    "lookalike": (220_000, 550_000),
    "broad": (350_000, 800_000),
    "retargeting": (12_000, 30_000),
}
_MOST_ADS = 50
_MOST_PEOPLE = 10**9
# Sums over thousands of ads and years stay whole numbers of 64 bits.
_MOST_MINOR = 10**11


@dataclass(frozen=True)
class AdSetPlan:
    """An ad set as a world begins with it; `paused_share` is the part of the history it was paused in, from-to in 0..1.

    Its first ad does not deliver on every `first_ad_idle_every`-th day; 0 for always on. A lifetime budget is spent
    within `lifetime_days` from the first day on. `audience_size` is drawn if it is 0, and without a budget it
    shares its campaign's. `audience` is one of AUDIENCE_SIZES, `ads` is how many it begins with.
    """

    name: str
    daily_budget_micros: int
    paused_share: tuple[float, float] | None = None
    first_ad_idle_every: int = 0
    lifetime_budget_micros: int = 0
    lifetime_days: int = 0
    audience_size: int = 0
    audience: str = "interest"
    ads: int = 2
    # The formula of its response, in a market that has formulas.
    response: str = "hill"


@dataclass(frozen=True)
class CampaignPlan:
    """A campaign as a world begins with it."""

    name: str
    objective: str
    adsets: tuple[AdSetPlan, ...]
    daily_budget_micros: int = 0
    lifetime_budget_micros: int = 0
    lifetime_days: int = 0


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
    today_split: str = "as_is"
    daily_spend: str = "exact"
    # Of a market of people and auctions; without them, response is the formula of this name.
    rules: Rules | None = None
    response: str = "hill"
    lift_tests: int = 0


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
    name = _text(table, "preset", "the world", default="seasonal")
    if name not in presets:
        raise SettingsError(f"preset is {name!r}. Known: {', '.join(presets)}.")
    base = presets[name]
    world = replace(
        base,
        history_days=_history_days(table.get("history_days", base.history_days)),
        currency=known_currency(_text(table, "currency", "the world", default=base.currency)),
        time_zone=time_zone(_text(table, "time_zone", "the world", default=base.time_zone)).key,
        learning=_learning(table.get("learning", {})),
        today_split=_choice(table, "today_split", TODAY_SPLITS, base.today_split),
        daily_spend=_choice(table, "daily_spend", DAILY_SPENDS, base.daily_spend),
        lift_tests=_whole(table, "lift_tests", "the world", 0, _MOST_LIFT_TESTS) if "lift_tests" in table else 0,
        rules=_rules(table, base),
    )
    if "campaign" not in table:
        return world
    return with_response(replace(world, campaigns=_campaigns(table, world.currency)), base.response)


def with_response(world: World, response: str) -> World:
    """Return the world with one formula for the response of all its ad sets."""
    campaigns = tuple(
        replace(campaign, adsets=tuple(replace(adset, response=response) for adset in campaign.adsets))
        for campaign in world.campaigns
    )
    return replace(world, response=response, campaigns=campaigns)


def _choice(
    table: Mapping[str, object], key: str, known: tuple[str, ...], default: str, where: str = "the world"
) -> str:
    word = _text(table, key, where, default=default)
    if word not in known:
        raise SettingsError(f"{where}: {key} is {word!r}. Known: {', '.join(known)}.")
    return word


def _rules(table: Mapping[str, object], base: World) -> Rules | None:
    """Return the preset's rules with what the world says over them."""
    said = {key: table[key] for key in Rules.model_fields if key in table}
    if base.rules is None:
        if said:
            keys = ", ".join(said)
            raise SettingsError(
                f"the world sets {keys}; the preset {base.preset!r} is a closed form and has none of it."
            )
        return None
    usual = base.rules.model_dump()
    merged = {key: {**usual[key], **each} if isinstance(each, dict) else each for key, each in said.items()}
    try:
        return Rules.model_validate(usual | merged)
    except ValidationError as error:
        raise SettingsError("; ".join(_told(each) for each in error.errors())) from None


def _told(error: "ErrorDetails") -> str:
    """Return one error of a section: where, what, and what may be said there."""
    *above, key = [str(part) for part in error["loc"]]
    where = f"[{'.'.join(above)}] " if above else ""
    if error["type"] == "extra_forbidden":
        section = Rules.model_fields[above[0]].annotation if above else Rules
        known = ", ".join(getattr(section, "model_fields", Event.model_fields))
        return f"{where}uses the key {key!r}. Known: {known}."
    said = f" is {error['input']!r}" if error["type"] != "missing" else ""
    return f"{where}{key}{said}: {error['msg'][0].lower()}{error['msg'][1:]}."


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
    budget = _budget(table, where, currency)
    adsets = tuple(
        _adset(entry, f"{where}, [[campaign.adset]] {number}", currency, shares_budget=budget is not None)
        for number, entry in enumerate(_tables(table, "adset", where), start=1)
    )
    _check_distinct((plan.name for plan in adsets), f"ad sets of {where}")
    return CampaignPlan(_text(table, "name", where), objective, adsets, *(budget or (0, 0, 0)))


def _adset(table: Mapping[str, object], where: str, currency: str, *, shares_budget: bool) -> AdSetPlan:
    _check_keys(table, _ADSET_KEYS, where)
    budget = _budget(table, where, currency)
    if budget and shares_budget:
        raise SettingsError(f"{where}: it has a budget, and so has its campaign. Leave one of them out.")
    if not budget and not shares_budget:
        raise SettingsError(f"{where}: it has no budget. Give it a daily_budget such as 120.0, or one to its campaign.")
    daily_micros, lifetime_micros, days = budget or (0, 0, 0)
    return AdSetPlan(
        _text(table, "name", where),
        daily_micros,
        lifetime_budget_micros=lifetime_micros,
        lifetime_days=days,
        audience_size=_whole(table, "audience_size", where, 1000, _MOST_PEOPLE) if "audience_size" in table else 0,
        ads=_whole(table, "ads", where, 1, _MOST_ADS) if "ads" in table else 2,
        audience=_choice(table, "audience", tuple(AUDIENCE_SIZES), "interest", where),
    )


def _budget(table: Mapping[str, object], where: str, currency: str) -> tuple[int, int, int] | None:
    """Return micros a day, micros for a lifetime, and the days of that; None where the table has no budget."""
    if "daily_budget" in table and "lifetime_budget" in table:
        raise SettingsError(f"{where}: give daily_budget or lifetime_budget, not both.")
    if "lifetime_budget" in table:
        days = _whole(table, "lifetime_days", where, 1, 10 * MAX_HISTORY_DAYS)
        return 0, _amount(table, "lifetime_budget", where, currency, days), days
    if "lifetime_days" in table:
        raise SettingsError(f"{where}: lifetime_days goes with a lifetime_budget.")
    return (_amount(table, "daily_budget", where, currency, 1), 0, 0) if "daily_budget" in table else None


def _amount(table: Mapping[str, object], key: str, where: str, currency: str, days: int) -> int:
    """Return a budget in micros, at least the smallest that the platform takes for so many days."""
    amount = table[key]
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        raise SettingsError(f"{where}: {key} is {amount!r}; give a number in {currency}, such as 120.0.")
    try:
        micros = micros_from_units(amount)
        minor_per_unit = meta_minor_per_unit(currency)
        minor = minor_from_micros(micros, minor_per_unit)
    except AibuyerError as error:
        raise SettingsError(f"{where}: {key} is {amount}: {error}") from None
    if minor < MIN_DAILY_BUDGET_MINOR * days:
        least = Decimal(MIN_DAILY_BUDGET_MINOR * days) / minor_per_unit
        raise SettingsError(f"{where}: {key} is {amount}; the least is {least} {currency}.")
    if minor > _MOST_MINOR:
        raise SettingsError(
            f"{where}: {key} is {amount}; the most is {Decimal(_MOST_MINOR) / minor_per_unit} {currency}."
        )
    return micros


def _whole(table: Mapping[str, object], key: str, where: str, least: int, most: int) -> int:
    number = table.get(key)
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise SettingsError(f"{where}: {key} is {number!r}; give a whole number from {least} to {most}.")
    return number


def _history_days(count: object) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_HISTORY_DAYS:
        raise SettingsError(f"history_days is {count!r}; give a whole number from 1 to {MAX_HISTORY_DAYS}.")
    return count


def _check_keys(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    for key in table:
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

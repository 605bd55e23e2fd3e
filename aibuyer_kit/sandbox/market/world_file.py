"""How a preset or a world file is read: every key that is not understood is refused, with its place."""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from aibuyer_kit.core.dates import time_zone
from aibuyer_kit.core.errors import AibuyerError, SettingsError
from aibuyer_kit.core.money import known_currency, meta_minor_per_unit, micros_from_units, minor_from_micros
from aibuyer_kit.sandbox.market.emergent.rules import Event, Rules, Section
from aibuyer_kit.sandbox.market.world import (
    AUDIENCE_SIZES,
    DAILY_SPENDS,
    MAX_HISTORY_DAYS,
    MIN_DAILY_BUDGET_MINOR,
    MOST_DAILY_BUDGET_MINOR,
    OBJECTIVES,
    TODAY_SPLITS,
    AdSetPlan,
    CampaignPlan,
    LearningRule,
    World,
    with_response,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_WORLD_KEYS = (
    *("preset", "history_days", "currency", "time_zone", "today_split", "daily_spend", "learning", "lift_tests"),
    *(*Rules.model_fields, "campaign"),
)
_MOST_LIFT_TESTS = 100
_LEARNING_KEYS = ("results", "days", "budget_change_share")
_CAMPAIGN_KEYS = ("name", "objective", "adset", "daily_budget", "lifetime_budget", "lifetime_days")
_ADSET_KEYS = ("name", "daily_budget", "lifetime_budget", "lifetime_days", "audience_size", "audience", "ads")
_MOST_ADS = 50
_MOST_PEOPLE = 10**9
# Sums over thousands of ads and years stay whole numbers of 64 bits.
_MOST_MINOR = 10**11
# What a rule of learning may ask for.
_MOST_TO_LEARN = 1_000_000
_MOST_BUDGET_CHANGE = 100
_SECTIONS: Mapping[str, type[Section]] = {
    name: type(field.default) for name, field in Rules.model_fields.items() if isinstance(field.default, Section)
}
_HEADS = {
    **{name: f"[{name}]" for name in ("learning", *_SECTIONS)},
    "event": "[[event]]",
    "campaign": "[[campaign]]",
    "adset": "[[campaign.adset]]",
}
_KEYS_BY_HEAD: Mapping[str, tuple[str, ...]] = {
    **{f"[{name}]": tuple(section.model_fields) for name, section in _SECTIONS.items()},
    "[learning]": _LEARNING_KEYS,
    "[[event]]": tuple(Event.model_fields),
    "[[campaign]]": _CAMPAIGN_KEYS,
    "[[campaign.adset]]": _ADSET_KEYS,
}


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
    currency = known_currency(_text(table, "currency", "the world", default=base.currency))
    world = replace(
        base,
        campaigns=_campaigns(table, currency) if "campaign" in table else base.campaigns,
        history_days=_history_days(table.get("history_days", base.history_days)),
        currency=currency,
        time_zone=time_zone(_text(table, "time_zone", "the world", default=base.time_zone)).key,
        learning=_learning(table.get("learning", {})),
        today_split=_choice(table, "today_split", TODAY_SPLITS, base.today_split),
        daily_spend=_choice(table, "daily_spend", DAILY_SPENDS, base.daily_spend),
        lift_tests=_whole(table, "lift_tests", "the world", 0, _MOST_LIFT_TESTS) if "lift_tests" in table else 0,
        rules=_rules(table, base),
    )
    return with_response(world, base.response)


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
    merged = {key: {**usual[key], **_section(key, each)} if key in _SECTIONS else each for key, each in said.items()}
    _check_events(said)
    try:
        return Rules.model_validate(usual | _with_floats(merged))
    except ValidationError as error:
        raise SettingsError("; ".join(_told(each) for each in error.errors())) from None


def _section(key: str, table: object) -> Mapping[str, object]:
    if not isinstance(table, dict):
        raise SettingsError(f"{key} is {_shown(table)}; write it as a table: [{key}].")
    return table


def _check_events(said: Mapping[str, object]) -> None:
    events = said.get("event", [])
    if not isinstance(events, list) or not all(isinstance(each, dict) for each in events):
        raise SettingsError(f"event is {_shown(events)}; write each event as a table of its own: [[event]].")


def _with_floats(value: Any) -> Any:
    """Return what was read with numbers as the rules have them: decimals were kept exact for amounts of money."""
    match value:
        case Decimal():
            return float(value)
        case dict():
            return {key: _with_floats(each) for key, each in value.items()}
        case list():
            return [_with_floats(each) for each in value]
    return value


def _shown(value: object) -> str:
    return "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)


def _told(error: "ErrorDetails") -> str:
    """Return one error of a section: where, what, and what may be said there."""
    if not error["loc"] or error["type"] == "value_error":
        above, key = [str(part) for part in error["loc"]], ""
    else:
        *above, key = [str(part) for part in error["loc"]]
    where = f"[{'.'.join(above)}] " if above else ""
    if error["type"] == "extra_forbidden":
        section = Rules.model_fields[above[0]].annotation if above else Rules
        known = ", ".join(getattr(section, "model_fields", Event.model_fields))
        return f"{where}uses the key {key!r}. Known: {known}.{_home_of(key)}"
    if error["type"] == "value_error":
        return f"{where.strip()}{': ' if where else ''}{error['ctx']['error']}."
    said = f" is {_shown(error['input'])}" if error["type"] != "missing" else ""
    return f"{where}{key}{said}: {error['msg'][0].lower()}{error['msg'][1:]}."


def _learning(table: object) -> LearningRule:
    if not isinstance(table, dict):
        raise SettingsError("learning must be a table: [learning].")
    _check_keys(table, _LEARNING_KEYS, "[learning]")
    usual = LearningRule()
    share = table.get("budget_change_share", usual.budget_change_share)
    is_number = isinstance(share, int | float | Decimal) and not isinstance(share, bool)
    if not is_number or not math.isfinite(share) or not 0 < share <= _MOST_BUDGET_CHANGE:
        shown = share if is_number else repr(share)
        raise SettingsError(
            f"[learning] budget_change_share is {shown}; give a number above 0, at most {_MOST_BUDGET_CHANGE}."
        )
    results, days = (
        _whole(table, key, "[learning]", 1, _MOST_TO_LEARN) if key in table else getattr(usual, key)
        for key in ("results", "days")
    )
    return LearningRule(results, days, float(share))


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
    most_minor = min(_MOST_MINOR, MOST_DAILY_BUDGET_MINOR * days)
    if minor > most_minor:
        raise SettingsError(
            f"{where}: {key} is {amount}; the most is {Decimal(most_minor) / minor_per_unit} {currency}."
        )
    return micros


def _whole(table: Mapping[str, object], key: str, where: str, least: int, most: int) -> int:
    number = table.get(key)
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        shown = number if isinstance(number, Decimal) else _shown(number)
        raise SettingsError(f"{where}: {key} is {shown}; give a whole number from {least} to {most}.")
    return number


def _history_days(count: object) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_HISTORY_DAYS:
        raise SettingsError(f"history_days is {count!r}; give a whole number from 1 to {MAX_HISTORY_DAYS}.")
    return count


def _check_keys(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise SettingsError(f"{where} uses the key {key!r}. Known: {', '.join(known)}.{_home_of(key)}")


def _home_of(key: str) -> str:
    """Say where a key belongs that stands where it is not known: in TOML, what follows a table belongs to it."""
    found = [head for head, keys in _KEYS_BY_HEAD.items() if key in keys]
    if key in _HEADS:
        return f" {key} is a table of its own: {_HEADS[key]}."
    if key in _WORLD_KEYS:
        return f" {key} stands above all tables of the file."
    return f" {key} belongs to {' or '.join(found)}." if found else ""


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

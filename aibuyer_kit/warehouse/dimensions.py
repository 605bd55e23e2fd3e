"""Grouping by what names tell: each object's values, taken from its last known name, joined to the facts."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError, LeftOutWarning, SettingsError
from aibuyer_kit.core.facts import RESERVED_COLUMNS
from aibuyer_kit.core.naming import LONGEST_NAME, NameRule, split_name
from aibuyer_kit.warehouse.cursor import Cursor
from aibuyer_kit.warehouse.schema import sql_text

# Not of a name: what the platform itself says of the campaign.
OBJECTIVE = "objective"
_NAMES_LISTED = 5

# Platform, account and id of an object.
Key = tuple[str, str, str]
Values = Mapping[str, str]


@dataclass(frozen=True)
class NamedObject:
    """One object, its last known name, and what the name tells; `values` is None for a name that breaks the rule."""

    key: Key
    name: str
    values: Values | None


@dataclass(frozen=True)
class Dimensions:
    """What rows are grouped by: names of dimensions in the order asked for, and the objects whose names tell them."""

    names: tuple[str, ...]
    rules: tuple[NameRule, ...]
    objects: Mapping[Level, Sequence[NamedObject]]

    def column(self, name: str) -> str:
        return f"{self._level(name)}_dimension.{name}"

    def joins(self) -> list[str]:
        """Return one join per level whose names are used."""
        return [self._join(level) for level in self._levels()]

    def parameters(self) -> dict[str, object]:
        """Return the values as lists, one for each part of the key and each dimension."""
        parameters: dict[str, object] = {}
        for level in self._levels():
            objects = self.objects[level]
            for at, part in enumerate(("platforms", "accounts", "entities")):
                parameters[f"{level}_{part}"] = [each.key[at] for each in objects]
            for name in self._at(level):
                parameters[f"dimension_{name}"] = [(each.values or {}).get(name) for each in objects]
        return parameters

    def _levels(self) -> list[Level]:
        return sorted({self._level(name) for name in self.names if name != OBJECTIVE}, key=lambda each: each.depth)

    def _at(self, level: Level) -> list[str]:
        return [name for name in self.names if name != OBJECTIVE and self._level(name) is level]

    def _level(self, name: str) -> Level:
        return next(rule.level for rule in self.rules if name in rule.dimensions)

    def _join(self, level: Level) -> str:
        columns = [
            f"unnest(${level}_platforms::VARCHAR[]) AS platform",
            f"unnest(${level}_accounts::VARCHAR[]) AS account_id",
            f"unnest(${level}_entities::VARCHAR[]) AS entity_id",
            *(f"unnest($dimension_{name}::VARCHAR[]) AS {name}" for name in self._at(level)),
        ]
        table = f"{level}_dimension"
        own_id = "valued.entity_id" if level is Level.AD else f"valued.{level}_id"
        entity_id = f"CASE valued.level WHEN '{level}' THEN valued.entity_id ELSE {own_id} END"
        return (
            f"LEFT JOIN (SELECT {', '.join(columns)}) AS {table} ON {table}.platform = valued.platform"
            f" AND {table}.account_id = valued.account_id AND {table}.entity_id = {entity_id}"
        )


def check_names(breakdown: Sequence[str], by: Sequence[str], naming: Sequence[NameRule]) -> None:
    """Raise InputError for a breakdown or dimension that there cannot be, or that is asked for twice."""
    for name in breakdown:
        if name.casefold() in RESERVED_COLUMNS:
            raise InputError(f"{name!r} is a column of insights, not a breakdown.")
    known = [OBJECTIVE, *(name for rule in naming for name in rule.dimensions)]
    for name in by:
        if name not in known:
            raise InputError(
                f"There is no dimension {name!r}. Known: {', '.join(known)}."
                " Dimensions of names are stated in client.toml under [naming]."
            )
    twice = [name for name in (*by, *breakdown) if (*by, *breakdown).count(name) > 1]
    if twice:
        raise InputError(f"{twice[0]!r} is asked for twice. Leave one out.")


def named_objects(cursor: Cursor, rule: NameRule, load: int) -> list[NamedObject]:
    """Return every object of the rule's level with its last known name and what that tells. Raises SettingsError."""
    rows = cursor.execute(sql_text("read/object_names"), {"level": str(rule.level), "as_of_load": load}).fetchall()
    return _name_values(rule, {(platform, account, entity): name for platform, account, entity, name in rows})


def warn_of_unnamed(
    cursor: Cursor,
    rule: NameRule,
    objects: Sequence[NamedObject],
    parameters: Mapping[str, object],
) -> None:
    """Warn of the objects of the period whose names do not tell what they are grouped by."""
    own_id = "entity_id" if rule.level is Level.AD else f"{rule.level}_id"
    seen = cursor.execute(
        f"SELECT DISTINCT platform, account_id, CASE level WHEN '{rule.level}' THEN entity_id ELSE {own_id} END AS id"
        " FROM insights_as_of($as_of_load) WHERE date >= $since AND date_stop <= $until ORDER BY ALL",
        {name: parameters[name] for name in ("as_of_load", "since", "until")},
    ).fetchall()
    told = {each.key: each for each in objects}
    wrong = [told[key].name if key in told else key[2] for key in seen if key[2] and not _is_told(told.get(key))]
    if wrong:
        names = ", ".join(repr(name[:80]) for name in wrong[:_NAMES_LISTED]) + (
            " …" if len(wrong) > _NAMES_LISTED else ""
        )
        warnings.warn(LeftOutWarning("unnamed", count=len(wrong), level=rule.level, names=names), stacklevel=3)


def _is_told(found: NamedObject | None) -> bool:
    return found is not None and found.values is not None


def _name_values(rule: NameRule, objects: Mapping[Key, str]) -> list[NamedObject]:
    """Return what each object's name tells by the rule of its level. Raises SettingsError for a wrong pattern."""
    told = (
        _matched(rule, list(objects.values()))
        if rule.pattern
        else [split_name(name, rule) for name in objects.values()]
    )
    return [NamedObject(key, name, values) for (key, name), values in zip(objects.items(), told, strict=True)]


def _matched(rule: NameRule, names: list[str]) -> list[Values | None]:
    """Match with RE2, DuckDB's engine: its time grows with the name's length and no pattern can blow it up."""
    with duckdb.connect() as connection:
        groups = ", ".join(f"'{name}'" for name in rule.dimensions)
        try:
            rows = connection.execute(
                f"SELECT regexp_full_match(name, $pattern), regexp_extract(name, $pattern, [{groups}])"
                " FROM (SELECT unnest($names::VARCHAR[]) AS name)",
                {"pattern": rule.pattern, "names": [name[:LONGEST_NAME] for name in names]},
            ).fetchall()
        except duckdb.Error as error:
            raise SettingsError(
                f"client.toml: naming.{rule.level}: the pattern is not a regular expression of RE2: {error}."
                " Look-around and back-references are not available."
            ) from None
    return [
        {name: value for name, value in found.items() if value} if fits and len(whole) <= LONGEST_NAME else None
        for (fits, found), whole in zip(rows, names, strict=True)
    ]

"""The account, campaigns, ad sets and ads that the rows speak of."""

from collections.abc import Iterable
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field

from aibuyer_kit.connectors.csv_export.mapping import ENTITY_LEVELS, Mapping
from aibuyer_kit.connectors.csv_export.report import EntityChange
from aibuyer_kit.connectors.csv_export.rows import FactRow
from aibuyer_kit.connectors.csv_export.sheet import Sheet
from aibuyer_kit.core.entities import Level


@dataclass(frozen=True)
class Entity:
    """One object of a level: the ids of itself and what it is in, and its texts ("name" and attributes)."""

    level: Level
    ids: ReadOnly[Level, str]
    texts: dict[str, str] = field(default_factory=dict)


def entities_of(sheet: Sheet, mapping: Mapping, facts: Iterable[FactRow]) -> tuple[list[Entity], list[EntityChange]]:
    """Return the entities, each once, as their newest day describes them, and where a file described them otherwise."""
    account = Entity(Level.ACCOUNT, {Level.ACCOUNT: mapping.account_id})
    found: dict[tuple[Level, str], Entity] = {(Level.ACCOUNT, mapping.account_id): account}
    changes: list[EntityChange] = []
    places = {level: _text_places(sheet, mapping, level) for level in Level}
    for fact in sorted(facts, key=lambda fact: (fact.until, fact.line)):
        for level, entity_id in fact.ids.items():
            entity = found.get((level, entity_id))
            if entity is None:
                entity = found[level, entity_id] = Entity(level, _ids_down_to(level, fact))
            changes.extend(_describe(entity, places[level], fact))
    account.texts.setdefault("name", mapping.account_name or mapping.account_id)
    return sorted(found.values(), key=lambda entity: entity.level.depth), changes


def _text_places(sheet: Sheet, mapping: Mapping, level: Level) -> list[tuple[str, int]]:
    places = []
    if level in ENTITY_LEVELS and (column := mapping.columns.of(f"{level}_name")):
        places.append(("name", sheet.places[column]))
    if level is mapping.level:
        places += [(f"attributes.{name}", sheet.places[column]) for name, column in mapping.attributes.items()]
    return places


def _ids_down_to(level: Level, fact: FactRow) -> dict[Level, str]:
    return {other: entity_id for other, entity_id in fact.ids.items() if other.depth <= level.depth}


def _describe(entity: Entity, places: list[tuple[str, int]], fact: FactRow) -> Iterable[EntityChange]:
    for name, place in places:
        text = fact.cells[place]
        before = entity.texts.get(name)
        if text == before or not text:
            continue
        entity.texts[name] = text
        if before is not None:
            yield EntityChange(fact.line, entity.level, fact.ids[entity.level], name, before, text)

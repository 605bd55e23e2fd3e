"""Which columns the rows of each kind of facts have: the key and the values of their versions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aibuyer_kit.core import facts
from aibuyer_kit.warehouse.coverage import Facts

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Shape:
    table: str
    key: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def columns(self) -> str:
        return ", ".join((*self.key, *self.values))

    @property
    def own_key(self) -> tuple[str, ...]:
        """The parts of the key that tell the rows of one coverage apart."""
        return tuple(name for name in self.key if name not in facts.SHARED_KEY)

    @property
    def same_key(self) -> str:
        """The condition that a staged row is about the key of a stored one, both inside one coverage."""
        return " AND ".join(f"stored.{name} = stage.{name}" for name in self.own_key)

    @property
    def same_values(self) -> str:
        return " AND ".join(f"stored.{name} IS NOT DISTINCT FROM stage.{name}" for name in self.values)


SHAPES = {
    "insights": Shape("insight_version", facts.INSIGHT_KEY, facts.INSIGHT_VALUES),
    "entities": Shape("entity_version", facts.ENTITY_KEY, facts.ENTITY_VALUES),
    "creatives": Shape("creative_version", facts.CREATIVE_KEY, facts.CREATIVE_VALUES),
    "reach": Shape("reach_version", facts.REACH_KEY, facts.REACH_VALUES),
}
_SCHEMAS = {
    "insights": facts.insight_schema,
    "entities": facts.entity_schema,
    "creatives": facts.creative_schema,
    "reach": facts.reach_schema,
}


def schema_of(kind: Facts) -> "pa.Schema":
    """Return the Arrow schema of a kind of facts."""
    return _SCHEMAS[kind]()

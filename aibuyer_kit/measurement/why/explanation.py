"""An explanation of a change, as a notebook holds it: the figures, what they are made of, and words for them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level, parse_level

if TYPE_CHECKING:
    import pandas as pd

    from aibuyer_kit.charts.fragment import Fragment


@dataclass(frozen=True)
class Line:
    """One line of an explanation; money in currency units.

    `driver` or `object_id` is '' where the line is over all of them. `part` is how much of the change it is, `usual`
    within what such a line moves nineteen times of twenty. `was` and `became` are the driver's own measure of
    the object: its CPM, its share of the base; None where that is not one figure.
    """

    driver: str
    object_id: str
    name: str
    part: float
    usual: float
    beyond: float
    was: float | None = None
    became: float | None = None

    @property
    def is_unusual(self) -> bool:
        """Whether it is more than such a line usually moves."""
        return abs(self.part) > self.usual


@dataclass(frozen=True, repr=False)
class Why:
    """What a change of one metric was made of; money in units of `currency`.

    `drivers`, `objects` (drivers of each taken together) and `parts` (drivers of each object) each add up to `change`
    exactly: as floats, bit for bit, in any order. They are ranked by how far they are beyond what usually moves.
    Where campaigns count several kinds of result and the metric counts results, nothing is added up: `kinds` holds
    one explanation for each, and the others are empty.
    """

    client_name: str
    locale: str
    currency: str
    metric: str
    level: Level
    period: DateRange
    against: DateRange
    data_as_of: datetime
    load_id: int
    before: float | None = None
    after: float | None = None
    usual: float | None = None
    usual_changes: int = 0
    drivers: tuple[Line, ...] = ()
    objects: tuple[Line, ...] = ()
    parts: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    kind_name: str = ""
    kinds: "tuple[Why, ...]" = ()
    _at_level: "Callable[[Level], Why] | None" = field(default=None, compare=False)

    @property
    def change(self) -> float | None:
        """How much the metric changed; None where it is explained kind by kind."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def arriving(self) -> float:
        """The part of the change that is results which have arrived in one period and not yet in the other."""
        return next((line.part for line in self.drivers if line.driver == "maturity"), 0.0)

    @property
    def is_usual(self) -> bool:
        """Whether the metric moves as much between such periods anyway, what is still arriving left aside."""
        if self.change is None or self.usual is None:
            return False
        return abs(self.change - self.arriving) <= self.usual

    def by(self, level: str) -> "Why":
        """Return the same change split among the objects of another level, as known at the same moment."""
        asked = parse_level(level)
        if asked is self.level or self._at_level is None:
            return self
        return self._at_level(asked)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return {
            "metric": self.metric,
            "client": self.client_name,
            "kind": self.kind_name,
            "currency": self.currency,
            "level": str(self.level),
            "period": [str(self.period.since), str(self.period.until)],
            "against": [str(self.against.since), str(self.against.until)],
            "data_as_of": self.data_as_of.isoformat(),
            "load_id": self.load_id,
            "before": self.before,
            "after": self.after,
            "change": self.change,
            "usual": self.usual,
            "usual_changes": self.usual_changes,
            "is_usual": self.is_usual if self.change is not None else None,
            "sentences": list(self.sentences()),
            **{name: [vars(line) for line in getattr(self, name)] for name in ("drivers", "objects", "parts")},
            "kinds": [each.to_dict() for each in self.kinds],
            "notes": list(self.notes),
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per driver and object, the first cause first; `part` adds up to the change of each kind."""
        import pandas as pd

        rows = [{"kind": each.kind_name, **vars(line)} for each in (self.kinds or (self,)) for line in each.parts]
        frame = pd.DataFrame(rows, columns=["kind", *Line.__dataclass_fields__])
        frame.attrs["notes"] = list(self.notes)
        return frame if self.kinds else frame.drop(columns="kind")

    def sentences(self, locale: str | None = None) -> tuple[str, ...]:
        """Return what happened in plain words: the change, its main cause, the next ones, and whether that is usual."""
        from aibuyer_kit.measurement.why.words import why_sentences

        return why_sentences(self, locale or self.locale)

    def plot(self, locale: str | None = None) -> "Fragment":
        """Return the way from the one figure to the other, driver by driver, as a chart."""
        from aibuyer_kit.measurement.why.page import why_chart

        return why_chart(self, locale or self.locale)

    def __repr__(self) -> str:
        from aibuyer_kit.measurement.why.words import why_text

        return why_text(self, self.locale)

    def _repr_html_(self) -> str:
        from aibuyer_kit.measurement.why.page import why_html

        return why_html(self, self.locale)

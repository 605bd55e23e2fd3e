"""What was changed or found missing while rows became facts: counted, never silent."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from aibuyer_kit.connectors.meta.page import shown
from aibuyer_kit.core.money import MICROS_PER_UNIT, micros_from_units

_EXACT_DECIMALS = 6


@dataclass
class Tally:
    """Amounts rounded to micros with their total drift (stored minus told, in micros), rows without a breakdown, and
    how many actions held each key that is not known.
    """

    rounded_amounts: int = 0
    drift_micros: Decimal = Decimal(0)
    rows_without_breakdown: int = 0
    unknown_keys: Counter[str] = field(default_factory=Counter)

    def note_amounts(self, texts: Iterable[object]) -> None:
        """Count the amounts that have more than six decimals and were rounded."""
        for text in texts:
            if isinstance(text, str) and len(text.partition(".")[2]) > _EXACT_DECIMALS:
                drift = micros_from_units(text) - Decimal(text) * MICROS_PER_UNIT
                self.rounded_amounts += drift != 0
                self.drift_micros += drift

    def note_breakdown(self, values: Sequence[str | None]) -> None:
        self.rows_without_breakdown += None in values

    def sentences(self) -> list[str]:
        """Return what has to be told of one read."""
        told = []
        if self.rounded_amounts:
            drift = f"{self.drift_micros.normalize():f}"
            told.append(
                f"{self.rounded_amounts} amounts with more than six decimals were rounded, by {drift} micros in all."
            )
        if self.rows_without_breakdown:
            told.append(
                f"{self.rows_without_breakdown} rows did not tell their breakdown; they are kept under an empty value."
            )
        if self.unknown_keys:
            keys = ", ".join(f"{shown(key)} in {count}" for key, count in self.unknown_keys.most_common(5))
            told.append(
                f"schema drift: actions held keys that are not known ({keys} actions); they are left out, and all else"
                " is read. If it is an attribution window that you count by, upgrade aibuyer-kit."
            )
        return told

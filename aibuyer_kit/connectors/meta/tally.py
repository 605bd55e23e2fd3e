"""What was changed or found missing while rows became facts: counted, never silent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from aibuyer_kit.core.money import MICROS_PER_UNIT, micros_from_units

_EXACT_DECIMALS = 6


@dataclass
class Tally:
    """Amounts rounded to micros with their total drift (stored minus told, in micros), and rows without a breakdown."""

    rounded_amounts: int = 0
    drift_micros: Decimal = Decimal(0)
    rows_without_breakdown: int = 0

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
        return told

"""What creatives show as a table of numbers for a model: columns are learnt once, and kept for creatives to come."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aibuyer_kit.features.creative import creative_numbers
from aibuyer_kit.features.windows import Floats

# A text or a choice is a column of its own where several creatives share it.
_SHARED_FIELDS = ("object_type", "call_to_action", "title", "body")
_LEAST_SHARED, _MOST_SHARED = 3, 12
_CODES = ("creative_format", "creative_call")

Shown = Mapping[str, Any]


@dataclass(frozen=True)
class Columns:
    """Numbers by the name of their feature, and shared texts by field and text."""

    numbers: tuple[str, ...]
    shared: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.numbers, *(f"{field}: {text}" for field, text in self.shared))

    def table(self, several: Sequence[Shown]) -> Floats:
        """Return one row per creative and one column per name; NaN where a creative does not tell."""
        readers = [creative_numbers()[name][1] for name in self.numbers]
        rows = [
            [read(shown) for read in readers] + [float(shown.get(field) == text) for field, text in self.shared]
            if shown
            else [np.nan] * len(self.names)
            for shown in several
        ]
        return np.array(rows, dtype=np.float64).reshape(len(several), len(self.names))


def columns_of(several: Sequence[Shown]) -> Columns:
    """Return the columns in which these creatives differ."""
    shared = [
        (field, text)
        for field in _SHARED_FIELDS
        for text, count in Counter(str(each[field]) for each in several if each.get(field)).most_common(_MOST_SHARED)
        if _LEAST_SHARED <= count < len(several)
    ]
    numbers = tuple(name for name in creative_numbers() if name not in _CODES)
    table = Columns(numbers, ()).table(several)
    differing = tuple(
        name for place, name in enumerate(numbers) if len(np.unique(table[~np.isnan(table[:, place]), place])) > 1
    )
    return Columns(differing, tuple(shared))

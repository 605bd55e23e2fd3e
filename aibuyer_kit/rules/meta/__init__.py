"""Meta's own ad rules: `from_meta` reads one as a rule of ours, `to_meta` writes one of ours as Meta's.

What the other side cannot say is named, with what the rule would be without it; nothing is mended silently.
"""

from aibuyer_kit.rules.meta.carried import Carried, CarriedOut, Counting, Lost, Surroundings
from aibuyer_kit.rules.meta.reading import from_meta
from aibuyer_kit.rules.meta.writing import to_meta

__all__ = ["Carried", "CarriedOut", "Counting", "Lost", "Surroundings", "from_meta", "to_meta"]

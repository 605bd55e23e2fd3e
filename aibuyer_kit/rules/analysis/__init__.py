"""Static analysis of a set of rules: what contradicts, undoes, repeats or never fires, before any rule runs."""

from aibuyer_kit.rules.analysis.analyse import analyse
from aibuyer_kit.rules.analysis.findings import Example, Finding
from aibuyer_kit.rules.analysis.ranges import Reached, columns_reached, reached, widest
from aibuyer_kit.rules.analysis.singles import ENOUGH_ARRIVED

__all__ = ["ENOUGH_ARRIVED", "Example", "Finding", "Reached", "analyse", "columns_reached", "reached", "widest"]

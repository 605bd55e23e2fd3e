"""The rules of a workspace: one JSON file each, in its folder `rules/`."""

from pathlib import Path

from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.parse import MOST_BYTES, parse_rule


def read_rules(folder: Path) -> tuple[Rule, ...]:
    """Return all rules, sorted by id. Raises RuleError for a file that is no rule, and for an id that stands twice."""
    found: dict[str, tuple[Rule, str]] = {}
    for path in sorted(folder.glob("*.json")):
        source = f"{folder.name}/{path.name}"
        try:
            with path.open("rb") as file:
                rule = parse_rule(file.read(MOST_BYTES + 1), source)
        except OSError as error:
            raise RuleError(f"{source}: it cannot be read ({error.strerror}). Check its owner and mode.") from None
        if rule.id in found:
            raise RuleError(
                f"{source}: the id {rule.id!r} is that of {found[rule.id][1]} already. Give it another one."
            )
        found[rule.id] = (rule, source)
    return tuple(found[rule_id][0] for rule_id in sorted(found))

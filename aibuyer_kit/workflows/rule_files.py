"""The rules of a workspace: one JSON file each, in its folder `rules/`."""

from collections.abc import Mapping
from pathlib import Path

from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.parse import MOST_BYTES, parse_rule
from aibuyer_kit.rules.schema import SCHEMA_FILE


def read_rules(folder: Path, metrics: Mapping[str, str] | None = None) -> tuple[Rule, ...]:
    """Return all rules, sorted by id; `metrics` are the client's own. Those in folders below are not in force.

    Raises RuleError for a file that is no rule, and for an id that stands twice.
    """
    found: dict[str, tuple[Rule, str]] = {}
    for path in rule_paths(folder):
        source = f"{folder.name}/{path.name}"
        rule = read_rule(path, source, metrics)
        if rule.id in found:
            raise RuleError(
                f"{source}: the id {rule.id!r} is that of {found[rule.id][1]} already. Give it another one."
            )
        found[rule.id] = (rule, source)
    return tuple(found[rule_id][0] for rule_id in sorted(found))


def rule_paths(folder: Path) -> list[Path]:
    """Return the files of the rules in force, sorted."""
    return [path for path in sorted(folder.glob("*.json")) if path.name != SCHEMA_FILE]


def read_rule(path: Path, source: str, metrics: Mapping[str, str] | None = None) -> Rule:
    """Return the rule of one file. Raises RuleError that begins with `source`."""
    try:
        with path.open("rb") as file:
            return parse_rule(file.read(MOST_BYTES + 1), source, metrics)
    except OSError as error:
        raise RuleError(f"{source}: it cannot be read ({error.strerror}). Check its owner and mode.") from None

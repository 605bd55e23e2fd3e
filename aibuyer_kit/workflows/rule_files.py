"""The rules of a workspace: one JSON file each, in its folder `rules/`; packs to choose from in `rules/packs/`."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from aibuyer_kit.core.errors import InputError, NotFoundError, RuleError
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.parse import MOST_BYTES, parse_rule
from aibuyer_kit.rules.schema import SCHEMA_FILE
from aibuyer_kit.rules.versions import plain_value, with_value

PACKS = "packs"


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
    """Return the files of the rules in force, sorted; hidden ones and folders are none."""
    found = [path for path in sorted(folder.glob("*.json")) if path.name != SCHEMA_FILE]
    return [path for path in found if not path.name.startswith(".") and not path.is_dir()]


def read_rule(path: Path, source: str, metrics: Mapping[str, str] | None = None) -> Rule:
    """Return the rule of one file. Raises RuleError that begins with `source`."""
    try:
        with path.open("rb") as file:
            return parse_rule(file.read(MOST_BYTES + 1), source, metrics)
    except OSError as error:
        raise RuleError(f"{source}: it cannot be read ({error.strerror}). Check its owner and mode.") from None


def read_packs(folder: Path, metrics: Mapping[str, str] | None = None) -> dict[str, Rule]:
    """Return the rules of the packs by `pack/id`; none of them is in force. Raises RuleError."""
    found = {}
    for path in sorted((folder / PACKS).glob("*/*.json")):
        name = f"{path.parent.name}/{path.stem}"
        found[name] = read_rule(path, f"{folder.name}/{PACKS}/{name}.json", metrics)
    return found


def add_from_pack(folder: Path, name: str) -> Path:
    """Copy one rule of a pack (`pack/id`) into the rules in force. Raises NotFoundError, RuleError if it is there."""
    packs = read_packs(folder)
    if name not in packs:
        near = difflib.get_close_matches(name, packs, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise NotFoundError(f"There is no rule {name!r} in the packs.{hint} List them: aibuyer rules list --packs")
    target = folder / f"{packs[name].id}.json"
    if holder := dict(ids_in_force(folder)).get(packs[name].id):
        where = f"{folder.name}/{holder.name}"
        said = "is there" if holder.name == target.name else f"has the id {packs[name].id!r}"
        raise RuleError(f"{where} {said} already. Edit it, or remove it first.")
    try:
        with target.open("xb") as file:
            file.write((folder / PACKS / f"{name}.json").read_bytes())
    except FileExistsError:
        raise RuleError(f"{folder.name}/{target.name} is there already. Edit it, or remove it first.") from None
    return target


def ids_in_force(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the id of each rule in force, and its file, also where something else of the rule is wrong."""
    for path in rule_paths(folder):
        try:
            with path.open("rb") as file:
                told = json.loads(file.read(MOST_BYTES + 1))
        except (OSError, ValueError, RecursionError):
            continue  # whoever reads the rules is told of it
        if isinstance(told, dict) and isinstance(told.get("id"), str):
            yield told["id"], path


def find_rule(rules: Sequence[Rule], rule_id: str) -> Rule:
    """Return the rule with this id. Raises NotFoundError with the nearest one."""
    by_id = {rule.id: rule for rule in rules}
    if rule_id not in by_id:
        near = difflib.get_close_matches(rule_id, by_id, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise NotFoundError(f"There is no rule {rule_id!r}.{hint} Known: {', '.join(by_id) or 'none yet'}.")
    return by_id[rule_id]


def rule_text(folder: Path, rule_id: str, metrics: Mapping[str, str] | None = None) -> str:
    """Return the file of a rule in force as it stands. Raises NotFoundError."""
    for path in rule_paths(folder):
        if read_rule(path, path.name, metrics).id == rule_id:
            return path.read_text(encoding="utf-8").rstrip()
    raise NotFoundError(f"There is no rule {rule_id!r} in {folder}.")


def validate_files(
    folder: Path, files: Sequence[Path], metrics: Mapping[str, str] | None = None
) -> tuple[list[tuple[Path, Rule]], list[str]]:
    """Return the rule files that are understood, and what is wrong with the others; without files, of all there are."""
    well, problems, known = list[tuple[Path, Rule]](), list[str](), dict[str, str]()
    for path in files or [*rule_paths(folder), *sorted((folder / PACKS).glob("*/*.json"))]:
        source = str(path.relative_to(folder.parent)) if path.is_relative_to(folder.parent) else str(path)
        try:
            rule = read_rule(path, source, metrics)
        except RuleError as error:
            problems.append(str(error))
            continue
        if path.parent == folder and (other := known.setdefault(rule.id, source)) != source:
            problems.append(f"{source}: the id {rule.id!r} is that of {other} already. Give it another one.")
        else:
            well.append((path, rule))
    return well, problems


def rules_to_check(
    folder: Path, files: Sequence[Path], metrics: Mapping[str, str] | None = None, *, packs: bool = False
) -> tuple[Rule, ...]:
    """Return the rules of these files, else those in force; with `packs` those of the packs that are not among them.

    Raises RuleError, also where an id stands twice.
    """
    found = {} if files else {rule.id: rule for rule in read_rules(folder, metrics)}
    for path in files:
        rule = read_rule(path, str(path), metrics)
        if rule.id in found:
            raise RuleError(f"{path}: the id {rule.id!r} stands in two of the files. Give one of them another one.")
        found[rule.id] = rule
    if packs:
        found = {rule.id: rule for rule in read_packs(folder, metrics).values()} | found
    return tuple(found[rule_id] for rule_id in sorted(found))


def named_rule(folder: Path, named: str, metrics: Mapping[str, str] | None = None) -> Rule:
    """Return the rule in force with this id, or the one in this file. Raises NotFoundError, RuleError."""
    path = Path(named)
    if path.suffix == ".json":
        return read_rule(path, named, metrics)
    return find_rule(read_rules(folder, metrics), named)


def with_values(rule: Rule, changed: Sequence[str]) -> Rule:
    """Return the rule with other values, each given as `path=value`. Raises InputError, RuleError."""
    for each in changed:
        place, is_set, value = each.partition("=")
        if not is_set:
            raise InputError(f"{each!r} sets nothing: write the place, = and the value, such as when.all.0.value=60.")
        rule = with_value(rule, place, plain_value(value))
    return rule

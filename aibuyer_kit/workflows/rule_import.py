"""Meta's own ad rules brought into a workspace's folder of rules, and ours written as Meta has them.

Nothing is changed on the platform, and no file is ever overwritten.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aibuyer_kit.access.clients import ClientContext, client_ids, open_client
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.core.money import meta_minor_per_unit
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.meta import Carried, CarriedOut, Counting, Lost, from_meta, to_meta
from aibuyer_kit.rules.meta.carried import NotCarriedError, json_number, shown
from aibuyer_kit.rules.parse import parse_rule
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.rule_files import ids_in_force

if TYPE_CHECKING:
    from aibuyer_kit.connectors.meta import MetaConnector

# A folder within that of the rules, so that nothing in it is in force.
OFF = "off"
_LEVELS = (Level.CAMPAIGN, Level.ADSET, Level.AD)
_IDS = ("id", "campaign.id", "adset.id")


@dataclass(frozen=True)
class Imported:
    """What came of one rule of Meta's: its file (None: not written), how that came about, and what was lost."""

    account_id: str
    meta_id: str
    name: str
    path: Path | None
    outcome: str
    lost: tuple[Lost, ...] = ()

    def row(self) -> dict[str, Any]:
        """Return it as one row of a table."""
        return {
            "account": self.account_id,
            "meta_rule": self.meta_id,
            "name": self.name,
            "file": self.path.name if self.path else None,
            "outcome": self.outcome,
            "lost": [str(each) for each in self.lost],
        }


@dataclass(frozen=True)
class RuleImport:
    """What came of all rules of a client's accounts, in the order in which Meta tells them."""

    rules: tuple[Imported, ...] = field(default=())

    def summary(self) -> str:
        """Return a line for each rule, with what was lost below it."""
        if not self.rules:
            return "The accounts have no ad rules of their own."
        lines = []
        for each in self.rules:
            where = f" -> {each.path.parent.name}/{each.path.name}" if each.path else ""
            lines.append(f"{each.name} ({each.meta_id}): {each.outcome}{where}")
            lines += [f"  - {lost}" for lost in each.lost]
        return "\n".join(lines)


def import_rules(
    context: ClientContext,
    connectors: Iterable["MetaConnector"],
    *,
    results_alike: bool = False,
    endpoint: str = "",
) -> RuleImport:
    """Write Meta's rules of a client's accounts into the workspace's folder of rules, all of them in the mode `notify`.

    A rule that would do more, or something else, without what cannot be carried over is not written. One that is
    switched off at Meta, and one that would be about other accounts too, goes into the folder `off`, where it is not
    in force. `results_alike` says that what Meta calls the result of each ad set is what the client counts.
    Raises PlatformError in its kinds.
    """
    levels, into = object_levels(context), _Folder(context)
    found: list[Imported] = []
    for connector in connectors:
        specs = connector.ad_rules()
        about = _surroundings(context, connector, levels, specs, results_alike=results_alike, endpoint=endpoint)
        found += [into.imported(connector.account_id, each, from_meta(each, **about)) for each in specs]
    return RuleImport(tuple(found))


def export_rules(
    context: ClientContext,
    connector: "MetaConnector",
    rules: Sequence[Rule],
    *,
    results_alike: bool = False,
    endpoint: str = "",
) -> list[tuple[Rule, CarriedOut]]:
    """Return rules as Meta's specs, for one account: nothing is sent. Raises PlatformError in its kinds."""
    about = _surroundings(
        context, connector, object_levels(context), rules, results_alike=results_alike, endpoint=endpoint
    )
    return [(rule, to_meta(rule, **about)) for rule in rules]


def counting_of(context: ClientContext, *, results_alike: bool = False) -> Counting:
    """Return what the client counts as a result; nothing that Meta's rules know where objectives count their own."""
    rules = context.settings.rules
    if rules.by_objective:
        return Counting()
    own = rules.default
    return Counting(own.action_type, own.window, results_alike, own.value_per_result_micros is not None)


def object_levels(context: ClientContext) -> dict[str, str]:
    """Return the level of every object that the warehouse knows, by id."""
    reader = Reader(context.warehouse)
    try:
        if not reader.is_published:
            return {}
        return {row["entity_id"]: str(level) for level in _LEVELS for row in reader.entities(level).rows()}
    finally:
        reader.close()


def _surroundings(
    context: ClientContext,
    connector: "MetaConnector",
    levels: Mapping[str, str],
    rules: Sequence[object],
    *,
    results_alike: bool,
    endpoint: str,
) -> dict[str, Any]:
    """Return what rules do not say themselves; labels are asked for only if one of them names some."""
    named = any("adlabel_ids" in str(each) or "field='labels'" in repr(each) for each in rules)
    return {
        "minor_per_unit": meta_minor_per_unit(connector.account().currency),
        "counting": counting_of(context, results_alike=results_alike),
        "levels": levels,
        "labels": connector.ad_labels() if named else {},
        "endpoint": endpoint,
    }


class _Folder:
    """The workspace's folder of rules, and the files that have ids there."""

    def __init__(self, context: ClientContext) -> None:
        workspace = context.folder.parent.parent
        accounts = [len(open_client(workspace, each).settings.accounts) for each in client_ids(workspace)]
        self._rules = context.rules
        self._has_other_accounts = sum(accounts) > 1
        self._holders = dict(ids_in_force(context.rules))

    def imported(self, account_id: str, spec: Mapping[str, Any], carried: Carried) -> Imported:
        """Write one rule of Meta's, if it can be used here, and return what came of it."""
        number, name = shown(spec.get("id", "")), shown(spec.get("name", ""))
        path, outcome = None, "not usable here"
        if carried.document is not None:
            try:
                path, outcome = self._written(carried.document, self._why_off(carried, carried.document))
            except (NotCarriedError, RuleError) as error:
                outcome = f"not usable here: {error}"
        return Imported(account_id, number, name, path, outcome, carried.lost)

    def _why_off(self, carried: Carried, document: Mapping[str, Any]) -> str:
        if not carried.is_enabled:
            return "not in force: it is switched off at Meta"
        listed = any(each["field"] in _IDS and each["op"] in ("=", "in") for each in document["scope"]["where"])
        if self._has_other_accounts and not listed:
            return "not in force: it would be about the workspace's other accounts, too"
        return ""

    def _written(self, document: Mapping[str, Any], why_off: str) -> tuple[Path | None, str]:
        """Write a file that is not there yet; return its path, unless nothing of it is there, and what became of it.

        Raises NotCarriedError for a number that cannot be written exactly, RuleError.
        """
        content = f"{json.dumps(document, indent=2, default=json_number)}\n".encode()
        rule = parse_rule(content, "the rule")
        name = f"{rule.id}.json"
        for path in (self._rules / name, self._rules / OFF / name):
            if path.exists() or path.is_symlink():
                same = path.is_file() and path.read_bytes() == content
                return (path, "there already") if same else (None, f"not written: {path} has other content")
        if holder := self._holders.get(rule.id):
            return None, f"not written: {holder} has its id"
        path = (self._rules / OFF if why_off else self._rules) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
        return path, why_off or "imported, it only tells of matches"

"""`aibuyer rules`: what rules say, what they would do, and why; nothing here changes anything on a platform."""

import json as json_module
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import Annotated

import typer

from aibuyer_kit.commands.options import NEEDS_A_LOOK, ClientOption, JsonOption, WorkspaceOption, put, say, say_next
from aibuyer_kit.commands.rules_meta import export_command, import_command
from aibuyer_kit.core.text_table import as_json, as_table

app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="What rules say, what they would do, and why; nothing is changed."
)
RuleArgument = Annotated[str, typer.Argument(help="The rule's id.")]


@app.command("list")
def list_rules(
    packs: Annotated[bool, typer.Option("--packs", help="Those that can be added, with the reason for each.")] = False,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List the rules in force, or those of the packs."""
    from aibuyer_kit.workflows.rule_files import read_packs, read_rules
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    metrics = context.settings.metrics
    if packs:
        rows = [
            {"rule": name, "level": rule.level, "does": _does(rule), "name": rule.name, "when_to_use": rule.notes}
            for name, rule in read_packs(context.rules, metrics).items()
        ]
        put(as_json(rows) if json else "\n".join(map(_offered, rows)) or "This workspace has no packs.")
        return
    rows = [
        {"rule": rule.id, "mode": rule.mode, "level": rule.level, "does": _does(rule), "name": rule.name}
        for rule in read_rules(context.rules, metrics)
    ]
    put(as_json(rows) if json else as_table(rows, empty="No rules yet. Choose some: aibuyer rules list --packs"))


@app.command("add")
def add(
    rule: Annotated[str, typer.Argument(help="PACK/RULE, as `aibuyer rules list --packs` shows it.")],
    workspace: WorkspaceOption = None,
    client: ClientOption = None,
) -> None:
    """Copy a rule of a pack into the rules in force. It only tells of matches until its mode is changed."""
    from aibuyer_kit.workflows.rule_files import add_from_pack
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    path = add_from_pack(context.rules, rule)
    put(f"added {path}: look at its thresholds; it only notifies until its mode is changed")
    say_next(("rules", "preview", path.stem, *_whose(client)), workspace=workspace)


@app.command("show")
def show(rule: RuleArgument, client: ClientOption = None, workspace: WorkspaceOption = None) -> None:
    """Show one rule as it stands in its file, and its revision."""
    from aibuyer_kit.workflows.rule_files import find_rule, read_rules, rule_text
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    found = find_rule(read_rules(context.rules, context.settings.metrics), rule)
    put(rule_text(context.rules, found.id, context.settings.metrics))
    say(f"revision {found.revision}")


@app.command("validate")
def validate(
    files: Annotated[list[Path] | None, typer.Argument(help="Files to look at. Default: all rules and packs.")] = None,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Check that rule files are understood; each error names file, line, column and the nearest known name.

    Ends with 1 if one is not. Targets that the client's file has nowhere are told on stderr.
    """
    from aibuyer_kit.workflows.missing_targets import nowhere_set
    from aibuyer_kit.workflows.rule_files import validate_files
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    well, problems = validate_files(context.rules, files or (), context.settings.metrics)
    for problem in problems:
        put(problem)
    count = len(well)
    put(f"{count} rules are understood, {len(problems)} are not" if problems else f"all {count} rules are understood")
    chosen = [rule for path, rule in well if files or path.parent == context.rules]
    for missing in nowhere_set(context, chosen):
        say(missing.line())
    if problems:
        raise typer.Exit(1)


@app.command("check")
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Files to look at. Default: the rules in force.")] = None,
    packs: Annotated[bool, typer.Option("--packs", help="Those of the packs as well.")] = False,
    days: Annotated[
        int, typer.Option(min=1, max=366, help="So many days tell what figures ever come to, at this hour of each.")
    ] = 28,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Hold rules against each other and against this client's data: contradictions, oscillations, what never fires.

    Each finding names the rules, an object on which it shows, and a cure. Ends with 3 if there is one; a target that
    the client does not have is told (on stderr, without --json) and does not count.
    """
    from aibuyer_kit.workflows.rule_check import check as check_rules
    from aibuyer_kit.workflows.rule_check import lines_of, rows_of
    from aibuyer_kit.workflows.rule_files import rules_to_check
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    rules = rules_to_check(context.rules, files or (), context.settings.metrics, packs=packs)
    told, locale = check_rules(context, rules, days=days), context.settings.locale
    found = [each for each in told if each.kind != "missing_target"]
    if json:
        put(as_json(rows_of(told, locale)))
    else:
        for line in lines_of(found, locale):
            put(line)
        for line in lines_of([each for each in told if each.kind == "missing_target"], locale):
            say(line)
        put(f"{len(rules)} rules, {len(found)} findings" if found else f"nothing found in {len(rules)} rules")
    if found:
        raise typer.Exit(NEEDS_A_LOOK)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of a rule, for editors. A workspace has it as rules/rule.schema.json."""
    from aibuyer_kit.rules.schema import rule_schema

    put(json_module.dumps(rule_schema(), indent=2, ensure_ascii=False))


@app.command("preview")
def preview(
    rule: Annotated[str | None, typer.Argument(help="One rule. Default: all.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also objects on which a rule does not fire.")] = False,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show what rules say of the newest figures, what they would propose, and what would be held back and why."""
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.rule_files import find_rule, read_rules
    from aibuyer_kit.workflows.rule_tools import preview as preview_rules
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    context = only_client(folder, client)
    rules = read_rules(context.rules, context.settings.metrics)
    looks = preview_rules(context, read_settings(folder), [find_rule(rules, rule)] if rule else rules, rules)
    counts = Counter(each.verdict for each in looks)
    rows = [each.preview_row(context.settings.locale) for each in looks if every or each.verdict == "fires"]
    put(as_json(rows) if json else as_table(rows, empty="No rule fires on the newest figures."))
    say(", ".join(f"{count} x {verdict}" for verdict, count in sorted(counts.items())) or "no object is in any scope")
    for missing in sorted({missing for each in looks for missing in each.missing}):
        say(missing.line())


@app.command("explain")
def explain(
    object_id: Annotated[str, typer.Argument(metavar="OBJECT", help="The id of a campaign, an ad set or an ad.")],
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show for every rule of an object's level why it fires on it or why not, condition by condition."""
    from aibuyer_kit.rules.trace_lines import lines_of, verdict_word
    from aibuyer_kit.workflows.rule_files import read_rules
    from aibuyer_kit.workflows.rule_tools import explain as explain_object
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    looks = explain_object(context, read_rules(context.rules, context.settings.metrics), object_id)
    locale = context.settings.locale
    if json:
        put(as_json([{**each.row(locale), "trace": each.trace.content()} for each in looks]))
        return
    for each in looks:
        put(f"{each.rule.id}: {verdict_word(each.verdict, locale)}{f' ({each.would})' if each.would else ''}")
        put(f"  {each.why(locale)}")
        for line in lines_of(each.trace.content(), 1, locale):
            put(line)


@app.command("diff")
def diff(
    left: Annotated[str, typer.Argument(help="A rule's id, or a file.")],
    right: Annotated[str | None, typer.Argument(help="Another one. Default: the same with --set.")] = None,
    changed: Annotated[
        list[str] | None, typer.Option("--set", help="PATH=VALUE, such as when.all.0.value=60; may be repeated.")
    ] = None,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show where two versions of a rule differ, in what they say and on the newest figures; or try another value."""
    from aibuyer_kit.rules.versions import differences
    from aibuyer_kit.workflows.rule_files import named_rule, with_values
    from aibuyer_kit.workflows.rule_tools import compare
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    metrics = context.settings.metrics
    one = named_rule(context.rules, left, metrics)
    other = with_values(named_rule(context.rules, right or left, metrics), changed or ())
    rows = compare(context, one, other)
    if json:
        put(as_json(rows))
        return
    said = [{"place": place, "left": _plain(a), "right": _plain(b)} for place, a, b in differences(one, other)]
    put(as_table(said, empty="They say the same."))
    put("")
    shown = [{name: row[name] for name in ("object_id", "object_name", "left", "right", "right_would")} for row in rows]
    put(as_table(shown, empty="On the newest figures they say the same of every object."))


@app.command("replay")
def replay(
    rule: Annotated[str | None, typer.Argument(help="One rule. Default: all.")] = None,
    days: Annotated[int, typer.Option(help="How many days back.")] = 28,
    mode: Annotated[
        str,
        typer.Option(help="observed: the history as it went; carried: their own changes carried forward."),
    ] = "observed",
    changed: Annotated[
        list[str] | None, typer.Option("--set", help="PATH=VALUE: beside it the same rule with another value.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Look when rules were evaluated, and compare with what was decided then.")
    ] = False,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show what rules would have decided over the last days, each time on what was known then.

    They are looked at whenever new figures came. Ends with 3 if --verify finds a difference, or nothing to compare.
    """
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.progress import tqdm_progress
    from aibuyer_kit.workflows.replay import known_mode
    from aibuyer_kit.workflows.replay import replay as replay_rules
    from aibuyer_kit.workflows.replay_verified import verified
    from aibuyer_kit.workflows.rule_files import find_rule, read_rules, with_values
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    context, settings = only_client(folder, client), read_settings(folder)
    rules = read_rules(context.rules, context.settings.metrics)
    chosen = [find_rule(rules, rule)] if rule else list(rules)
    sets = [chosen, [with_values(each, changed) for each in chosen]] if changed else [chosen]
    with tqdm_progress("Replaying") as progress:
        run = partial(replay_rules, context, settings, days=days, mode=known_mode(mode), progress=progress)
        found = [run(each, at="decisions" if verify else "figures") for each in sets]
    if json:
        put(as_json([{"version": number, **row} for number, each in enumerate(found) for row in each.rows()]))
    else:
        put("\n\n".join(map(repr, found)))
    if verify:
        compared = verified(context, found[0])
        put(str(compared))
        if not compared.is_same:
            raise typer.Exit(NEEDS_A_LOOK)


app.command("import")(import_command)
app.command("export")(export_command)


def _plain(value: object) -> object:
    from decimal import Decimal

    return f"{value:f}" if isinstance(value, Decimal) else value


@app.command("stats")
def stats(
    days: Annotated[int, typer.Option(min=1, max=3660, help="So many days to now.")] = 28,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show how each rule has done: objects looked at, matches, changes proposed, what was held back by what, time."""
    from aibuyer_kit.workflows.rule_stats import rule_stats
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    rows = rule_stats(only_client(find_workspace(workspace), client), days=days)
    put(as_json(rows) if json else as_table(rows, empty="No rule was evaluated. Do it: aibuyer decide"))


def _offered(row: Mapping[str, str]) -> str:
    """Return a rule of a pack with the reason to use it, on lines that fit a terminal."""
    head = f"{row['rule']}: {row['name']} ({row['level']}: {row['does']})"
    return "\n".join([head, *wrap(row["when_to_use"], 110, initial_indent="  ", subsequent_indent="  ")])


def _does(rule: object) -> str:
    from aibuyer_kit.rules.language import Rule

    return ", ".join(each.action for each in rule.then) if isinstance(rule, Rule) else ""


def _whose(client: str | None) -> tuple[str, ...]:
    return ("--client", client) if client else ()

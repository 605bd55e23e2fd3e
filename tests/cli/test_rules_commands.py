"""`aibuyer rules` over the sample account: what is there, what it would do, and why; errors name their place."""

import contextlib
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from aibuyer_kit.cli import main
from aibuyer_kit.workspace import Client, open_workspace

Run = Callable[..., tuple[object, str, str]]
WEEK = {"days": 7, "ends": "yesterday"}


@pytest.fixture
def folder(example_workspace: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "workspace"
    shutil.copytree(example_workspace, copy)
    for name in ("rules/packs", "rules"):
        shutil.rmtree(copy / name, ignore_errors=True)
    shutil.copytree(Path(__file__).parents[2] / "rules", copy / "rules")
    return copy


@pytest.fixture
def run(folder: Path) -> Run:
    def run(*words: str) -> tuple[object, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch("sys.argv", ["aibuyer", *words, "--workspace", str(folder)]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        return ended.value.code, out.getvalue(), err.getvalue()

    return run


@pytest.fixture
def client(folder: Path) -> Client:
    return open_workspace(folder).client("sample-shop")


def test_packs_are_there_to_be_chosen_from(run: Run, folder: Path) -> None:
    """None is in force until it is added; one that is there already is never written over."""
    listed = json.loads(run("rules", "list", "--packs", "--json")[1])
    assert len(listed) == 31
    assert all(row["when_to_use"] for row in listed)
    shown = " ".join(run("rules", "list", "--packs")[1].split())
    assert all(
        f"{row['rule']}: {row['name']}" in shown and " ".join(row["when_to_use"].split()) in shown for row in listed
    )
    assert [row["rule"] for row in json.loads(run("rules", "list", "--json")[1])] == [
        "pause-costly-adsets",
        "raise-winning-budgets",
    ]
    assert run("rules", "add", "guard/pause-costly-week")[0] in (0, None)
    (folder / "rules" / "pause-costly-week.json").read_text(encoding="utf-8")
    code, _, said = run("rules", "add", "guard/pause-costly-week")
    assert code == 2
    assert "is there already" in said
    code, _, said = run("rules", "add", "guard/pause-costly-weak")
    assert code == 1
    assert "Did you mean 'guard/pause-costly-week'" in said


def test_validate_names_file_line_and_column(run: Run, folder: Path) -> None:
    """And ends with 1; without a fault it counts the rules."""
    assert run("rules", "validate")[:2] == (0, "all 33 rules are understood\n")
    text = (folder / "rules" / "pause-costly-adsets.json").read_text(encoding="utf-8")
    (folder / "rules" / "wrong.json").write_text(text.replace('"spend"', '"spent"'), encoding="utf-8")
    code, said, _ = run("rules", "validate")
    assert code == 1
    assert re.match(r"rules/wrong\.json:7:14: when\.all\.0\.expr: .*Did you mean 'spend'", said)


def test_show_prints_the_file_as_it_stands(run: Run, folder: Path) -> None:
    """With its revision beside it."""
    code, shown, said = run("rules", "show", "pause-costly-adsets")
    assert code in (0, None)
    assert shown == (folder / "rules" / "pause-costly-adsets.json").read_text(encoding="utf-8")
    assert re.search(r"revision 1-[0-9a-f]{12}", said)
    assert "Did you mean 'pause-costly-adsets'" in run("rules", "show", "pause-costly-adset")[2]


def test_a_preview_agrees_with_the_figures(run: Run, client: Client) -> None:
    """The sample fires where a week spent over 300 at a cost per result above 90 that will last, or without results."""
    frame = client.insights(level="adset", days=7)
    sums = frame.groupby("entity_id", observed=True)[["spend", "results"]].sum()
    costly = {
        str(entity)
        for entity, row in sums.iterrows()
        if row["spend"] > 300 and (row["results"] == 0 or row["spend"] / row["results"] > 90)
    }
    rule = client.rules["pause-costly-adsets"]
    as_they_are = rule.with_value("when.all.1.any.0.matured", False).preview()
    fires = as_they_are[as_they_are["verdict"] == "fires"]
    assert set(fires["object_id"]) == costly
    assert not fires["held_back"].str.contains("maturity").any()
    rows = json.loads(run("rules", "preview", "pause-costly-adsets", "--json")[1])
    lasting = {row["object_id"] for row in rows}
    assert lasting
    assert lasting < costly
    assert all(row["why"].startswith("It fires: ") for row in rows)


def test_explain_tells_why_or_why_not_for_every_rule(run: Run, client: Client) -> None:
    """With the truth table below the sentence; an object that nobody knows is an error."""
    firing = client.rules["pause-costly-adsets"].preview().iloc[0]["object_id"]
    code, said, _ = run("rules", "explain", firing)
    assert code in (0, None)
    assert "pause-costly-adsets: fires" in said
    assert "raise-winning-budgets: does not fire" in said
    assert re.search(r"yes +spend > 300: [\d,.]+ \(7 days to yesterday: \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d\)", said)
    assert run("rules", "explain", "no-such-object")[0] == 1


def test_a_notebook_tries_a_rule_that_is_not_in_force(client: Client) -> None:
    """Its floats are taken as they are written; what is asked of the book is in the client's files."""
    spend = client.insights(level="adset", days=7).groupby("entity_id", observed=True)["spend"].sum()
    tried = client.rules.new(
        {
            "id": "tried",
            "name": "Tried",
            "level": "adset",
            "scope": {"status": ["ACTIVE"]},
            "when": {"expr": "spend", "window": WEEK, "op": ">", "value": 100.5},
            "then": [{"action": "pause"}],
        }
    )
    frame = tried.preview()
    fires = set(frame.loc[frame["verdict"] == "fires", "object_id"])
    assert fires == {str(entity) for entity, value in spend.items() if value > 100.5} & set(frame["object_id"])
    assert list(client.rules) == ["pause-costly-adsets", "raise-winning-budgets"]
    assert "spend over 7 days to yesterday > 300" in repr(client.rules["pause-costly-adsets"])


def test_diff_shows_what_another_threshold_would_change(run: Run, client: Client) -> None:
    """On the newest figures: objects between the two thresholds, and no other ones."""
    frame = client.insights(level="adset", days=7).groupby("entity_id", observed=True)[["spend", "results"]].sum()
    frame = frame[(frame["spend"] > 300) & (frame["results"] > 0)]
    cost = frame["spend"] / frame["results"]
    between = {str(entity) for entity, value in cost.items() if 60 < value <= 90}
    assert between
    rule = client.rules["pause-costly-adsets"]
    as_they_are = rule.with_value("when.all.1.any.0.matured", False)
    assert set(as_they_are.diff(as_they_are.with_value("when.all.1.any.0.value", 60))["object_id"]) == between
    code, said, _ = run("rules", "diff", "pause-costly-adsets", "--set", "when.all.1.any.0.value=60", "--json")
    assert code in (0, None)
    changed = rule.diff(rule.with_value("when.all.1.any.0.value", 60))
    assert {row["object_id"] for row in json.loads(said)} == set(changed["object_id"])
    assert run("rules", "diff", "pause-costly-adsets", "--set", "when.all.7.value=60")[0] == 2


def test_check_tells_rules_that_contradict_each_other(run: Run, folder: Path, client: Client) -> None:
    """Which rules, on what object, and the cure; it ends with 3, and with 0 where there is nothing to tell."""
    assert run("rules", "check", "--days", "2")[:2] == (0, "nothing found in 2 rules\n")
    rule = json.loads((folder / "rules" / "raise-winning-budgets.json").read_text(encoding="utf-8"))
    rule |= {"id": "raise-all", "when": {"expr": "spend", "window": WEEK, "op": ">", "value": 1}, "priority": 20}
    (folder / "rules" / "raise-all.json").write_text(json.dumps(rule), encoding="utf-8")
    code, out, _ = run("rules", "check", "--days", "2", "--json")
    found = next(each for each in json.loads(out) if each["kind"] == "contradiction")
    assert (code, found["rules"]) == (3, ["pause-costly-adsets", "raise-all"])
    assert "pause-costly-adsets" in found["sentence"]
    assert found["example"]
    assert found["cure"]
    assert found["cure"] in run("rules", "check", "--days", "2")[1]
    assert [*client.rules.check(days=2).kind] == [each["kind"] for each in json.loads(out)]


def test_check_looks_at_packs_and_at_files(run: Run, folder: Path) -> None:
    """Nothing is found in all that is shipped, together; a file is checked before it is in force."""
    assert run("rules", "check", "--packs", "--days", "1")[:2] == (0, "nothing found in 33 rules\n")
    path = folder / "late.json"
    when = {"expr": "spend", "window": {"days": 1, "ends": "yesterday"}, "op": ">", "value": 10_000_000}
    rule = {"id": "late", "name": "Too high", "level": "adset", "scope": {"status": ["ACTIVE"]}, "when": when}
    path.write_text(json.dumps({**rule, "then": [{"action": "pause"}]}), encoding="utf-8")
    code, out, _ = run("rules", "check", str(path), "--days", "3")
    assert code == 3
    assert out.startswith("unreached: Rule late waits for spend over 1 day to yesterday > 10000000")
    assert out.endswith("1 rules, 1 findings\n")

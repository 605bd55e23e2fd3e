"""What a rule may say, and how a rule that says anything else is refused: where, and what was meant."""

import json
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.rules.parse import MOST_BYTES, parse_rule

RULES = Path(__file__).parents[2] / "rules"
LEAF = {"expr": "spend", "window": {"days": 3, "ends": "yesterday"}, "op": ">", "value": 50}
RANK = {"top": 1, "within": "campaign", "zeros": "in"}
RULE: dict[str, Any] = {
    "id": "sample",
    "name": "Sample",
    "level": "adset",
    "scope": {"status": ["ACTIVE"]},
    "when": {"all": [LEAF, {"not": LEAF}]},
    "then": [{"action": "pause"}],
}


def encoded(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = deepcopy(RULE)
    change(document)
    return json.dumps(document).encode()


def doubling(steps: int) -> dict[str, str]:
    """Return metrics of which each is twice the one before."""
    return {"m0": "spend + 1"} | {f"m{number}": f"m{number - 1} + m{number - 1}" for number in range(1, steps + 1)}


def hundreds() -> dict[str, str]:
    """Return metrics of which each is many times the one before."""
    names = [("a", "spend", 50), ("b", "a", 100), ("c", "b", 100), ("d", "c", 100)]
    return {name: "+".join([of] * count) for name, of, count in names}


def nested(depth: int) -> dict[str, Any]:
    condition = LEAF
    for _ in range(depth):
        condition = {"not": condition}
    return condition


@pytest.mark.parametrize("path", sorted(RULES.glob("*.json")), ids=lambda path: path.stem)
def test_every_rule_that_is_shipped_is_one(path: Path) -> None:
    """Its id is the name of its file."""
    assert parse_rule(path.read_bytes(), path.name).id == path.stem


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rule: rule["when"]["all"][0].update(expr="cpaa"), "when.all.0.expr: .*Did you mean 'cpa'"),
        (lambda rule: rule["when"]["all"][0].update(windw=3), "when.all.0: .*'windw'. Did you mean 'window'"),
        (lambda rule: rule["when"]["all"][0]["window"].update(day=3), "when.all.0.window: .*Did you mean 'days'"),
        (lambda rule: rule["when"]["all"][0].pop("window"), 'say "window"'),
        (lambda rule: rule["when"]["all"][0].update(expr="spend / 0"), "it divides by zero"),
        (lambda rule: rule["when"]["all"][0].update(expr="read_csv(spend)"), "no place in a formula"),
        (lambda rule: rule["when"]["all"][0].update(op="in range", value=[3, 2]), "lower one first"),
        (lambda rule: rule["when"]["all"][0].update(value={"target": "cpa", "time": 2}), "Did you mean 'times'"),
        (lambda rule: rule["when"]["all"][0].update(op="in", value={"top": 3, "within": "account"}), "value.zeros"),
        (lambda rule: rule["when"]["all"][0].update(window={"calendar": "this_week"}), 'say "ends"'),
        (lambda rule: rule["when"]["all"][0].update(min_probability=0.9), "probability is known of"),
        (lambda rule: rule["when"]["all"][0].update(value={"target": "cpaa"}), "Did you mean 'cpa'"),
        (lambda rule: rule.update(schedule={"every": "20m"}), "schedule: .*multiple of 15"),
        (lambda rule: rule.update(schedule={"cron": "61 * * * *"}), "schedule: .*cron"),
        (lambda rule: rule.update(schedule={"cron": "0 0 30 2 *"}), "schedule: .*never comes"),
        (lambda rule: rule.update(schedule={"grid": {"mon": ["9:00"]}}), "schedule: .*half-hour"),
        (lambda rule: rule.update(level="campaign", when={**LEAF, "op": "in", "value": RANK}), "alone within"),
        (lambda rule: rule.update(cooldown="6 hours"), "cooldown: .*duration"),
        (lambda rule: rule.update(then=[{"action": "call", "url": "http://x"}]), "then.0.url: .*https"),
        (lambda rule: rule.update(then=[{"action": "rename", "name": "{x}"}]), "then.0.name: .*{x}"),
        (lambda rule: rule.update(then=[{"action": "pause"}, {"action": "start"}]), "change the same field"),
        (lambda rule: rule.update(scop={}), "there is no field 'scop'. Did you mean 'scope'"),
        (lambda rule: rule.update(scope={}), "scope: it is empty, and would be everything"),
        (lambda rule: rule.update(scope={"status": []}), "scope.status"),
        (lambda rule: rule["when"].update(any=[LEAF]), "when: there is no field 'any'"),
        (lambda rule: rule.update(when={"all": []}), "when.all"),
        (lambda rule: rule["when"]["all"][0].update(value=True), "when.all.0.value: True is not a number"),
        (lambda rule: rule["when"]["all"][0].update(value="50"), "when.all.0.value"),
        (lambda rule: rule["when"]["all"][0].update(value=10**13), "when.all.0.value"),
        (lambda rule: rule["when"]["all"][0].update(op="=="), "when.all.0.op"),
        (lambda rule: rule["when"]["all"][0].update(expr="reach"), "not added up over days"),
        (lambda rule: rule["when"]["all"][0].update(expr="сpa"), "when.all.0.expr: a formula is made of"),
        (lambda rule: rule["when"]["all"][0]["window"].update(ends="tomorrow"), "when.all.0.window.ends: .*yesterday"),
        (lambda rule: rule["when"]["all"][0]["window"].update(days=0), "when.all.0.window.days"),
        (lambda rule: rule["when"]["all"][0]["window"].update(days=True), "when.all.0.window.days"),
        (lambda rule: rule.update(then=[{"action": "paus"}]), "then.0: .*pause"),
        (lambda rule: rule.update(then=[{"action": "raise_budget"}]), "then.0: .*either percent or amount"),
        (lambda rule: rule.update(then=[{"action": "lower_budget", "percent": 100}]), "pause instead"),
        (lambda rule: rule.update(then=[{"action": "set_budget", "amount": 0}]), "then.0.amount"),
        (lambda rule: rule.update(level="ad", then=[{"action": "set_budget", "amount": 9}]), "no budget of its own"),
        (lambda rule: rule.update(mode="do"), "mode"),
        (lambda rule: rule.update(id="../x"), "id"),
        (lambda rule: rule.update(when=nested(8)), "deeper than 8"),
        (lambda rule: rule.update(when={"all": [LEAF] * 200}), "more than 200"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_is_not_understood_is_refused_with_its_place(
    change: Callable[[dict[str, Any]], object], said: str
) -> None:
    """The message names the file, the place and the nearest known name."""
    with pytest.raises(RuleError, match=rf"^rules/sample\.json(:1:\d+)?: (.*{said}|{said})"):
        parse_rule(encoded(change), "rules/sample.json")


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 60_000,
        b'{"when":' * 8_000,
        b'{"id": 1, "id": 2}',
        b'{"id": "' + b'\\"' * 30_000,
        b'{"value": NaN}',
        b'{"value": Infinity}',
        b'{"value": 1e999999999999999999999}',
        b'{"value": ' + b"9" * 5_000 + b"}",
        b"\xff\xfe",
        b"[]",
        b"",
        b" " * (MOST_BYTES + 1),
        encoded(lambda rule: rule["when"]["all"][0].update(value=0, expr="a" * 60_000)),
        encoded(lambda rule: rule.update({"a" * 60_000: 1})),
        encoded(lambda rule: rule.update(metrics=doubling(17), when={**LEAF, "expr": "m17"})),
        encoded(lambda rule: rule.update(metrics=hundreds())),
        encoded(lambda rule: rule.update(when={"all": [{"all": [{}] * 20_000}]})),
        encoded(lambda rule: rule["when"]["all"][0].update(value=0)).replace(b'"value": 0', b'"value": 1e999'),
        encoded(lambda rule: rule["when"]["all"][0].update(value=0)).replace(b'"value": 0', b'"value": 1e-999999'),
    ],
    ids=lambda content: content[:24].decode("utf-8", "replace"),
)
def test_poison_is_refused_at_once(content: bytes) -> None:
    """Too deep, too large, twice, not finite, no JSON: one clear error within a tenth of a second."""
    began = time.process_time()
    with pytest.raises(RuleError, match=r"^poison[:0-9]*: .{1,700}$"):
        parse_rule(content, "poison")
    assert time.process_time() - began < 0.1


def test_a_new_rule_only_notifies() -> None:
    """To propose is asked for."""
    assert parse_rule(encoded(lambda _: None), "sample").mode == "notify"


def test_the_revision_is_what_the_rule_says() -> None:
    """Its notes do not change it, a threshold does."""
    plain = parse_rule(encoded(lambda _: None), "sample")
    noted = parse_rule(encoded(lambda rule: rule.update(notes="why")), "sample")
    other = parse_rule(encoded(lambda rule: rule["when"]["all"][0].update(value=51)), "sample")
    assert plain.revision == noted.revision != other.revision


def test_an_error_tells_its_line_and_column() -> None:
    """Of the name that is not known, of the value that is wrong, or of what it is missing in."""
    text = json.dumps(RULE, indent=2)
    for change, place in (
        (('"op": ">"', '"opp": ">"'), "18:9: when.all.0: there is no field 'opp'. Did you mean 'op'"),
        (('"value": 50', '"value": "50"'), "19:18: when.all.0.value"),
        (('"days": 3,', ""), "14:19: when.all.0.window.days: Field required"),
        (('"op": ">",', '"op": ">"'), "19:9: it is not strict JSON"),
    ):
        with pytest.raises(RuleError) as caught:
            parse_rule(text.replace(*change, 1).encode(), "rules/sample.json")
        assert str(caught.value).startswith(f"rules/sample.json:{place}")

"""Meta's own ad rules as ours, and back: part by part, and what has no counterpart."""

import json
import operator
import random
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from aibuyer_kit.core.dates import MOST_DAYS_BACK
from aibuyer_kit.rules.expression import parse_expression, value_of
from aibuyer_kit.rules.language import rule_of
from aibuyer_kit.rules.meta import Carried, Counting, from_meta, to_meta
from aibuyer_kit.rules.parse import parse_rule
from aibuyer_kit.sandbox.graph.ad_rules import words
from aibuyer_kit.sandbox.graph.ad_rules.fields import METADATA
from tests.rules.meta_rules import (
    BOTH,
    LAST_7D,
    LOOKED_AT,
    PIXEL,
    REFUSED,
    SPEND,
    SPENT,
    STATUS_FILTER,
    TODAY,
    meta_rule,
    one,
    ours,
)

COUNTING = Counting(PIXEL)
RULES = Path(__file__).parents[2] / "rules"


def carried(spec: dict[str, Any], **more: Any) -> Carried:
    return from_meta(spec, **({"minor_per_unit": 100, "counting": COUNTING} | more))


def said(document: Any) -> dict[str, Any]:
    """Return a document as JSON, without what only names it."""
    plain: dict[str, Any] = json.loads(json.dumps(document, default=float))
    return {name: value for name, value in plain.items() if name not in ("id", "name", "notes")}


def rule(**changed: Any) -> Any:
    plain = {"id": "r", "name": "R", **ours(SPEND), **changed}
    return rule_of(json.loads(json.dumps(plain), parse_float=Decimal))


@pytest.mark.parametrize("name", BOTH)
def test_what_both_sides_have_is_the_same_rule(name: str) -> None:
    """The document is the expected one, and nothing that is lost makes the rule do more."""
    spec, expected = BOTH[name]
    found = carried(spec)

    assert said(found.document) == said(expected)
    assert all(each.is_harmless for each in found.lost)


@pytest.mark.parametrize("name", BOTH)
def test_there_and_back_is_the_same_rule(name: str) -> None:
    """What is written for Meta reads as the rule that it was written from."""
    document = carried(BOTH[name][0]).document
    assert document is not None
    out = to_meta(rule_of(document), minor_per_unit=100, counting=COUNTING)
    assert out.spec is not None, out.lost

    assert said(carried(dict(out.spec)).document) == said(document)
    assert out.spec["status"] == "DISABLED"


@pytest.mark.parametrize("name", REFUSED)
def test_a_rule_that_would_do_more_is_not_carried(name: str) -> None:
    """The part is named with its place, and with what the rule would be without it."""
    spec, place, without = REFUSED[name]
    found = carried(spec)

    assert found.document is None
    assert (place, without) in [(each.place, each.without_it) for each in found.lost]


def test_what_only_tells_people_is_lost_and_the_rule_is_carried() -> None:
    """Who gets Meta's mail says nothing about what the rule does; the loss is in its notes."""
    found = carried(meta_rule(SPENT, options={"user_ids": ["1"], "alert_preferences": {"x": 1}}))

    assert [(each.place, each.without_it) for each in found.lost] == [
        ("execution_spec.execution_options[0]", "same"),
        ("execution_spec.execution_options[1]", "same"),
    ]
    assert found.document is not None
    assert "user_ids" in found.document["notes"]


def test_a_currency_without_minor_units() -> None:
    """8000 minor units of yen are 8000 yen."""
    found = carried(meta_rule(SPENT), minor_per_unit=1)

    assert said(found.document) == said(ours({**SPEND, "value": 8000}))


def test_results_of_meta_are_ours_if_that_is_said() -> None:
    """Results, their cost and their rate (in percent)."""
    spec = meta_rule(
        one("results", "LESS_THAN", 1), one("cost_per", "GREATER_THAN", 500), one("result_rate", "LESS_THAN", 2)
    )
    found = carried(spec, counting=Counting("purchase", platform_results=True))
    leaves = [
        {"expr": "results", "window": LAST_7D, "matured": False, "op": "<", "value": 1},
        {"expr": "cpa", "window": LAST_7D, "matured": False, "op": ">", "value": 5},
        {"expr": "results / impressions", "window": LAST_7D, "matured": False, "op": "<", "value": 0.02},
    ]

    assert said(found.document) == said(ours(*leaves))


def test_a_value_of_the_clients_own_is_not_metas_roas() -> None:
    """Revenue that holds values per result of the client's own is another figure."""
    found = carried(meta_rule(one("website_purchase_roas", "LESS_THAN", 1)), counting=Counting(PIXEL, own_value=True))

    assert found.document is None


def test_labels_are_carried_by_their_names() -> None:
    """There and back: ANY, ALL and NONE, of ids at Meta and of names here."""
    for word, op in (("ANY", "any"), ("ALL", "all"), ("NONE", "none")):
        label = {"field": "labels", "op": op, "value": ["night"]}
        document = carried(meta_rule(SPENT, one("adlabel_ids", word, ["5"])), labels={"5": "night"}).document
        assert said(document) == said(ours(SPEND, where=[label, LOOKED_AT]))
        assert document is not None
        out = to_meta(rule_of(document), minor_per_unit=100, labels={"5": "night"})
        assert out.spec is not None
        assert one("adlabel_ids", word, ["5"]) in out.spec["evaluation_spec"]["filters"]


def test_objects_that_are_listed_say_their_level() -> None:
    """Without an entity_type; where the level is not known, the rule is not carried."""
    spec = meta_rule(SPENT, one("id", "IN", ["11", "12"]))
    spec["evaluation_spec"]["filters"].pop(0)

    found = carried(spec, levels={"11": "campaign", "12": "campaign"})
    assert found.document is not None
    assert found.document["level"] == "campaign"
    assert carried(spec, levels={"11": "campaign"}).document is None


def test_a_ratio_of_two_windows_is_carried_with_its_denominator_above_zero() -> None:
    """Meta's ratio has no value where the days below have none; neither fires the rule here."""
    found = carried(meta_rule(one("yesterday_spent / spent", "GREATER_THAN", 0.5)))
    yesterday = {"days": 1, "ends": "yesterday"}
    leaves = [
        {"expr": "spend", "window": LAST_7D, "op": ">", "value": 0},
        {"expr": "spend", "window": yesterday, "op": ">", "value": {"expr": "0.5 * spend", "window": LAST_7D}},
    ]

    assert said(found.document) == said(ours(*leaves))


@pytest.mark.parametrize("name", ["../../etc/passwd", "x" * 500, "a\x1b[31m\nb\u202e", "", "Ціна за покупку", "=cmd()"])
def test_hostile_names_make_safe_ids(name: str) -> None:
    """An id of small letters, digits and hyphens; a name without what cannot be seen."""
    found = carried({**meta_rule(SPENT, name=name), "id": "2300009"})

    assert found.document is not None
    assert found.document["id"].endswith("2300009")
    assert rule_of(found.document).name.isprintable()


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"evaluation_spec": [], "execution_spec": None, "schedule_spec": "x"},
        meta_rule({"field": None, "operator": 3}),
        meta_rule(one("spent", "GREATER_THAN", float("nan"))),
        meta_rule(one("spent", "GREATER_THAN", "9" * 400)),
        meta_rule(one("spent", "IN_RANGE", [2, 1])),
        meta_rule(one("( " * 40 + "spent", "GREATER_THAN", 1)),
        meta_rule(one("spent / 0", "GREATER_THAN", 1)),
        meta_rule(SPENT, one("name", "CONTAIN", "\ud800")),
        meta_rule(SPENT, schedule={"schedule_type": "CUSTOM", "schedule": [{"start_minute": 10, "days": [9]}]}),
        meta_rule(SPENT, does="CHANGE_BUDGET", options={"change_spec": {"amount": -100, "unit": "PERCENTAGE"}}),
        meta_rule(SPENT, does="CHANGE_BUDGET"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(spec: dict[str, Any]) -> None:
    """Never an exception, and never a rule."""
    found = carried(spec)

    assert found.document is None
    assert found.lost


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"when": {"any": [SPEND]}}, "when"),
        ({"when": {"not": SPEND}}, "when"),
        ({"when": {**SPEND, "op": ">="}}, "when"),
        ({"when": {**SPEND, "matured": True}}, "when"),
        ({"when": {**SPEND, "value": {"target": "cpa", "times": 2}}}, "when"),
        ({"when": {**SPEND, "op": "in", "value": {"top": 3, "within": "account", "zeros": "in"}}}, "when"),
        ({"when": {**SPEND, "expr": "cpa", "min_probability": 0.9}}, "when"),
        ({"when": {**SPEND, "of": "account"}}, "when"),
        ({"when": {**SPEND, "window": {"days": 5, "ends": "yesterday"}}}, "when"),
        ({"when": {**SPEND, "window": {"hours": 5, "ends": "now"}}}, "when"),
        ({"when": {**SPEND, "expr": "max(spend, 1)"}}, "when"),
        ({"scope": {"include": ["5"]}}, "scope"),
        ({"scope": {"status": ["ACTIVE"], "created_before": "2026-01-01"}}, "scope"),
        ({"then": [{"action": "set_budget", "amount": 5}]}, "then"),
        ({"then": [{"action": "raise_budget", "percent": 5, "round_to": 1}]}, "then"),
        ({"then": [{"action": "tag", "add": ["x"]}]}, "then"),
        ({"then": [{"action": "pause"}, {"action": "tag", "add": ["x"]}]}, "then"),
        ({"then": [{"action": "raise_budget", "percent": 5}], "level": "campaign"}, "then"),
        ({"schedule": {"cron": "0 9 * * 1"}}, "schedule"),
        ({"schedule": {"on": "event"}}, "schedule"),
        ({"schedule": {"every": "2d"}}, "schedule"),
    ],
)
def test_what_meta_has_no_words_for_is_not_written(changed: dict[str, Any], place: str) -> None:
    """The part is named."""
    out = to_meta(rule(**changed), minor_per_unit=100, counting=COUNTING)

    assert out.spec is None
    assert place in [each.place for each in out.lost]


def test_limits_and_waits_that_meta_does_not_have_are_told() -> None:
    """A rule of ours with its usual limits is written, switched off, with what would come of it."""
    out = to_meta(rule(limits={"changes_per_day": 20, "runs_per_day": 3}, cooldown="6h"), minor_per_unit=100)

    assert out.spec is not None
    assert [(each.place, each.without_it) for each in out.lost] == [
        ("cooldown", "oftener"),
        ("limits.changes_per_day", "oftener"),
        ("limits.runs_per_day", "oftener"),
    ]


def test_whole_numbers_from_a_least_one_on() -> None:
    """`>= 10` of a count is `> 9`."""
    leaf = {"expr": "clicks", "window": LAST_7D, "op": ">=", "value": 10}
    out = to_meta(rule(when=leaf), minor_per_unit=100)

    assert out.spec is not None
    assert one("clicks", "GREATER_THAN", 9) in out.spec["evaluation_spec"]["filters"]


def test_a_budget_of_days_is_written_so_that_no_other_is_changed() -> None:
    """Meta changes whichever budget an ad set has: a filter keeps it to those with one of days."""
    out = to_meta(rule(then=[{"action": "raise_budget", "percent": 5}]), minor_per_unit=100)

    assert out.spec is not None
    assert one("daily_budget", "GREATER_THAN", 0) in out.spec["evaluation_spec"]["filters"]


def test_status_is_written_as_what_holds() -> None:
    """Meta's rules know the effective status only, and that is told."""
    out = to_meta(rule(scope={"status": ["ACTIVE"]}), minor_per_unit=100)

    assert out.spec is not None
    assert STATUS_FILTER in out.spec["evaluation_spec"]["filters"]
    assert ("scope.status", "narrower") in [(each.place, each.without_it) for each in out.lost]


def test_a_ping_is_a_call_where_the_address_is_known() -> None:
    """There and back; once a day, for an event here does not tell when something turns true."""
    trigger = {"type": "STATS_CHANGE", **one("spent", "GREATER_THAN", 500)}
    spec = meta_rule(preset="TODAY", does="PING_ENDPOINT", trigger=trigger)
    address = "https://hooks.example.com/meta"
    found = carried(spec, endpoint=address)
    leaf = {"expr": "spend", "window": TODAY, "op": ">", "value": 5}
    call = {"action": "call", "url": address}

    assert said(found.document) == said(ours(leaf, then=[call], schedule={"on": "event"}, cooldown="1d"))
    assert [(each.place, each.without_it) for each in found.lost] == [("evaluation_spec.trigger", "narrower")]
    assert found.document is not None
    out = to_meta(rule_of(found.document), minor_per_unit=100, endpoint=address)
    assert out.spec is not None
    assert out.spec["evaluation_spec"]["trigger"] == {**trigger}
    assert out.spec["execution_spec"] == {"execution_type": "PING_ENDPOINT"}
    assert to_meta(rule_of(found.document), minor_per_unit=100).spec is None


@pytest.mark.parametrize("preset", words.PRESETS)
def test_every_time_preset_has_its_days_or_is_refused(preset: str) -> None:
    """The days are those of the platform's table, counted by hand from its name."""
    found = carried(meta_rule(SPENT, preset=preset)).document
    if preset == "THIS_WEEK_SUN_TODAY":
        assert found is None
        return
    assert found is not None
    window = rule_of(found).when.all[0].window
    span = window.span(datetime(2026, 9, 16, 12, tzinfo=UTC))  # a Wednesday

    assert (span.since, span.until) == _days_of(preset)


def _days_of(preset: str) -> tuple[date, date]:
    """Return the first and the last day of a preset, where today is 16 September 2026."""
    today, first = date(2026, 9, 16), date(2026, 9, 16) - timedelta(days=MOST_DAYS_BACK - 1)
    named = {
        "TODAY": (today, today),
        "YESTERDAY": (date(2026, 9, 15), date(2026, 9, 15)),
        "THIS_MONTH": (date(2026, 9, 1), today),
        "THIS_WEEK_MON_TODAY": (date(2026, 9, 14), today),
        "LIFETIME": (first, today),
        "MAXIMUM": (first, today),
        "LAST_ND_LIFETIME_8": (first - timedelta(days=8), today - timedelta(days=8)),
        "LAST_ND_LIFETIME_29": (first - timedelta(days=29), today - timedelta(days=29)),
    }
    if preset in named:
        return named[preset]
    numbers = [int(each) for each in re.findall(r"[0-9]+", preset)]
    if preset.startswith("LAST_ND_"):
        return today - timedelta(days=numbers[0]), today - timedelta(days=numbers[1])
    if preset.endswith("_DAYS"):
        return today - timedelta(days=numbers[0] - 1), today
    return today - timedelta(days=numbers[0]), today - timedelta(days=1)


@pytest.mark.parametrize("does", words.EXECUTIONS)
def test_every_action_of_the_platform_is_carried_or_named(does: str) -> None:
    """None is dropped from a rule that goes on without it."""
    found = carried(meta_rule(SPENT, level="AD", does=does))

    assert (found.document is None) == (does not in ("PAUSE", "UNPAUSE", "NOTIFICATION"))
    assert found.document is not None or "execution_spec" in [each.place for each in found.lost]


@pytest.mark.parametrize("field", [*sorted(words.METRICS), *words.ALIASES, *METADATA])
def test_every_field_of_the_platform_is_carried_or_named(field: str) -> None:
    """A filter is a comparison of the rule, or the reason why there is no rule."""
    found = carried(meta_rule(SPENT, one(field, "GREATER_THAN", 5)))
    if field in ("entity_type", "time_preset", "attribution_window"):
        return  # settings of the rule: said once, with EQUAL
    if found.document is None:
        assert "evaluation_spec.filters[3]" in [each.place for each in found.lost]
    else:
        assert len(found.document["when"]["all"]) == 2


@pytest.mark.parametrize("path", sorted(RULES.rglob("*-*.json")), ids=lambda path: path.stem)
def test_every_shipped_rule_is_written_or_the_reason_is_told(path: Path) -> None:
    """What is written reads as a rule again; what is not has at least one reason."""
    shipped = parse_rule(path.read_bytes(), path.name)
    out = to_meta(shipped, minor_per_unit=100, counting=Counting(PIXEL))

    assert out.lost
    if out.spec is not None:
        found = carried(dict(out.spec)).document
        assert found is not None
        assert [each["action"] for each in found["then"]][:1] == [shipped.then[0].action]


@pytest.mark.parametrize(
    "at", ["evaluation_spec", "execution_spec", "schedule_spec", "filter", "change_spec", "schedule"]
)
def test_a_key_that_is_not_known_is_not_passed_over(at: str) -> None:
    """What Meta adds one day may be what makes the rule harmless."""
    spec: Any = meta_rule(
        SPENT,
        does="CHANGE_BID",
        options={"change_spec": {"amount": 1, "unit": "PERCENTAGE"}},
        schedule={"schedule_type": "CUSTOM", "schedule": [{"start_minute": 60}]},
    )
    spec = json.loads(json.dumps(spec))
    assert carried(spec).document is not None
    part = {
        "filter": lambda: spec["evaluation_spec"]["filters"][2],
        "change_spec": lambda: spec["execution_spec"]["execution_options"][0]["value"],
        "schedule": lambda: spec["schedule_spec"]["schedule"][0],
    }.get(at, lambda: spec[at])()
    part["only_if"] = "x"
    found = carried(spec)

    assert found.document is None
    assert any("only_if" in each.reason for each in found.lost)


def test_a_thousand_broken_specs_are_carried_or_refused() -> None:
    """Never an exception, and never a loss without a reason; what is carried can be written again."""
    chance = random.Random(5)  # noqa: S311
    junk = [None, True, 0, -1, 1e308, float("nan"), "", "spent", "x" * 600, [], {}, [1], {"a": 1}, "( spent", 10**30]

    def broken(content: Any) -> Any:
        if chance.random() < 0.05:
            return chance.choice(junk)
        if isinstance(content, dict):
            return {name: broken(value) for name, value in content.items() if chance.random() > 0.02}
        return [broken(each) for each in content] if isinstance(content, list) else content

    rules = [spec for spec, _ in BOTH.values()]
    found = [carried(spec) for spec in map(broken, chance.choices(rules, k=1_000)) if isinstance(spec, dict)]
    for each in found:
        if each.document is None:
            assert each.lost
        else:
            json.dumps(to_meta(rule_of(each.document), minor_per_unit=100, counting=COUNTING).spec)
    assert 100 < sum(each.document is not None for each in found) < 900


# Figures of one ad set over one window, in Meta's units: minor units, percent.
_FIGURES = {"spent": 12_345, "impressions": 40_000, "clicks": 320, "link_click": 250, "daily_budget": 5_000}
_RATIOS = {
    "cpc": Fraction(12_345, 320),
    "cpm": Fraction(12_345_000, 40_000),
    "ctr": Fraction(32_000, 40_000),
    "link_ctr": Fraction(25_000, 40_000),
    "cost_per_link_click": Fraction(12_345, 250),
}
_AT_META: dict[str, Fraction] = {**{name: Fraction(value) for name, value in _FIGURES.items()}, **_RATIOS}
_HERE = {
    "spend": 123.45,
    "impressions": 40_000.0,
    "clicks": 320.0,
    "link_clicks": 250.0,
    "daily_budget": 50.0,
    "cpc": 123.45 / 320,
    "cpm": 123_450 / 40_000,
    "ctr": 320 / 40_000,
}


@pytest.mark.parametrize("seed", range(200))
def test_a_formula_says_the_same_in_both_units(seed: int) -> None:
    """Random formulas, worked out exactly in Meta's units and in float64 in ours, above and below their value."""
    chance = random.Random(seed)  # noqa: S311

    def formula(depth: int) -> tuple[str, Fraction]:
        if depth == 0 or chance.random() < 0.3:
            if chance.random() < 0.3:
                number = Decimal(chance.randint(1, 4_000)) / chance.choice((1, 10, 100))
                return str(number), Fraction(number)
            name = chance.choice(list(_AT_META))
            return name, _AT_META[name]
        (left, one_value), (right, other) = formula(depth - 1), formula(depth - 1)
        op = chance.choice("+-*/" if other else "+-*")
        return f"( {left} {op} {right} )", _WORKED[op](one_value, other)

    text, value = "", Fraction(0)
    while not any(name in text for name in _AT_META) or " " not in text or abs(value) > 10**8 or not value:
        text, value = formula(2)
    for factor in (Fraction(98, 100), Fraction(102, 100)):
        threshold = Decimal(f"{float(value * factor):.9f}")
        found = carried(meta_rule(SPENT, one(text, "GREATER_THAN", str(threshold))))
        if found.document is None:
            assert "the formula has a constant without an end." in [each.reason for each in found.lost]
            return
        leaf = rule_of(found.document).when.all[-1]
        assert (value_of(parse_expression(leaf.expr), _HERE) > float(leaf.value)) == (value > Fraction(threshold))


_WORKED: dict[str, Any] = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}

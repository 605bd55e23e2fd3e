"""Meta's own ad rules as ours, and back: part by part, and what has no counterpart."""

import json
from decimal import Decimal
from typing import Any

import pytest

from aibuyer_kit.rules.language import rule_of
from aibuyer_kit.rules.meta import Carried, Counting, from_meta, to_meta
from tests.rules.meta_rules import (
    BOTH,
    LAST_7D,
    LOOKED_AT,
    PIXEL,
    REFUSED,
    SPEND,
    SPENT,
    STATUS_FILTER,
    meta_rule,
    one,
    ours,
)

COUNTING = Counting(PIXEL)


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
        {"expr": "results", "window": LAST_7D, "op": "<", "value": 1},
        {"expr": "cpa", "window": LAST_7D, "op": ">", "value": 5},
        {"expr": "results / impressions", "window": LAST_7D, "op": "<", "value": 0.02},
    ]

    assert said(found.document) == said(ours(*leaves))


def test_a_value_of_the_clients_own_is_not_metas_roas() -> None:
    """Revenue that holds values per result of the client's own is another figure."""
    found = carried(meta_rule(one("website_purchase_roas", "LESS_THAN", 1)), counting=Counting(PIXEL, own_value=True))

    assert found.document is None


def test_labels_are_carried_by_their_names() -> None:
    """There and back: ANY, ALL and NONE, of ids at Meta and of names here."""
    for operator, op in (("ANY", "any"), ("ALL", "all"), ("NONE", "none")):
        label = {"field": "labels", "op": op, "value": ["night"]}
        document = carried(meta_rule(SPENT, one("adlabel_ids", operator, ["5"])), labels={"5": "night"}).document
        assert said(document) == said(ours(SPEND, where=[label, LOOKED_AT]))
        assert document is not None
        out = to_meta(rule_of(document), minor_per_unit=100, labels={"5": "night"})
        assert out.spec is not None
        assert one("adlabel_ids", operator, ["5"]) in out.spec["evaluation_spec"]["filters"]


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

"""The published schema: editors take what the package takes, and mark what it refuses."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from aibuyer_kit.rules.schema import rule_schema
from tests.rules.test_language import RULE

RULES = sorted((Path(__file__).parents[2] / "rules").rglob("*.json"))


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    content = rule_schema()
    jsonschema.Draft202012Validator.check_schema(content)
    return jsonschema.Draft202012Validator(content)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_editors_take_every_rule_that_is_shipped(path: Path, schema: jsonschema.Draft202012Validator) -> None:
    """And so they do the short form of a comparison."""
    assert [error.message for error in schema.iter_errors(json.loads(path.read_text(encoding="utf-8")))] == []


def test_editors_take_a_whole_comparison_in_one_text(schema: jsonschema.Draft202012Validator) -> None:
    """As the package does."""
    one = {"expr": "spend > 2 * daily_budget", "window": {"calendar": "last_week"}}
    schema.validate({**RULE, "$schema": "rule.schema.json", "when": one})


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("mode",), "sometimes"),
        (("scop",), {}),
        (("then", 0, "action"), "paus"),
        (("when", "all", 0, "value"), "50"),
        (("when", "all", 0, "op"), "=="),
        (("when", "all", 0, "window", "days"), 0),
        (("when", "all", 0, "window", "ends"), "tomorrow"),
        (("when", "all", 0, "windw"), {}),
    ],
)
def test_editors_mark_what_is_refused(
    place: tuple[Any, ...], value: object, schema: jsonschema.Draft202012Validator
) -> None:
    """A value or a name that the language does not know."""
    document: Any = deepcopy(RULE)
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    assert not schema.is_valid(document)

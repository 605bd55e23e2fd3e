"""The published JSON Schema of a rule, for editors: what they can check while a person types.

It is made from the model itself. What only a whole rule shows, such as a wrong formula, `aibuyer rules validate` says.
"""

from typing import Any

from aibuyer_kit.rules.language import Rule

SCHEMA_FILE = "rule.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def rule_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a rule file."""
    schema = Rule.model_json_schema(by_alias=True)
    # A whole comparison may stand in `expr`: "spend > 2 * daily_budget".
    schema["$defs"]["Leaf"]["required"] = ["expr"]
    return {"$schema": _DIALECT, **schema, "title": "A rule"}

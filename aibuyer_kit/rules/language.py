"""A rule as a buyer writes it: strict JSON, where whatever is not understood is an error that names its place."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from aibuyer_kit.core.changes import canonical_json, sha256
from aibuyer_kit.core.entities import Level
from aibuyer_kit.rules import actions as forms
from aibuyer_kit.rules.actions import ACTION_FORMS, Action
from aibuyer_kit.rules.conditions import (
    CONDITION_FORMS,
    Against,
    Condition,
    Expression,
    FieldLeaf,
    Leaf,
    Ranked,
    Target,
    leaves,
)
from aibuyer_kit.rules.expression import check_own_name, parse_expression
from aibuyer_kit.rules.schedule import Limits, Schedule
from aibuyer_kit.rules.scope import Scope
from aibuyer_kit.rules.strict import Duration, Name, Strict, minutes_of
from aibuyer_kit.rules.windows import WINDOW_FORMS

Mode = Literal["notify", "propose", "auto"]
# What has no say in what a rule does.
_ONLY_FOR_PEOPLE = ("schema_", "name", "notes", "tags", "owner")
_Tag = Annotated[str, Field(pattern=r"^[a-z0-9]+([-_:][a-z0-9]+)*$", max_length=40)]
Tags = Annotated[tuple[_Tag, ...], Field(max_length=20, strict=False)]


class Rule(Strict):
    """One rule. `notify` only tells of matches, `propose` puts the changes into a proposal for a person to approve.

    `auto` asks for approval by policy; as long as the client has none, a person approves, as for `propose`.
    """

    schema_: Annotated[str, Field(alias="$schema", max_length=500)] = ""
    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    name: Name
    version: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    metrics: Annotated[Mapping[str, Expression], Field(max_length=20)] = {}
    level: Literal["campaign", "adset", "ad"]
    scope: Scope
    when: Condition
    then: Annotated[tuple[Action, ...], Field(min_length=1, max_length=5, strict=False)]
    schedule: Schedule | None = None
    cooldown: Duration = "6h"
    limits: Limits = Limits()
    mode: Mode = "notify"
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    tags: Tags = ()
    owner: Annotated[str, Field(max_length=200)] = ""
    notes: Annotated[str, Field(max_length=2_000)] = ""

    @field_validator("metrics")
    @classmethod
    def _are_formulas(cls, own: Mapping[str, str]) -> Mapping[str, str]:
        for name in own:
            check_own_name(name)
            parse_expression(name, own)
        return own

    @model_validator(mode="after")
    def _actions_fit(self) -> "Rule":
        changed = [each for action in self.then if (each := _changed(action))]
        if len(set(changed)) < len(changed):
            raise ValueError("two actions of one rule change the same field")
        ranks = [each.value for each in self.leaves() if isinstance(each, Leaf) and isinstance(each.value, Ranked)]
        if self.level == "campaign" and any(each.within == "campaign" for each in ranks):
            raise ValueError("a campaign is alone within its campaign: campaigns are ranked within the account")
        for action in self.then:
            if self.level == "ad" and _changed(action) in ("daily_budget", "lifetime_budget", "bid"):
                raise ValueError("an ad has no budget of its own: use the level adset or campaign")
            if self.level == "campaign" and _changed(action) == "bid":
                raise ValueError("a campaign has no bid of its own: use the level adset")
            if self.level != "ad" and isinstance(action, forms.SwapCreative | forms.RotateCreative):
                raise ValueError("only an ad shows a creative: use the level ad")
            if self.level == "campaign" and isinstance(action, forms.Rebalance) and action.within == "campaign":
                raise ValueError("campaigns are rebalanced within the account")
        return self

    @property
    def of_level(self) -> Level:
        return Level(self.level)

    @property
    def cooldown_minutes(self) -> int:
        return minutes_of(self.cooldown)

    @cached_property
    def revision(self) -> str:
        """Its version and a short hash of what it says: names and notes do not change that."""
        content = self.model_dump(mode="json", by_alias=True, exclude=set(_ONLY_FOR_PEOPLE))
        if meant := self._as_they_stand():
            content["as it stands"] = meant
        return f"{self.version}-{sha256(canonical_json(content))[:12]}"

    def _as_they_stand(self) -> list[str]:
        """Return which sides of which comparisons mean figures as they stand, in so many words."""
        sides = [
            (f"{place}.{name}", side)
            for place, leaf in enumerate(self.leaves())
            if isinstance(leaf, Leaf)
            for name, side in (("expr", leaf), ("value", leaf.value))
        ]
        return [place for place, side in sides if isinstance(side, Leaf | Against) and side.as_it_stands]

    def leaves(self) -> Iterator[Leaf | FieldLeaf]:
        """Yield every comparison, in the order in which they are written."""
        return leaves(self.when)

    def targets(self) -> tuple[str, ...]:
        """Return the metrics of which it names the client's target, sorted."""
        named = {each.value.target for each in self.leaves() if isinstance(each.value, Target)}
        aims = (each.to for each in self.then if isinstance(each, forms.Toward))
        return tuple(sorted(named | {each.target for each in aims if isinstance(each, Target)}))


def rule_of(document: Mapping[str, Any], metrics: Mapping[str, str] | None = None) -> Rule:
    """Return the rule that a decoded document tells; `metrics` are the client's own, name to formula.

    A rule carries the formulas of the metrics that it may use. Raises pydantic's ValidationError.
    """
    own = document.get("metrics", {})
    if isinstance(own, Mapping) and (used := _used(document, metrics or {})):
        own = {**used, **own}
        document = {**document, "metrics": own}
    formulas = {name: text for name, text in own.items() if isinstance(text, str)} if isinstance(own, Mapping) else {}
    return Rule.model_validate(document, context={"metrics": formulas})


def _used(document: Mapping[str, Any], metrics: Mapping[str, str]) -> dict[str, str]:
    """Return those of the client's metrics that the text of a rule, or a formula used there, names."""
    found: dict[str, str] = {}
    waiting = [str(document)]
    while waiting:
        text = waiting.pop()
        for name in metrics.keys() - found.keys():
            if re.search(rf"\b{re.escape(name)}\b", text):
                found[name] = metrics[name]
                waiting.append(metrics[name])
    return found


def _changed(action: Action) -> str | None:
    """Return the field of an object that an action changes; None where it changes none."""
    match action:
        case forms.Pause() | forms.Start():
            return "status"
        case forms.SetAmount() | forms.MoveAmount():
            return "bid" if action.action.endswith("bid") else f"{action.budget}_budget"
        case forms.Toward():
            return "bid" if action.action == "bid_toward" else "daily_budget"
        case forms.Rebalance():
            return "daily_budget"
        case forms.SwapCreative() | forms.RotateCreative():
            return "creative"
        case forms.Rename():
            return "name"
        case forms.TagWith():
            return "labels"
    return None


# By the last part of a place, the fields that are known there.
KNOWN_AT: dict[str, type[BaseModel]] = {
    **CONDITION_FORMS,
    **WINDOW_FORMS,
    **{f"<{form.__name__}>": form for form in ACTION_FORMS.values()},
    "<formula>": Against,
    "<target>": Target,
    "<rank>": Ranked,
    "scope": Scope,
    "where": FieldLeaf,
    "schedule": Schedule,
    "limits": Limits,
}

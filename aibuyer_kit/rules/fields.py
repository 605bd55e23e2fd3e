"""What is known of an object besides its figures: numbers that formulas may use, texts and lists that are compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "money", "text", "list"]


@dataclass(frozen=True)
class FieldKind:
    """A field of an object; money is in micros in a table and in units of the currency in a rule."""

    name: str
    kind: Kind
    meaning: str


_ALL = (
    FieldKind("daily_budget", "money", "Its own daily budget; unknown where it has none."),
    FieldKind("lifetime_budget", "money", "Its own lifetime budget; unknown where it has none."),
    FieldKind("bid", "money", "Its own bid or bid cap; unknown where the platform bids."),
    FieldKind("age_days", "number", "Days since it was made, with fractions."),
    FieldKind("hours_since_edit", "number", "Hours since it was last changed, by anybody."),
    FieldKind("days_without_delivery", "number", "Whole days to yesterday since it last had an impression."),
    FieldKind("score", "number", "What a model says of it; unknown without a model."),
    FieldKind("id", "text", "Its id."),
    FieldKind("name", "text", "Its name."),
    FieldKind("campaign.id", "text", "The id of its campaign; of a campaign, its own."),
    FieldKind("campaign.name", "text", "The name of its campaign; of a campaign, its own."),
    FieldKind("adset.id", "text", "The id of its ad set; unknown above ad sets."),
    FieldKind("adset.name", "text", "The name of its ad set; unknown above ad sets."),
    FieldKind("creative.id", "text", "The id of the creative that it shows; of ads only."),
    FieldKind("status", "text", "What the advertiser set: ACTIVE or PAUSED."),
    FieldKind("effective_status", "text", "What holds, given all that is above it."),
    FieldKind("objective", "text", "The objective of its campaign."),
    FieldKind("learning_stage", "text", "LEARNING, SUCCESS or FAIL (learning limited)."),
    FieldKind("bid_strategy", "text", "How it bids, in the platform's words."),
    FieldKind("optimization_goal", "text", "What delivery is optimised for, in the platform's words."),
    FieldKind("labels", "list", "The labels (tags) that it has on the platform."),
    FieldKind("issues", "list", "Codes of the issues that the platform reports of it."),
)
FIELDS: Mapping[str, FieldKind] = {each.name: each for each in _ALL}
NUMBERS: Mapping[str, FieldKind] = {name: each for name, each in FIELDS.items() if each.kind in ("number", "money")}
TEXTS: Mapping[str, FieldKind] = {name: each for name, each in FIELDS.items() if each.kind in ("text", "list")}

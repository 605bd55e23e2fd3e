"""Which models a client has: every kind that `aibuyer learn` keeps up."""

from collections.abc import Mapping

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.features.trainable import Trainable

# The model that rules take an object's score from, by its level.
SCORES: Mapping[Level, str] = {Level.ADSET: "next-week-rate", Level.AD: "creative-results"}


def trainables(context: ClientContext) -> tuple[Trainable, ...]:  # noqa: ARG001 - which ones may come to depend on it
    """Return the kinds of models that are learnt for a client."""
    from aibuyer_kit.creatives.kept import CreativeTrainable
    from aibuyer_kit.forecasting.rate import RateTrainable
    from aibuyer_kit.forecasting.weighing import WeightsTrainable
    from aibuyer_kit.planning.response.usual import UsualTrainable
    from aibuyer_kit.workflows.forecast import measured, tree_of

    return (
        RateTrainable(),
        WeightsTrainable("results", tree_of, measured),
        WeightsTrainable("revenue", tree_of, measured),
        UsualTrainable(),
        CreativeTrainable("creative-results", "cpa"),
        CreativeTrainable("creative-clicks", "ctr"),
        CreativeTrainable("creative-value", "roas", "value"),
    )


def trainable_of(context: ClientContext, name: str) -> Trainable:
    """Return the kind of model called `name`. Raises NotFoundError with those there are."""
    known = {each.name: each for each in trainables(context)}
    if name not in known:
        raise NotFoundError(f"There is no model {name!r}. Models: {', '.join(sorted(known))}.")
    return known[name]

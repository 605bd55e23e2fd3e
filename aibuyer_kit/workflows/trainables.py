"""Which models a client has: every kind that `aibuyer learn` keeps up."""

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.features.trainable import Trainable


def trainables(context: ClientContext) -> tuple[Trainable, ...]:  # noqa: ARG001 - which ones may come to depend on it
    """Return the kinds of models that are learnt for a client, by name."""
    from aibuyer_kit.forecasting.rate import RateTrainable

    return (RateTrainable(),)


def trainable_of(context: ClientContext, name: str) -> Trainable:
    """Return the kind of model called `name`. Raises NotFoundError with those there are."""
    known = {each.name: each for each in trainables(context)}
    if name not in known:
        raise NotFoundError(f"There is no model {name!r}. Models: {', '.join(sorted(known))}.")
    return known[name]

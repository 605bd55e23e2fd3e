"""What has a budget of its own: an ad set, or a campaign that shares its budget among its ad sets."""

from dataclasses import replace

import numpy as np

from aibuyer_kit.features.panel import DailyPanel, PanelObject
from aibuyer_kit.features.windows import Floats


def by_budget(panel: DailyPanel) -> DailyPanel:
    """Return a panel of ad sets with those that share their campaign's budget added up to the campaign.

    Where results of different kinds would be added, they are not known.
    """
    keys = [_holder(each) for each in panel.objects]
    if len(set(keys)) == len(keys) and all(key == each.id for key, each in zip(keys, panel.objects, strict=True)):
        return panel
    names = list(dict.fromkeys(keys))
    places = np.array([names.index(key) for key in keys])
    objects = tuple(_held(panel, [at for at, key in enumerate(keys) if key == name]) for name in names)
    measures = {name: _sums(values, places, len(names)) for name, values in panel.measures.items()}
    mixed = [at for at, each in enumerate(objects) if each.result_type is None]
    measures["results"][:, mixed] = np.nan
    first = [keys.index(name) for name in names]
    alone = np.bincount(places) == 1
    return replace(
        panel,
        objects=objects,
        measures=measures,
        known_share=panel.known_share[:, first],
        budgets=None if panel.budgets is None else panel.budgets[:, first],
        # People whom several ad sets reach are not known to be others.
        reach={days: np.where(alone, each[:, first], np.nan) for days, each in panel.reach.items()},
        splits={
            by: replace(each, impressions=_sums(each.impressions, places, len(names)))
            for by, each in panel.splits.items()
        },
    )


def _holder(each: PanelObject) -> str:
    shares = each.daily_budget_micros is None and each.campaign_daily_budget_micros is not None
    return each.campaign_id if shares and each.campaign_id else each.id


def _held(panel: DailyPanel, places: list[int]) -> PanelObject:
    first = panel.objects[places[0]]
    if _holder(first) == first.id:
        return first
    kinds = {panel.objects[place].result_type for place in places} - {""}
    return PanelObject(
        id=first.campaign_id or first.id,
        name=first.campaign_name or first.campaign_id or first.id,
        account_id=first.account_id,
        campaign_id=first.campaign_id,
        campaign_name=first.campaign_name,
        objective=first.objective,
        daily_budget_micros=first.campaign_daily_budget_micros,
        campaign_daily_budget_micros=first.campaign_daily_budget_micros,
        result_type=kinds.pop() if len(kinds) == 1 else None if kinds else "",
    )


def _sums(values: Floats, places: "np.ndarray[tuple[int], np.dtype[np.int64]]", count: int) -> Floats:
    found = np.zeros((values.shape[0], count, *values.shape[2:]))
    for at, place in enumerate(places.tolist()):
        found[:, place] += values[:, at]
    return found

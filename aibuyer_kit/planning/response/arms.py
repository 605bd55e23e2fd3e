"""What has a budget of its own: an ad set, or a campaign that shares its budget among its ad sets."""

from dataclasses import replace

import numpy as np

from aibuyer_kit.core.entities import Level
from aibuyer_kit.features.panel import DailyPanel, PanelObject
from aibuyer_kit.features.windows import Floats

# Platform, account, level, id.
Holder = tuple[str, str, str, str]


def by_budget(panel: DailyPanel) -> DailyPanel:
    """Return a panel of ad sets with those that share their campaign's budget added up to the campaign.

    Where results of different kinds would be added, they are not known.
    """
    keys = [_holder(each) for each in panel.objects]
    names = list(dict.fromkeys(keys))
    ids = [name[-1] for name in names]
    places = np.array([names.index(key) for key in keys])
    objects = tuple(
        _held(panel, name, [at for at, key in enumerate(keys) if key == name], ids.count(name[-1]) > 1)
        for name in names
    )
    if len(names) == len(keys) and all(name[2] == Level.ADSET for name in names):
        return replace(panel, objects=objects)
    measures = {name: _sums(values, places, len(names)) for name, values in panel.measures.items()}
    mixed = [at for at, each in enumerate(objects) if each.result_type is None]
    measures["results"][:, mixed] = np.nan
    first = [keys.index(name) for name in names]
    return replace(panel, objects=objects, measures=measures, known_share=panel.known_share[:, first])


def _holder(each: PanelObject) -> Holder:
    """Return platform, account, level and id of what has the budget that an ad set spends."""
    shares = each.daily_budget_micros is None and each.campaign_daily_budget_micros is not None
    if shares and each.campaign_id:
        return each.platform, each.account_id, str(Level.CAMPAIGN), each.campaign_id
    return each.platform, each.account_id, str(Level.ADSET), each.id


def _held(panel: DailyPanel, holder: Holder, places: list[int], is_shared_id: bool) -> PanelObject:
    """Return an arm; where two have the same id, theirs tell platform, account and level as well."""
    inside = [panel.objects[place] for place in places]
    first, own_id, level = inside[0], holder[3], holder[2]
    known_as = ":".join(holder) if is_shared_id else own_id
    if level == Level.ADSET:
        return replace(first, id=known_as, own_id=own_id, level=level)
    kinds = {each.result_type for each in inside} - {""}
    return PanelObject(
        id=known_as,
        own_id=own_id,
        level=level,
        name=first.campaign_name or own_id,
        account_id=first.account_id,
        campaign_id=first.campaign_id,
        campaign_name=first.campaign_name,
        objective=first.objective,
        daily_budget_micros=first.campaign_daily_budget_micros,
        campaign_daily_budget_micros=first.campaign_daily_budget_micros,
        result_type=kinds.pop() if len(kinds) == 1 else None if kinds else "",
        platform=first.platform,
        rate=first.rate,
        delivers=any(each.delivers for each in inside),
    )


def _sums(values: Floats, places: "np.ndarray[tuple[int], np.dtype[np.int64]]", count: int) -> Floats:
    found = np.zeros((values.shape[0], count))
    np.add.at(found.T, places, values.T)
    return found

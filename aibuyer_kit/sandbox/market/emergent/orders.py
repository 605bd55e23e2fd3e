"""What people have ordered, in columns that are renewed only where something was set."""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from aibuyer_kit.sandbox.market.account import Ad, AdSet, Campaign
from aibuyer_kit.sandbox.market.arrays import Floats, Groups, Ints, as_floats, as_ints
from aibuyer_kit.sandbox.market.settings_log import LOWEST_COST, SettingsLog
from aibuyer_kit.sandbox.market.tree import Tree

ANY_COST = NO_END = float("inf")


@dataclass
class Orders:
    """What holds at a moment, of ad sets and ads in the order of their creation.

    By ad set, in currency units: `daily` is what may be spent a day, by itself or with those that share the budget of
    its campaign; `pool` is the place of that campaign, or -1; `cap` is what a result may cost; `life` is what was left
    of a lifetime budget at `paced_from`, infinite for a daily one. By ad: `adset` is its ad set's place, `shows`
    is 1 if it is shown, `creative` says what.
    """

    adset_ids: list[str] = field(default_factory=list)
    ad_ids: list[str] = field(default_factory=list)
    daily: Floats = field(default_factory=lambda: as_floats([]))
    pool: Ints = field(default_factory=lambda: as_ints([]))
    cap: Floats = field(default_factory=lambda: as_floats([]))
    life: Floats = field(default_factory=lambda: as_floats([]))
    paced_from: Ints = field(default_factory=lambda: as_ints([]))
    adset: Ints = field(default_factory=lambda: as_ints([]))
    shows: Floats = field(default_factory=lambda: as_floats([]))
    creative: list[str] = field(default_factory=list)

    def copy(self) -> "Orders":
        own: dict[str, Any] = {each.name: copy(getattr(self, each.name)) for each in fields(self)}
        return Orders(**own)

    @property
    def holders(self) -> Groups | None:
        """Return the ad sets by whose budget they spend, their own or a campaign's; None if all have their own."""
        if not (self.pool >= 0).any():
            return None
        count = len(self.adset_ids)
        return Groups(np.where(self.pool >= 0, count + self.pool, np.arange(count)), count + int(self.pool.max()) + 1)


class OrderBook:
    """Reads a log of settings as orders."""

    def __init__(self, tree: Tree, log: SettingsLog) -> None:
        self._tree = tree
        self._log = log

    def renew(self, orders: Orders, touched: Iterable[str], moment_us: int) -> list[int]:
        """Bring orders to a moment at which some objects were touched; return the places of ad sets concerned."""
        ids = sorted({each for one in touched for each in self._adsets_of(one) if self._log.at(each, moment_us)})
        known = {adset_id: place for place, adset_id in enumerate(orders.adset_ids)}
        new = [adset_id for adset_id in ids if adset_id not in known]
        known |= {adset_id: len(known) + number for number, adset_id in enumerate(new)}
        _append_adsets(orders, new)
        settings = {ad.id: (ad, self._log.at(ad.id, moment_us)) for each in ids for ad in self._tree.adset(each).ads}
        ads = {ad_id: place for place, ad_id in enumerate(orders.ad_ids)} if ids else {}
        new_ads = [ad for ad, setting in settings.values() if setting and ad.id not in ads]
        ads |= {ad.id: len(ads) + number for number, ad in enumerate(new_ads)}
        _append_ads(orders, [ad.id for ad in new_ads], [known[ad.adset_id] for ad in new_ads])
        for adset_id in ids:
            self._renew_adset(orders, known[adset_id], moment_us)
        for ad, setting in settings.values():
            if setting:
                orders.shows[ads[ad.id]] = float(setting.delivers_at(moment_us))
                orders.creative[ads[ad.id]] = setting.creative_id
        return [known[adset_id] for adset_id in ids]

    def _adsets_of(self, object_id: str) -> list[str]:
        match self._tree.find(object_id):
            case Ad(adset_id=adset_id):
                return [adset_id]
            case AdSet(id=adset_id):
                return [adset_id]
            case Campaign(adsets=adsets):
                return [adset.id for adset in adsets]
        return []

    def _renew_adset(self, orders: Orders, place: int, moment_us: int) -> None:
        adset = self._tree.adset(orders.adset_ids[place])
        own, above = self._log.at(adset.id, moment_us), self._log.at(adset.campaign_id, moment_us)
        if own is None or above is None:
            return
        holder = own if own.has_budget else above
        delivers = own.delivers_at(moment_us) and above.delivers_at(moment_us)
        delivers = delivers and not 0 < own.end_us <= moment_us
        orders.daily[place] = holder.daily_minor_at(moment_us) / adset.minor_per_unit if delivers else 0.0
        of_life = holder.lifetime_budget_minor and not holder.daily_budget_minor
        orders.life[place] = holder.left_minor / adset.minor_per_unit if of_life else NO_END
        orders.paced_from[place] = holder.paced_from_us if of_life else 0
        orders.pool[place] = -1 if own.has_budget else self._campaign_place(adset.campaign_id)
        capped = own.bid_amount_minor and own.bid_strategy != LOWEST_COST
        orders.cap[place] = own.bid_amount_minor / adset.minor_per_unit if capped else ANY_COST

    def _campaign_place(self, campaign_id: str) -> int:
        return [campaign.id for campaign in self._tree.account.campaigns].index(campaign_id)


def _append_adsets(orders: Orders, adset_ids: Sequence[str]) -> None:
    count = len(adset_ids)
    orders.adset_ids.extend(adset_ids)
    orders.daily = np.append(orders.daily, np.zeros(count))
    orders.pool = np.append(orders.pool, np.full(count, -1))
    orders.cap = np.append(orders.cap, np.full(count, ANY_COST))
    orders.life = np.append(orders.life, np.full(count, NO_END))
    orders.paced_from = np.append(orders.paced_from, np.zeros(count, np.int64))


def _append_ads(orders: Orders, ad_ids: Sequence[str], adset_places: Sequence[int]) -> None:
    orders.ad_ids.extend(ad_ids)
    orders.adset = np.append(orders.adset, as_ints(adset_places))
    orders.shows = np.append(orders.shows, np.zeros(len(ad_ids)))
    orders.creative.extend([""] * len(ad_ids))

"""The account's ads as columns, each ad and ad set at a place that it keeps."""

from collections.abc import Iterable

import numpy as np

from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet
from aibuyer_kit.sandbox.market.arrays import Bools, Floats, Ints, as_floats, as_ints


class Roster:
    """Every ad that there is, in the order in which they were met; new ones come behind."""

    def __init__(self) -> None:
        self._account: Account | None = None
        self._ads: dict[str, int] = {}
        self._adsets: dict[str, int] = {}
        self.ads: list[Ad] = []
        self.adset_ids: list[str] = []
        # By the place of an ad.
        self.adset: Ints = as_ints([])
        self.phase: Floats = as_floats([])
        self.carts_per_result: Floats = as_floats([])
        self.value_minor: Ints = as_ints([])
        self.brings_leads: Bools = np.zeros(0, np.bool_)
        self.view_share: Floats = as_floats([])
        # By the place of an ad set: its people, and how many of them its neighbour reaches too, -1 for none.
        self.audience: Ints = as_ints([])
        self.neighbour: Ints = as_ints([])
        self.shared: Floats = as_floats([])

    def places(self, ads: Iterable[Ad]) -> Ints:
        return as_ints([self._ads[ad.id] for ad in ads])

    def adset_place(self, adset_id: str) -> int:
        return self._adsets[adset_id]

    def share(self, pairs: Iterable[tuple[str, str, float]]) -> None:
        """Take in who reaches some people both, and how many of them; an ad set is the first of one pair at most."""
        for one, other, people in pairs:
            place = self._adsets[one]
            self.neighbour[place], self.shared[place] = self._adsets[other], people

    def renew(self, account: Account) -> None:
        """Take in what came since the last time."""
        if account is self._account:
            return
        adsets = account.adsets
        holders = [adset for adset in adsets if adset.id not in self._adsets]
        for adset in holders:
            self._adsets[adset.id] = len(self.adset_ids)
            self.adset_ids.append(adset.id)
        self.audience = np.concatenate([self.audience, as_ints([adset.audience for adset in holders])])
        self.neighbour = np.concatenate([self.neighbour, np.full(len(holders), -1)])
        self.shared = np.concatenate([self.shared, np.zeros(len(holders))])
        self._take_in([(adset, ad) for adset in adsets for ad in adset.ads if ad.id not in self._ads])
        self._account = account

    def _take_in(self, new: list[tuple[AdSet, Ad]]) -> None:
        for _, ad in new:
            self._ads[ad.id] = len(self.ads)
            self.ads.append(ad)
        self.adset = np.concatenate([self.adset, as_ints([self._adsets[adset.id] for adset, _ in new])])
        self.phase = np.concatenate([self.phase, as_floats([ad.phase for _, ad in new])])
        carts = as_floats([ad.carts_per_result for _, ad in new])
        self.carts_per_result = np.concatenate([self.carts_per_result, carts])
        self.value_minor = np.concatenate([self.value_minor, as_ints([ad.value_minor for _, ad in new])])
        leads = np.asarray([adset.brings_leads for adset, _ in new], dtype=np.bool_)
        self.brings_leads = np.concatenate([self.brings_leads, leads])
        self.view_share = np.concatenate([self.view_share, as_floats([adset.view_share for adset, _ in new])])

"""The account's objects as they are now, found by id; new ones come behind the others, and none ever goes."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.creatives import Creative

Kind = TypeVar("Kind", bound=Campaign | AdSet | Ad)

# An id has this many places.
_MOST = {"campaigns": 999, "adsets": 99_999, "ads": 999}


class Tree:
    """The account with everything below it."""

    def __init__(self, account: Account, creatives: Iterable[Creative]) -> None:
        self.account = account
        self.creatives = {creative.id: creative for creative in creatives}
        self._nodes: dict[str, Node] = {node.id: node for node in (account, *account.below)}

    def copy(self) -> "Tree":
        """Return one that grows by itself."""
        twin = Tree(self.account, self.creatives.values())
        twin._nodes = dict(self._nodes)
        return twin

    def find(self, object_id: str) -> Node | None:
        return self._nodes.get(object_id)

    def campaign(self, campaign_id: str) -> Campaign:
        """Raises NotFoundError."""
        campaign = self.find(campaign_id)
        if not isinstance(campaign, Campaign):
            raise NotFoundError(f"There is no campaign {campaign_id!r}.")
        return campaign

    def adset(self, adset_id: str) -> AdSet:
        """Raises NotFoundError."""
        adset = self.find(adset_id)
        if not isinstance(adset, AdSet):
            raise NotFoundError(f"There is no ad set {adset_id!r}.")
        return adset

    def ad(self, ad_id: str) -> Ad:
        """Raises NotFoundError."""
        ad = self.find(ad_id)
        if not isinstance(ad, Ad):
            raise NotFoundError(f"There is no ad {ad_id!r}.")
        return ad

    def place(self, within: Account | Campaign | AdSet) -> tuple[int, ...]:
        """Return the place for one more child. Raises InputError if there is none left."""
        children, kind = _children(within)
        if len(children) >= _MOST[kind]:
            raise InputError(f"{within.id} has {len(children)} {kind} already, which is the most.")
        number = len(children) + 1
        match within:
            case Account():
                return (number,)
            case Campaign():
                return (self.account.campaigns.index(within) + 1, number)
        campaign = self.campaign(within.campaign_id)
        return (self.account.campaigns.index(campaign) + 1, campaign.adsets.index(within) + 1, number)

    def put(self, node: Campaign | AdSet | Ad) -> None:
        """Put in a new object, or a new state of one, with all that lies above it."""
        self._nodes[node.id] = node
        match node:
            case Campaign():
                self.account = replace(self.account, campaigns=_with(self.account.campaigns, node))
                self._nodes[self.account.id] = self.account
            case AdSet():
                above = self.campaign(node.campaign_id)
                self.put(replace(above, adsets=_with(above.adsets, node)))
            case Ad():
                holder = self.adset(node.adset_id)
                self.put(replace(holder, ads=_with(holder.ads, node)))


def _children(node: Account | Campaign | AdSet) -> tuple[tuple[Node, ...], str]:
    match node:
        case Account():
            return node.campaigns, "campaigns"
        case Campaign():
            return node.adsets, "adsets"
    return node.ads, "ads"


def _with(siblings: tuple[Kind, ...], node: Kind) -> tuple[Kind, ...]:
    """Return the siblings with `node` in its old place, or behind them."""
    if any(sibling.id == node.id for sibling in siblings):
        return tuple(node if sibling.id == node.id else sibling for sibling in siblings)
    return (*siblings, node)

"""The market at one moment, with what the platform derives from it."""

from dataclasses import dataclass
from datetime import date

from aibuyer_kit.sandbox.graph.wire import time_text
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.creatives import Creative
from aibuyer_kit.sandbox.market.days import day_at, local_day
from aibuyer_kit.sandbox.market.engine import Market
from aibuyer_kit.sandbox.market.settings_log import ACTIVE, ARCHIVED, DELETED, Setting

Below = Campaign | AdSet | Ad


@dataclass(frozen=True)
class View:
    """The market at one moment."""

    market: Market
    at_us: int

    @property
    def account(self) -> Account:
        return self.market.account

    @property
    def today(self) -> date:
        return day_at(self.at_us, self.account.zone)

    def setting(self, node: Below | Creative) -> Setting:
        return self.market.setting(node.id, self.at_us)

    def name(self, node: Node | Creative) -> str:
        """Return the name given last."""
        return node.name if isinstance(node, Account) else self.setting(node).name or node.name

    def within(self, node: Below, kind: type[Node]) -> Below | None:
        """Return the object of a kind that `node` is or lies in; None for a kind below it."""
        if isinstance(node, kind):
            return node
        parent_id = getattr(node, {Campaign: "campaign_id", AdSet: "adset_id"}.get(kind, ""), "")
        parent = self.market.find(parent_id)
        return parent if isinstance(parent, Campaign | AdSet) else None

    def parents(self, node: Below) -> tuple[Below, ...]:
        """Return the ad set and the campaign that an object lies in."""
        found = (self.within(node, kind) for kind in (AdSet, Campaign))
        return tuple(parent for parent in found if parent and parent.id != node.id)

    def effective_status(self, node: Below) -> str:
        """Return what holds in effect: gone, paused, paused above, judged by the platform, or active."""
        own, parents = self.setting(node), self.parents(node)
        statuses = [own.status, *(self.setting(parent).status for parent in parents)]
        for gone in (DELETED, ARCHIVED):
            if gone in statuses:
                return gone
        if own.status != ACTIVE:
            return own.status
        for parent in parents:
            if self.setting(parent).status != ACTIVE:
                return "ADSET_PAUSED" if isinstance(parent, AdSet) else "CAMPAIGN_PAUSED"
        return "PENDING_REVIEW" if self.at_us < own.reviewed_us else own.verdict or ACTIVE

    def is_gone(self, node: Below, *statuses: str) -> bool:
        """Return whether an object is archived or deleted, by itself or with what it lies in."""
        ever_gone = self.market.log.ever_gone
        if not ever_gone or ever_gone.isdisjoint((node.id, *(parent.id for parent in self.parents(node)))):
            return False
        return self.effective_status(node) in (statuses or (ARCHIVED, DELETED))

    def created_us(self, node: Below | Creative) -> int:
        return self.market.log.first(node.id).since_us

    def created(self, node: Node | Creative) -> str:
        return self.time(self.history_start_us() if isinstance(node, Account) else self.created_us(node))

    def updated(self, node: Node | Creative) -> str:
        """Return when it was last set; an account's settings are those that it began with."""
        return self.created(node) if isinstance(node, Account) else self.time(self.setting(node).since_us)

    def time(self, moment_us: int) -> str:
        return time_text(moment_us, self.account.zone)

    def history_start_us(self) -> int:
        return local_day(self.market.first_day, self.account.zone).start_us

    def spent_minor(self, node: Account | Below) -> int:
        """Return all that was ever spent."""
        return self.market.spent_ever_minor(node, self.at_us)

    def budget_left_minor(self, node: Campaign | AdSet) -> int | None:
        """Return what is left of the day's, or of the lifetime's, budget; None without a budget."""
        setting = self.setting(node)
        if setting.lifetime_budget_minor:
            return max(0, setting.lifetime_budget_minor - self.spent_minor(node))
        if setting.daily_budget_minor:
            spent_minor = self.market.spend_minor(node.ads, (self.today,), self.at_us)
            return max(0, setting.daily_budget_minor - spent_minor)
        return None

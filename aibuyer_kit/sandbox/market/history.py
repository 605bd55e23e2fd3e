"""What was set before the first call: how a world lived through its history."""

from dataclasses import replace
from datetime import date, timedelta

from aibuyer_kit.core.money import minor_from_micros
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign
from aibuyer_kit.sandbox.market.days import day_at, local_day
from aibuyer_kit.sandbox.market.settings_log import ACTIVE, LOWEST_COST, PAUSED, Setting, SettingsLog
from aibuyer_kit.sandbox.market.world import AdSetPlan, CampaignPlan


def lived_through(account: Account, first_day: date, history_days: int) -> SettingsLog:
    """Return the settings since the beginning of `first_day`: all active, but for the pauses that plans ask for."""
    log = SettingsLog()
    start_us = local_day(first_day, account.zone).start_us
    log.begin(account.id, Setting(start_us, ACTIVE))
    for node in account.below:
        log.begin(node.id, _first_setting(account, node, start_us))
        if isinstance(node, Ad):
            log.begin(node.first_creative_id, Setting(start_us, ACTIVE))
        if isinstance(node, AdSet) and node.plan.paused_share:
            pause_us, resume_us = (
                _noon_us(account, first_day + timedelta(days=int(share * history_days)))
                for share in node.plan.paused_share
            )
            log.change(node.id, pause_us, status=PAUSED)
            log.change(node.id, resume_us, status=ACTIVE)
    return log


def _first_setting(account: Account, node: object, start_us: int) -> Setting:
    match node:
        case AdSet() | Campaign():
            return _with_budget(account, node.plan, Setting(start_us, ACTIVE))
        case Ad():
            return Setting(start_us, ACTIVE, creative_id=node.first_creative_id)
    return Setting(start_us, ACTIVE)


def _with_budget(account: Account, plan: AdSetPlan | CampaignPlan, bare: Setting) -> Setting:
    daily, lifetime = (
        minor_from_micros(micros, account.minor_per_unit)
        for micros in (plan.daily_budget_micros, plan.lifetime_budget_micros)
    )
    first_day = day_at(bare.since_us, account.zone)
    end_us = local_day(first_day + timedelta(days=plan.lifetime_days), account.zone).start_us if lifetime else 0
    return replace(
        bare,
        daily_budget_minor=daily,
        lifetime_budget_minor=lifetime,
        left_minor=lifetime,
        paced_from_us=bare.since_us if lifetime else 0,
        end_us=end_us,
        bid_strategy=LOWEST_COST if daily or lifetime or isinstance(plan, AdSetPlan) else "",
    )


def _noon_us(account: Account, day: date) -> int:
    bounds = local_day(day, account.zone)
    return (bounds.start_us + bounds.end_us) // 2
